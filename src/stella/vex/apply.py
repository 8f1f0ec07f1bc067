"""Take VEX documents in, withdraw them, say whose word counts."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

import msgspec

from stella.blob import Blobs
from stella.kernel import Digest, Json, Remedy, digest_of, time_text
from stella.kernel.change import Change, changed
from stella.kernel.names import BAD_NAME, NAME, nearest
from stella.record.owners import forget_owner
from stella.record.transaction import Tx
from stella.trust import PublicKey, UnusableKey
from stella.vex.attached import Attached
from stella.vex.errors import MalformedVexIssuer, UnknownVexDocument
from stella.vex.facts import (
    VexApplied,
    VexIssuerApplied,
    VexIssuerDeleted,
    VexUnread,
    VexWithdrawn,
)
from stella.vex.hearing import digest_said, hear, hear_new
from stella.vex.issuer import WEIGHTS, Basis, Issuer, weight_of
from stella.vex.standing import OWN, issuers_now
from stella.vex.store import (
    BESIDE,
    DocumentState,
    VexRow,
    delete_issuer_row,
    find_issuer,
    find_vex,
    insert_heard,
    issuer_spec,
    knows_vex,
    list_issuers,
    put_issuer,
    standing_vex,
    update_vex,
    withdrawn_like,
)

_KEYS_MAX = 20
_FEEDS_MAX = 50
_REASON_MAX = 1_000
_GAPS_MAX = 20


def apply_vex_document(
    tx: Tx,
    blobs: Blobs,
    content: bytes,
    *,
    own_keys: Iterable[PublicKey],
    issuer: str = "",
    source: str = "",
) -> VexRow:
    """Take ``content`` in: a VEX document, or a signed one. The same bytes again change nothing.

    own_keys: of this installation. issuer: whose it is where no signature says so; whoever hands it in
    vouches for that. source: where it was found. Raises MalformedVex, UnknownVexIssuer.
    """
    vouched = find_issuer(tx, issuer).issuer if issuer else None
    heard = hear_new(content, issuers_now(tx, own_keys), vouched)
    digest = blobs.put(content)
    assert digest == heard.document.digest, (digest, heard.document.digest)
    for known in standing_vex(tx, digest.text, source=source):
        if (known.issuer, known.basis) == (heard.issuer.name, heard.basis):
            return known
    value = insert_heard(tx, heard, source)
    tx.add(
        VexApplied(
            value.id,
            value.digest,
            value.format,
            value.said_id,
            value.version,
            value.issuer,
            value.basis.value,
            value.statements,
        )
    )
    return value


def take_attached_vex(
    tx: Tx,
    blobs: Blobs,
    found: Attached,
    *,
    own_keys: Iterable[PublicKey],
    scan: str,
    reference: str,
    image: str,
) -> None:
    """Take in what lay beside ``image`` when it was scanned. What was withdrawn stays so.

    It counts where a known issuer signed it. What nobody known signed is kept as long as it lies there.
    scan: whose fact tells of what could not be read.
    """
    keys, place = tuple(own_keys), f"{BESIDE}{image}"
    issuers = issuers_now(tx, keys)
    for content in found.documents:
        is_known = knows_vex(tx, Digest.of(content).text, place)
        if not is_known and not _is_withdrawn(tx, blobs, content, issuers):
            is_signed = hear(content, issuers).basis is Basis.SIGNATURE
            source = "" if is_signed else place
            apply_vex_document(tx, blobs, content, own_keys=keys, source=source)
    if not found.gaps:
        _let_go(tx, place, {Digest.of(content).text for content in found.documents})
    if found.gaps and not tx.has_caused("VexUnread", scan):
        gaps = tuple(f"{one.place}: {one.reason}" for one in found.gaps[:_GAPS_MAX])
        tx.add(VexUnread(scan, reference, gaps))


def _let_go(tx: Tx, place: str, digests: Collection[str]) -> None:
    """Of what was found there before, only ``digests`` still is."""
    for row in standing_vex(tx, source=place):
        if row.digest not in digests:
            reason = "it lies beside the image no more"
            at = time_text(tx.now)
            update_vex(tx, replace(row, state=DocumentState.GONE, ended_at=at, reason=reason))
            tx.add(VexWithdrawn(row.id, row.digest, reason))


def _is_withdrawn(tx: Tx, blobs: Blobs, content: bytes, issuers: tuple[Issuer, ...]) -> bool:
    """Whether the issuer's word was withdrawn, be it that other bytes stood around it.

    The issuer must be the same: or else whoever repeats a word could take it from whose it is.
    """
    heard, said = hear(content, issuers), digest_said(content)
    for digest in withdrawn_like(tx, heard.document):
        known = blobs.get(Digest(digest))
        if digest_said(known) == said and hear(known, issuers).issuer == heard.issuer:
            return True
    return False


def withdraw_vex(tx: Tx, vex_id: str, reason: str) -> VexRow:
    """It counts no more; what was decided with it stays proven. Raises UnknownVexDocument."""
    known = find_vex(tx, vex_id)
    if known.state is not DocumentState.STANDING:
        raise UnknownVexDocument(
            f"{vex_id} counts no more since {known.ended_at}",
            remedy=Remedy("There is nothing to do.", command="stella vex list"),
            id=vex_id,
        )
    ended = replace(
        known,
        state=DocumentState.WITHDRAWN,
        ended_at=time_text(tx.now),
        reason=reason[:_REASON_MAX],
    )
    update_vex(tx, ended)
    tx.add(VexWithdrawn(ended.id, ended.digest, ended.reason))
    return ended


def apply_vex_issuer(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change an issuer. Raises MalformedVexIssuer with every reason."""
    value = parse_issuer(name, spec)
    known = {one.issuer.name: one.issuer for one in list_issuers(tx)}
    before = known.pop(name, None)
    taken = {feed: other.name for other in known.values() for feed in other.feeds}
    claimed = [f"the feed {one} is {taken[one]}'s" for one in value.feeds if one in taken]
    if claimed:
        raise _malformed(name, claimed)
    change = changed("VexIssuer", name, issuer_spec(before) if before else None, issuer_spec(value))
    if change.change != "unchanged":
        put_issuer(tx, value)
        digest = digest_of(issuer_spec(value)).text
        tx.add(VexIssuerApplied(name, change.change, value.weight, digest))
    return change


