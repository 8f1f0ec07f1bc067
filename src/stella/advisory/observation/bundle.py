"""Mirror bundles: the observations of one store, whole or since an earlier time, for another.

A plain tar: ``manifest.json`` (what counts after it), ``manifest.sigstore.json`` (the DSSE signature over
it), ``raw/DIGEST`` for each document that the other side lacks. Applying verifies, in this order: the
signature, the manifest, the base, every byte of every document; only then, in one transaction, the store
changes. The snapshot made there is the one that is made here, bit for bit.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO

import msgspec

from stella.advisory.errors import StaleBundle, WrongBase
from stella.advisory.observation.model import (
    Bringing,
    FeedChange,
    Observation,
    is_document_name,
    is_feed_name,
)
from stella.advisory.observation.store import Observations, file_digest
from stella.advisory.observation.ustar import (
    Member,
    malformed,
    members,
    write_end,
    write_member,
)
from stella.kernel import Digest, Json, Remedy, canonical_json, digest_of, parse_time
from stella.kernel.clock import MalformedTime
from stella.trust import PublicKey, Signer, sign_statement, verify_bundle

PREDICATE = "https://stella-ops.org/predicate/advisory-bundle/v1"
FORMAT = "stella-advisory-bundle/1"
_MANIFEST, _SIGNATURE = "manifest.json", "manifest.sigstore.json"
_MANIFEST_BYTES_MAX = 512 << 20
_SIGNATURE_BYTES_MAX = 1 << 20
_CHUNK_BYTES = 1 << 20


class BundledDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A document that counts after the bundle is applied."""

    document: str
    version: str
    digest: str
    size: int
    items: int
    fetched_at: str


class BundledFeed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """A feed, wholly: what is not in ``documents`` counts no more."""

    name: str
    cursor: str
    checked_at: str
    documents: tuple[BundledDocument, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """What a bundle holds. base: the state that it follows on, "" where it needs none."""

    format: str
    base: str
    state: str
    feeds: tuple[BundledFeed, ...]


_decoder = msgspec.json.Decoder(Manifest)


def create_bundle(
    store: Observations,
    to: Path,
    signer: Signer,
    *,
    since: int | None = None,
    feeds: Sequence[str] = (),
) -> Manifest:
    """Write the bundle of what counts now. feeds: all of them where none is named.

    since: a generation of this store, that the other side stands at: a delta. Equal observations make
    equal bytes but for the signature. Raises UnknownGeneration, OSError.
    """
    names = sorted(set(feeds) or {one.name for one in store.feeds()})
    now = [one for one in store.at(store.generation) if one.feed in names]
    before = [one for one in store.at(since) if one.feed in names] if since else []
    manifest = Manifest(
        format=FORMAT,
        base=state_of(before) if since else "",
        state=state_of(now),
        feeds=tuple(_feed(store, name, now) for name in names),
    )
    plain: Json = msgspec.to_builtins(manifest)
    content = canonical_json(plain)
    signature = sign_statement(
        signer,
        subject_name=_MANIFEST,
        subject=Digest.of(content),
        predicate_type=PREDICATE,
        predicate={"format": FORMAT},
    )
    held = {one.digest for one in before}
    sizes = {one.digest: one.size for one in now if one.digest not in held}
    part = to.with_name(f".{to.name}.part")
    try:
        with part.open("wb") as stream:
            write_member(stream, _MANIFEST, len(content), iter([content]))
            write_member(stream, _SIGNATURE, len(signature), iter([signature]))
            for digest in sorted(sizes):
                write_member(stream, f"raw/{digest}", sizes[digest], _pieces(store.raw(digest)))
            write_end(stream)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)
    return manifest


def apply_bundle(
    store: Observations, source: Path, keys: Iterable[PublicKey], *, may_go_back: bool = False
) -> Manifest:
    """Take over what the bundle says, wholly or not at all.

    may_go_back: also where a feed in it is older than the one here.
    Raises MalformedBundle, BadSignature, MalformedEnvelope, WrongStatement, WrongBase, StaleBundle,
    UnusableStore, OSError.
    """
    with (
        store.writing(),
        source.open("rb") as stream,
        tempfile.TemporaryDirectory(dir=store.incoming, prefix="bundle-") as folder,
    ):
        manifest, rest = _verified(stream, keys)
        _check_base(store, manifest)
        if not may_go_back:
            _check_age(store, manifest)
        brought = _unpacked(rest, manifest, store, Path(folder))
        for digest, path in sorted(brought.items()):
            store.place(path, digest)
        store.keep([_change(store, one) for one in manifest.feeds])
    return manifest


def read_manifest(source: Path) -> Manifest:
    """What a bundle claims, for showing only: no signature is looked at. Raises MalformedBundle, OSError."""
    with source.open("rb") as stream:
        return _parsed(_content(_next(members(stream), _MANIFEST), _MANIFEST_BYTES_MAX))


def state_of(observed: Iterable[Observation]) -> str:
    """One digest for all that counts, the same in every store that holds it."""
    rows: list[Json] = [[one.feed, one.document, one.digest] for one in sorted(observed)]
    return digest_of(rows).text


