"""The documents that stand now, each with whose it is by the issuers of now."""

from collections.abc import Iterable
from functools import lru_cache

from stella.blob import Blobs
from stella.kernel import Digest
from stella.record.transaction import Tx
from stella.trust import PublicKey
from stella.vex.consensus import Heard
from stella.vex.feed_file import DOCUMENTS_MAX
from stella.vex.hearing import hear
from stella.vex.issuer import WEIGHT_MAX, Basis, Issuer
from stella.vex.store import VexRow, list_issuers, standing_vex
from stella.vex.weigh import Voices

OWN = "stella"
"""The name of this installation among the issuers: what its people say here is signed with its key."""


def issuers_now(tx: Tx, own_keys: Iterable[PublicKey]) -> tuple[Issuer, ...]:
    """Everybody whose word may count, this installation first."""
    own = Issuer(OWN, WEIGHT_MAX, tuple(own_keys))
    return (own, *(one.issuer for one in list_issuers(tx)))


def standing_voices(tx: Tx, blobs: Blobs, own_keys: Iterable[PublicKey]) -> Voices:
    """Every document that was not withdrawn. Raises what a blob that is not there raises."""
    issuers = issuers_now(tx, own_keys)
    rows = standing_vex(tx)
    # Two feeds may hold the same document: it speaks once.
    asked = tuple(dict.fromkeys((one.digest, _vouched(one, issuers)) for one in rows))
    return _voices(blobs, asked, issuers)


def issuer_of_feed(issuers: Iterable[Issuer], feed: str) -> Issuer | None:
    """Whose the documents of the feed are where no signature says so."""
    return next((one for one in issuers if feed in one.feeds), None)


def _vouched(row: VexRow, issuers: tuple[Issuer, ...]) -> Issuer | None:
    """Of a feed whoever names it now; of what was handed in, whom was vouched for then."""
    if row.source:
        return issuer_of_feed(issuers, row.source)
    if row.basis is not Basis.VOUCHED:
        return None
    return next((one for one in issuers if one.name == row.issuer), None)


@lru_cache(maxsize=4)
def _voices(
    blobs: Blobs, asked: tuple[tuple[str, Issuer | None], ...], issuers: tuple[Issuer, ...]
) -> Voices:
    """Between two changes, every decision hears the same."""
    return Voices(_heard(blobs, digest, vouched, issuers) for digest, vouched in asked)


@lru_cache(maxsize=DOCUMENTS_MAX)
def _heard(blobs: Blobs, digest: str, vouched: Issuer | None, issuers: tuple[Issuer, ...]) -> Heard:
    return hear(blobs.get(Digest(digest)), issuers, vouched)