def delete_vex_issuer(tx: Tx, name: str) -> None:
    """Their documents stay, an unknown issuer's from now on. Raises UnknownVexIssuer."""
    find_issuer(tx, name)
    delete_issuer_row(tx, name)
    forget_owner(tx, "VexIssuer", name)
    tx.add(VexIssuerDeleted(name))


class _Spec(msgspec.Struct, forbid_unknown_fields=True):
    weight: str | int = "known"
    keys: list[str] = []
    feeds: list[str] = []


_KEYS = frozenset(one.encode_name for one in msgspec.structs.fields(_Spec))


def parse_issuer(name: str, spec: Mapping[str, Json]) -> Issuer:
    """The issuer that a document of the kind VexIssuer describes. Raises MalformedVexIssuer."""
    unknown = sorted(set(spec) - _KEYS)
    if unknown:
        raise _malformed(name, [f"unknown key spec.{one}{nearest(one, _KEYS)}" for one in unknown])
    try:
        read = msgspec.convert(spec, type=_Spec)
    except msgspec.ValidationError as error:
        raise _malformed(name, [str(error)[:200]]) from None
    weight = weight_of(read.weight)
    keys = tuple(PublicKey(pem.encode()) for pem in read.keys)
    reasons = [*_faults(name, keys), *_feed_faults(read.feeds)]
    if weight is None:
        reasons.append(f"weight is {', '.join(WEIGHTS)} or a number from 0 to 100")
    if reasons or weight is None:
        raise _malformed(name, reasons)
    feeds = tuple(sorted(set(read.feeds)))
    return Issuer(name, weight, tuple(sorted(keys, key=lambda key: key.pem)), feeds)


def _faults(name: str, keys: tuple[PublicKey, ...]) -> Iterator[str]:
    if not NAME.match(name):
        yield BAD_NAME
    if name == OWN:
        yield f"{OWN} is this installation itself; choose another name"
    if len(keys) > _KEYS_MAX:
        yield f"keys names more than {_KEYS_MAX}"
        return
    for place, key in enumerate(keys):
        try:
            _ = key.loaded
        except UnusableKey as error:
            yield f"keys[{place}]: {error}"


def _feed_faults(feeds: list[str]) -> Iterator[str]:
    if len(feeds) > _FEEDS_MAX:
        yield f"feeds names more than {_FEEDS_MAX}"
        return
    for place, feed in enumerate(feeds):
        if not NAME.match(feed):
            yield f"feeds[{place}]: {BAD_NAME}"


def _malformed(name: str, reasons: list[str]) -> MalformedVexIssuer:
    return MalformedVexIssuer(
        f"VexIssuer {name[:80]!r} cannot be applied: {'; '.join(reasons)}",
        remedy=Remedy("Correct the document; nothing of it was applied."),
        name=name[:80],
        reasons=reasons,
    )