def _verified(stream: IO[bytes], keys: Iterable[PublicKey]) -> tuple[Manifest, Iterator[Member]]:
    """The manifest, signed; and the members behind it, unread."""
    rest = members(stream)
    content = _content(_next(rest, _MANIFEST), _MANIFEST_BYTES_MAX)
    signature = _content(_next(rest, _SIGNATURE), _SIGNATURE_BYTES_MAX)
    verify_bundle(signature, keys, subject=Digest.of(content), predicate_type=PREDICATE, exact=True)
    return _parsed(content), rest


def _next(rest: Iterator[Member], name: str) -> Member:
    member = next(rest, None)
    if member is None or member.name != name:
        raise malformed(f"{name} is not where it has to be")
    return member


def _content(member: Member, bytes_max: int) -> bytes:
    if member.size > bytes_max:
        raise malformed(f"{member.name} has more than {bytes_max} bytes")
    return b"".join(member.pieces)


def _parsed(content: bytes) -> Manifest:
    try:
        manifest = _decoder.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(f"its manifest is none: {str(error)[:150]}") from None
    names = [one.name for one in manifest.feeds]
    if manifest.format != FORMAT or len(set(names)) != len(names):
        raise malformed("its manifest is of another format")
    for feed in manifest.feeds:
        documents = [one.document for one in feed.documents]
        is_named = is_feed_name(feed.name) and all(map(is_document_name, documents))
        is_whole = all(_is_hex(one.digest) and one.size >= 0 for one in feed.documents)
        if not is_named or not is_whole or len(set(documents)) != len(documents):
            raise malformed(f"its manifest names what cannot be: {feed.name[:60]!r}")
        try:
            parse_time(feed.checked_at)
        except MalformedTime:
            raise malformed(f"{feed.name} has no time") from None
    return manifest


def _is_hex(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")


def _check_base(store: Observations, manifest: Manifest) -> None:
    names = {one.name for one in manifest.feeds}
    here = state_of(one for name in sorted(names) for one in store.current(name))
    if manifest.base and manifest.base != here:
        raise WrongBase(
            "the bundle follows on another state than this store is in; nothing was changed",
            remedy=Remedy("Apply the bundles in between first, or a full one."),
            base=manifest.base,
            here=here,
        )


def _check_age(store: Observations, manifest: Manifest) -> None:
    for feed in manifest.feeds:
        here = store.feed(feed.name).checked_at
        if here and parse_time(feed.checked_at) < parse_time(here):
            raise StaleBundle(
                f"{feed.name} in the bundle is of {feed.checked_at}, here it is of {here}; nothing"
                " was changed",
                remedy=Remedy("Take a newer bundle; --may-go-back where that is meant."),
                feed=feed.name,
            )


def _unpacked(
    rest: Iterator[Member], manifest: Manifest, store: Observations, folder: Path
) -> dict[str, Path]:
    """Digest -> where its bytes lie, each verified; nothing that is not asked for, nothing missing."""
    sizes = {one.digest: one.size for feed in manifest.feeds for one in feed.documents}
    free = shutil.disk_usage(folder).free
    brought: dict[str, Path] = {}
    for member in rest:
        digest = member.name.removeprefix("raw/")
        if member.name != f"raw/{digest}" or sizes.get(digest) != member.size or digest in brought:
            raise malformed(f"a member that its manifest does not name: {member.name[:80]!r}")
        free -= member.size
        if free < 0:
            raise malformed("it holds more than there is room for")
        path, hashed = folder / digest, hashlib.sha256()
        with path.open("wb") as file:
            for piece in member.pieces:
                hashed.update(piece)
                file.write(piece)
        if hashed.hexdigest() != digest:
            raise malformed(f"the bytes of {digest[:12]} are others than its name promises")
        brought[digest] = path
    for digest in sorted(set(sizes) - set(brought)):
        if not store.has(digest) or file_digest(store.raw(digest)) != digest:
            raise malformed(f"the document {digest[:12]} is in it no more, nor is it here")
    return brought


def _feed(store: Observations, name: str, observed: Sequence[Observation]) -> BundledFeed:
    state = store.feed(name)
    return BundledFeed(
        name,
        state.cursor,
        state.checked_at,
        tuple(
            BundledDocument(
                one.document, one.version, one.digest, one.size, one.items, one.fetched_at
            )
            for one in observed
            if one.feed == name
        ),
    )


def _change(store: Observations, feed: BundledFeed) -> FeedChange:
    wanted = {one.document for one in feed.documents}
    return FeedChange(
        feed=feed.name,
        brought=tuple(
            Bringing(one.document, one.version, one.digest, one.size, one.items, one.fetched_at)
            for one in feed.documents
        ),
        removed=tuple(
            one.document for one in store.current(feed.name) if one.document not in wanted
        ),
        cursor=feed.cursor,
        checked_at=feed.checked_at,
    )


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        while piece := stream.read(_CHUNK_BYTES):
            yield piece
