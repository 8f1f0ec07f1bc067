"""The documents that stand now, each with whose it is by the issuers of now."""

from collections.abc import Iterable
from functools import lru_cache

from stella.blob import Blobs
from stella.kernel import Digest
from stella.record.transaction import Tx
from stella.trust import PublicKey
from stella.vex.consensus import Heard
from stella.vex.hearing import hear
from stella.vex.issuer import WEIGHT_MAX, Basis, Issuer
from stella.vex.store import list_issuers, standing_vex
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
    by_name = {one.name: one for one in issuers}
    asked = tuple(
        (one.digest, by_name.get(one.issuer) if one.basis is Basis.VOUCHED else None)
        for one in standing_vex(tx)
    )
    return _voices(blobs, asked, issuers)


@lru_cache(maxsize=4)
def _voices(
    blobs: Blobs, asked: tuple[tuple[str, Issuer | None], ...], issuers: tuple[Issuer, ...]
) -> Voices:
    """Between two changes, every decision hears the same."""
    return Voices(_heard(blobs, digest, vouched, issuers) for digest, vouched in asked)


@lru_cache(maxsize=1024)
def _heard(blobs: Blobs, digest: str, vouched: Issuer | None, issuers: tuple[Issuer, ...]) -> Heard:
    return hear(blobs.get(Digest(digest)), issuers, vouched)
