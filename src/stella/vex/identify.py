"""What a product's identifiers name: purls, digests of images, or only words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from stella.vex.model import Target

_SHA256 = re.compile(r"(?:sha-?256:)?([0-9a-fA-F]{64})\Z")
_AT_DIGEST = re.compile(r"[^\s@]+@(sha256:[0-9a-f]{64})\Z")


@dataclass(frozen=True, slots=True)
class Purl:
    """A package URL in parts; "" for what it does not name.

    qualifiers: sorted pairs; a subpath narrows like one, and stands among them as ``#``.
    """

    type: str
    namespace: str
    name: str
    version: str
    qualifiers: tuple[tuple[str, str], ...]


def target_of(identifiers: Iterable[str], hashes: Mapping[str, str] | None = None) -> Target | None:
    """The thing that these identifiers name together; None where there is none at all.

    hashes: algorithm -> value; only sha-256 can name an image here.
    """
    purls: set[str] = set()
    digests: set[str] = set()
    others: set[str] = set()
    for text in identifiers:
        if not text:
            continue
        if text.startswith("pkg:"):
            (purls if read_purl(text) is not None else others).add(text)
        elif digest := _digest(text):
            digests.add(digest)
        elif found := _AT_DIGEST.match(text):
            digests.add(found[1])
        else:
            others.add(text)
    for algorithm, value in (hashes or {}).items():
        digest = _digest(value)
        if algorithm.lower().replace("_", "-") in {"sha-256", "sha256"} and digest:
            digests.add(digest)
        else:
            others.add(f"{algorithm}:{value}")
    if not (purls or digests or others):
        return None
    return Target(tuple(sorted(purls)), tuple(sorted(digests)), tuple(sorted(others)))


@lru_cache(maxsize=65_536)
def read_purl(text: str) -> Purl | None:
    """The parts of a purl; None where it is none."""
    from packageurl import PackageURL  # late: whoever reads no VEX owes it no time

    try:
        read = PackageURL.from_string(text)
    except ValueError:
        return None
    qualifiers = read.qualifiers if isinstance(read.qualifiers, dict) else {}
    return Purl(
        read.type,
        read.namespace or "",
        read.name,
        read.version or "",
        tuple(sorted([*qualifiers.items(), *([("#", read.subpath)] if read.subpath else [])])),
    )


def _digest(text: str) -> str:
    found = _SHA256.match(text)
    return f"sha256:{found[1].lower()}" if found else ""
