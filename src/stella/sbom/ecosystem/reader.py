"""What a reader of package lists is: which paths it wants, and what it makes of their content."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

from stella.sbom.facts import FileFacts
from stella.sbom.limits import Limits

Parse: TypeAlias = Callable[[str, bytes, Limits], FileFacts]
ParseOpen: TypeAlias = Callable[[str, BinaryIO, Limits], FileFacts]


@dataclass(frozen=True, slots=True)
class EcosystemReader:
    """One kind of list. Paths are relative to the image's root, without first slash.

    A file is looked at where its last segment is one of ``names``, ends with one of ``suffixes``
    (each from the last dot on), or lies below one of ``directories`` (which end with a slash);
    ``wants`` then has the last word. ``parse`` is given the content, ``parse_open`` an open file
    where the content may be too much to hold; each answers Unread for what it cannot read.
    """

    parse: Parse | None = None
    names: frozenset[str] = frozenset()
    suffixes: frozenset[str] = frozenset()
    directories: tuple[str, ...] = ()
    wants: Callable[[str], bool] | None = None
    containers: frozenset[str] = frozenset()
    """Last segments of directories that hold such files: what replaces one hides them."""
    parse_open: ParseOpen | None = None
