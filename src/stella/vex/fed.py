"""What a feed holds now becomes what the server knows of it: what came counts, what went counts no more."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from stella.advisory.feeds import Document as FeedDocument
from stella.blob import Blobs
from stella.kernel import Digest, Json, StellaError, canonical_json, time_text
from stella.record.transaction import Tx
from stella.trust import PublicKey
from stella.vex.consensus import Heard
from stella.vex.facts import VexFeedTaken
from stella.vex.feed_store import FollowedFeed, find_followed, forget_followed, put_followed
from stella.vex.hearing import hear_new
from stella.vex.standing import issuer_of_feed, issuers_now
from stella.vex.store import (
    DocumentState,
    VexRow,
    insert_heard,
    standing_vex,
    update_vex,
    withdrawn_digests,
)

_LEFT = "the feed holds it no more"


@dataclass(frozen=True, slots=True)
class Held:
    """What a feed holds. digests: of all its documents, sorted. new: those that were not known of it yet.

    unread: how many documents could not be read.
    """

    digests: tuple[str, ...]
    new: tuple[Heard, ...]
    unread: int = 0


def hear_feed(
    tx: Tx,
    blobs: Blobs,
    feed: str,
    documents: Iterable[FeedDocument],
    own_keys: Iterable[PublicKey],
) -> Held:
    """Keep the bytes of every document and read those that are new. Nothing counts by that yet."""
    issuers = issuers_now(tx, own_keys)
    vouched = issuer_of_feed(issuers, feed)
    known = {one.digest for one in standing_vex(tx, source=feed)}
    digests: set[str] = set()
    new: list[Heard] = []
    unread = 0
    for one in documents:
        digest = Digest.of(one.content).text
        if digest in digests:
            continue
        if digest not in known:
            try:
                heard = hear_new(one.content, issuers, vouched)
            except StellaError:
                unread += 1
                continue
            blobs.put(one.content)
            new.append(heard)
        digests.add(digest)
    return Held(tuple(sorted(digests)), tuple(new), unread)


def take_fed_vex(tx: Tx, blobs: Blobs, feed: str, held: Held, checked_at: str) -> bool:
    """Let what the feed holds count, and what it holds no more not; whether anything changed.

    What was withdrawn here stays so, whoever brings it again. checked_at: when the feed was asked.
    """
    withdrawn = withdrawn_digests(tx)
    standing = {one.digest: one for one in standing_vex(tx, source=feed)}
    came = [
        one
        for one in held.new
        if (digest := one.document.digest.text) not in standing and digest not in withdrawn
    ]
    went = [standing[digest] for digest in sorted(standing.keys() - set(held.digests))]
    for one in came:
        insert_heard(tx, one, feed)
    at = time_text(tx.now)
    for row in went:
        update_vex(tx, replace(row, state=DocumentState.GONE, ended_at=at, reason=_LEFT))
    is_changed = bool(came or went)
    before = find_followed(tx, feed)
    count = len(standing) + len(came) - len(went)
    put_followed(
        tx,
        replace(
            before,
            documents=count,
            unread=held.unread,
            checked_at=checked_at,
            changed_at=at if is_changed else before.changed_at,
            trouble="" if checked_at > (before.trouble_at or "") else before.trouble,
        ),
    )
    if is_changed:
        changes = _changes(came, went)
        tx.add(VexFeedTaken(feed, count, len(came), len(went), blobs.put(changes).text))
    return is_changed


def follow_no_more(tx: Tx, blobs: Blobs, feed: str) -> None:
    """Nobody follows the feed any more: nothing of it counts."""
    take_fed_vex(tx, blobs, feed, Held((), ()), time_text(tx.now))
    forget_followed(tx, feed)


def ask_for_feed(tx: Tx, feed: str) -> FollowedFeed:
    """Let the feed be looked at soon, whether its time has come or not."""
    asked = replace(find_followed(tx, feed), asked_at=time_text(tx.now))
    put_followed(tx, asked)
    return asked


def note_trouble(tx: Tx, feed: str, trouble: str) -> None:
    """It could not be brought up to date; what is known of it stays."""
    told = replace(find_followed(tx, feed), trouble=trouble, trouble_at=time_text(tx.now))
    put_followed(tx, told)


def _changes(came: Sequence[Heard], went: Sequence[VexRow]) -> bytes:
    """The document that lists which they were: one fact tells of all of them."""
    changes: Json = {
        "came": sorted(one.document.digest.text for one in came),
        "went": sorted(one.digest for one in went),
    }
    return canonical_json(changes)
