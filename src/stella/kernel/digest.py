"""Content addresses."""

import hashlib
import re
from dataclasses import dataclass
from typing import Self

from stella.kernel.errors import Remedy, StellaError

_SHA256 = re.compile(r"sha256:[0-9a-f]{64}\Z")


class MalformedDigest(StellaError):
    """Something that should be ``sha256:`` and 64 hex digits is not."""

    code = "ST-KER-001"


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """The sha256 content address of some bytes, the only name Stella trusts.

    ``text`` is ``sha256:`` and 64 lower-case hex digits, 71 characters (OCI image-spec, "Digests").
    """

    text: str

    def __post_init__(self) -> None:
        if not _SHA256.match(self.text):
            raise MalformedDigest(
                f"not a sha256 digest: {self.text[:100]!r}",
                remedy=Remedy(
                    "Give a digest, not a tag.", command="stella image resolve <reference>"
                ),
            )

    @classmethod
    def of(cls, content: bytes) -> Self:
        """The digest of ``content``."""
        return cls(f"sha256:{hashlib.sha256(content).hexdigest()}")

    def __str__(self) -> str:
        return self.text

    @property
    def hex(self) -> str:
        """The 64 hex digits alone."""
        return self.text[7:]

    @property
    def short(self) -> str:
        """The first 12 hex digits, for people only; never for a comparison."""
        return self.text[7:19]
