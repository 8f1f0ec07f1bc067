"""What the policy is told of an image's tests, as it is known now."""

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

import msgspec

from stella.blob import Blobs
from stella.kernel import Digest
from stella.promotion.known.tested import said_fields
from stella.promotion.model import Person, TestedInput, TestsInput
from stella.record.transaction import Tx
from stella.tested import HeardTested, hear_tested
from stella.tested.store import standing_results
from stella.trust import PublicKey
from stella.vex import Issuer
from stella.vex.standing import issuers_now

_RESULTS_MAX = 100


def tested_inputs(
    tx: Tx,
    images: Collection[str],
    blobs: Blobs,
    own_keys: Iterable[PublicKey],
    person_of: Callable[[Tx, str], Person],
    *,
    keep: bool,
) -> TestsInput:
    """The results about those digests that count now, each with whose word it is by the keys of now.

    What an issuer signed once is told once, as of when it came first: a copy is no newer word.
    keep: none of them is withdrawn until this transaction ends.

    Raises what a document that is not there raises.
    """
    issuers = issuers_now(tx, own_keys)
    found, more = standing_results(tx, images, _RESULTS_MAX, keep=keep)
    results, told = [], set[tuple[str, ...]]()
    for one in reversed(found):
        heard = heard_of(blobs, one.document, issuers)
        whose = (one.image, one.said, heard.issuer)
        if heard.issuer and whose in told:
            continue
        told.add(whose)
        results.append(
            TestedInput(
                id=one.id,
                image=one.image,
                document=one.document,
                at=one.at,
                by=msgspec.structs.replace(person_of(tx, one.by), roles=()),
                source=one.source.value,
                signer=heard.issuer,
                key=heard.key,
                is_signed=heard.is_signed,
                **said_fields(heard.said),
            )
        )
    return TestsInput(tuple(reversed(results)), more)


@lru_cache(maxsize=1_000)
def heard_of(blobs: Blobs, document: str, issuers: tuple[Issuer, ...]) -> HeardTested:
    """The result in the document of that digest; read and verified once, and then remembered.

    Raises what a document that is not there raises.
    """
    return hear_tested(blobs.get(Digest(document)), issuers)
