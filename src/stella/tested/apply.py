"""Take test results in, and withdraw them."""

from collections.abc import Iterable
from dataclasses import replace

from stella.blob import Blobs
from stella.kernel import Digest, Remedy, time_text
from stella.record.transaction import Tx
from stella.tested.attached import AttachedTests
from stella.tested.errors import UnknownTestResult
from stella.tested.facts import TestResultsUnread, TestResultTaken, TestResultWithdrawn
from stella.tested.hearing import check_new, digest_said, hear_tested
from stella.tested.store import (
    Source,
    Taken,
    TakenState,
    count_beside,
    find_taken,
    insert_taken,
    taken_alike,
    update_taken,
)
from stella.trust import PublicKey
from stella.vex import Issuer
from stella.vex.standing import issuers_now

_STRANGERS_MAX = 20
_GAPS_MAX = 20
_REASON_MAX = 1_000


def take_test_result(
    tx: Tx,
    blobs: Blobs,
    content: bytes,
    *,
    own_keys: Iterable[PublicKey],
    source: Source = Source.UPLOAD,
) -> Taken:
    """Take ``content`` in: a signed statement, or a bare one that whoever hands it in stands for.

    The same bytes by the same one again change nothing, and what was withdrawn stays so, be that other
    bytes stand around it. Raises MalformedTestResult, MalformedEnvelope.
    """
    check_new(content)
    issuers = issuers_now(tx, own_keys)
    heard = hear_tested(content, issuers)
    said, inner = heard.said, digest_said(content).text
    digest = blobs.put(content).text
    for known in taken_alike(tx, said.image.text, inner):
        # What somebody signed is their word once, whoever repeats it: else an old one would be the newest.
        is_theirs = _is_whose(blobs, known, heard.issuer, issuers)
        if known.state is TakenState.WITHDRAWN:
            if known.document == digest or is_theirs:
                return known
        elif is_theirs or (known.document, known.by, known.source) == (digest, tx.actor, source):
            return known
    value = Taken(
        id=tx.new_id("tst"),
        image=said.image.text,
        document=digest,
        said=inner,
        state=TakenState.STANDING,
        result=said.result.value,
        suites=said.suites,
        source=source,
        by=tx.actor,
        at=time_text(tx.now),
    )
    insert_taken(tx, value)
    tx.add(
        TestResultTaken(
            value.id, value.image, value.document, value.result, value.suites, source.value
        )
    )
    return value


def _is_whose(blobs: Blobs, known: Taken, issuer: str, issuers: tuple[Issuer, ...]) -> bool:
    """Or else whoever repeats a word and lets it be withdrawn could take it from whose it is."""
    return bool(issuer) and hear_tested(blobs.get(Digest(known.document)), issuers).issuer == issuer


def take_attached_tests(
    tx: Tx,
    blobs: Blobs,
    found: AttachedTests,
    *,
    own_keys: Iterable[PublicKey],
    scan: str,
    reference: str,
) -> None:
    """Take in what lay beside an image when it was scanned. What was withdrawn stays so.

    Of what nobody known signed some is kept, so that a decision can say that it is there. scan: whose
    fact tells of what could not be read.
    """
    keys = tuple(own_keys)
    issuers = issuers_now(tx, keys)
    for content in found.documents:
        heard = hear_tested(content, issuers)
        if not heard.issuer and count_beside(tx, heard.said.image.text) >= _STRANGERS_MAX:
            continue
        take_test_result(tx, blobs, content, own_keys=keys, source=Source.ATTACHED)
    if found.gaps and not tx.has_caused("TestResultsUnread", scan):
        tx.add(TestResultsUnread(scan, reference, found.gaps[:_GAPS_MAX]))


def withdraw_test_result(
    tx: Tx, blobs: Blobs, taken: str, reason: str, *, own_keys: Iterable[PublicKey]
) -> Taken:
    """It counts no more, nor do copies of it; what was decided with it stays proven.

    A copy is what the same issuer signed, whoever handed it in. Raises UnknownTestResult.
    """
    known = find_taken(tx, taken, lock=True)
    if known.state is not TakenState.STANDING:
        raise UnknownTestResult(
            f"{taken} counts no more since {known.ended_at}",
            remedy=Remedy("There is nothing to do.", command="stella test-result list"),
            id=taken,
        )
    issuers = issuers_now(tx, own_keys)
    issuer = hear_tested(blobs.get(Digest(known.document)), issuers).issuer
    copies = [
        one
        for one in taken_alike(tx, known.image, known.said)
        if one.id != known.id
        and one.state is TakenState.STANDING
        and _is_whose(blobs, one, issuer, issuers)
    ]
    for one in (known, *copies):
        ended = replace(
            one,
            state=TakenState.WITHDRAWN,
            ended_at=time_text(tx.now),
            reason=reason[:_REASON_MAX],
        )
        update_taken(tx, ended)
        tx.add(TestResultWithdrawn(ended.id, ended.image, ended.document, ended.reason))
    return find_taken(tx, taken)
