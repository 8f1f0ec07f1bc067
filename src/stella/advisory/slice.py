"""The part of a snapshot that one image's packages can see: what an evidence packet carries."""

from collections.abc import Collection, Iterable, Mapping

import msgspec

from stella.advisory.errors import MalformedSlice
from stella.advisory.model import FeedAge, Package, Record, Snapshot
from stella.kernel import Digest, Json, MalformedDigest, Remedy, canonical_json


class _Document(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    snapshot: str
    ecosystems: tuple[str, ...]
    packages: dict[str, dict[str, tuple[Record, ...]]]
    schema: int = 1
    feeds: tuple[FeedAge, ...] = ()


_decoder = msgspec.json.Decoder(_Document)


def slice_bytes(snapshot: Snapshot, packages: Iterable[Package]) -> bytes:
    """Every record of ``packages``, with the ecosystems held, so that what has none stays unknown."""
    names: dict[str, set[str]] = {}
    for package in packages:
        names.setdefault(package.ecosystem, set()).add(package.name)
    held = {
        ecosystem: dict(snapshot.candidates(ecosystem, wanted))
        for ecosystem, wanted in names.items()
        if ecosystem in snapshot.ecosystems
    }
    document: Json = msgspec.to_builtins(
        _Document(
            snapshot=snapshot.digest.text,
            ecosystems=tuple(sorted(snapshot.ecosystems)),
            packages=held,
            feeds=snapshot.feeds(),
        )
    )
    assert isinstance(document, dict)
    if not document["feeds"]:
        del document["feeds"]  # slices of earlier versions keep their bytes
    return canonical_json(document)


def parse_slice(content: bytes) -> "SnapshotSlice":
    """The slice; matching the same inventory against it gives the same bytes. Raises MalformedSlice."""
    try:
        document = _decoder.decode(content)
        return SnapshotSlice(
            Digest(document.snapshot),
            frozenset(document.ecosystems),
            document.packages,
            document.feeds,
        )
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, MalformedDigest) as error:
        raise MalformedSlice(
            f"not a slice of an advisory snapshot: {str(error)[:200]}",
            remedy=Remedy("Get the evidence again; this part of it was not written by Stella."),
        ) from None


class SnapshotSlice:
    """A slice in memory. Asked for a package it was not cut for, it knows nothing of it."""

    def __init__(
        self,
        digest: Digest,
        ecosystems: frozenset[str],
        packages: Mapping[str, Mapping[str, tuple[Record, ...]]],
        feeds: tuple[FeedAge, ...] = (),
    ) -> None:
        self.digest, self.ecosystems, self._packages = digest, ecosystems, packages
        self._feeds = feeds

    def feeds(self) -> tuple[FeedAge, ...]:
        """How new each feed of the snapshot was."""
        return self._feeds

    def candidates(
        self, ecosystem: str, names: Collection[str]
    ) -> Mapping[str, tuple[Record, ...]]:
        """Package name -> its records in order of id; names without one are left out."""
        held = self._packages.get(ecosystem, {})
        return {name: held[name] for name in sorted(set(names)) if name in held}

    def slice(self, packages: Iterable[Package]) -> bytes:
        """A smaller slice, or the same one."""
        return slice_bytes(self, packages)
