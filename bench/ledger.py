"""The ledger: entries made durable, proofs out of a large log; statements verified beside bare signatures."""

import random
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bench.row import Row, median_s
from stella.kernel import Digest, Json, id_maker
from stella.ledger import Directory, Log, LogKeys, StoredHeads
from stella.record import Database
from stella.trust import (
    CYCLONEDX,
    Algorithm,
    new_signer,
    pae,
    sign_statement,
    unverified_payload,
    verify_bundle,
)
from stella.trust.dsse import PAYLOAD_TYPE

_BATCH, _BATCHES = 256, 24
_LARGE = 1_000_000
_PROOFS = 2000
_STATEMENTS = 1000


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as directory:
        log = _log(Path(directory))
        _appending(log)
        _proving(log)
    for algorithm in (Algorithm.ECDSA_P256, Algorithm.ED25519):
        _verifying(algorithm)


def _log(directory: Path) -> Log:
    database = Database.open(
        f"sqlite:///{directory}/bench.db",
        now=lambda: datetime.now(UTC),
        new_id=id_maker(lambda: datetime.now(UTC), random.randbytes),
    )
    import stella.ledger.store  # noqa: F401 - its tables

    database.create_tables()
    keys = LogKeys("bench.example", new_signer(), new_signer(Algorithm.ED25519))
    return Log(Directory(directory / "log"), StoredHeads(database, keys.name), keys)


def _appending(log: Log) -> None:
    entry = b"x" * 1000
    begun = time.perf_counter()
    for batch in range(_BATCHES):
        log.append([b"%d %d %s" % (batch, one, entry) for one in range(_BATCH)])
    each_ms = (time.perf_counter() - begun) / (_BATCH * _BATCHES) * 1000
    Row(
        "an entry of the ledger, durable",
        "ms",
        each_ms,
        0.5,
        note=f"{1000 / each_ms:.0f} a second in batches of {_BATCH}, of 1 kB, signed twice each",
    ).print()


def _proving(log: Log) -> None:
    head = log.head()
    assert head is not None
    while head.size < _LARGE:
        count = min(65_536, _LARGE - head.size)
        log.append([b"%d" % (head.size + one) for one in range(count)])
        head = log.head()
        assert head is not None
    places = [random.randrange(_LARGE) for _ in range(_PROOFS)]
    begun = time.perf_counter()
    for place in places:
        log.tree.inclusion(place, _LARGE)
    each_ms = (time.perf_counter() - begun) / _PROOFS * 1000
    Row(
        "an inclusion proof of 1,000,000 entries",
        "ms",
        each_ms,
        1,
        note=f"mean of {_PROOFS} at random places, tiles read from the disk",
    ).print()


def _verifying(algorithm: Algorithm) -> None:
    signer = new_signer(algorithm)
    predicate: Json = {"components": [{"name": f"c{one}", "version": "1"} for one in range(10)]}
    bundle = sign_statement(
        signer,
        subject_name="image",
        subject=Digest.of(b"image"),
        predicate_type=CYCLONEDX,
        predicate=predicate,
    )
    content = pae(PAYLOAD_TYPE, unverified_payload(bundle))
    signature, key = signer.sign(content), signer.public

    def ours() -> None:
        for _ in range(_STATEMENTS):
            verify_bundle(bundle, [key], predicate_type=CYCLONEDX)

    def bare() -> None:
        for _ in range(_STATEMENTS):
            key.verify(signature, content)

    each, alone = (median_s(one, runs=5) / _STATEMENTS * 1000 for one in (ours, bare))
    Row(
        f"verify a statement, {algorithm.value}",
        "ms",
        each,
        min(0.4, 2 * alone),
        alone,
        "the signature alone",
        note=f"{1000 / each:.0f} a second on one core; goal: 5,000 on two, and twice the signature",
    ).print()


if __name__ == "__main__":
    main()
