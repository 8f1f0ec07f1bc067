"""Words that one transaction holds: what has no row yet cannot be locked by its row."""

from collections.abc import Iterable

from sqlalchemy import func, select

from stella.kernel import Digest
from stella.record.transaction import Tx

_KEY_BYTES = 8


def hold_words(tx: Tx, words: Iterable[str]) -> None:
    """No other transaction of this tenant holds any of these until this one ends; it waits for them.

    On SQLite a transaction owns the whole file already.
    """
    if tx.connection.dialect.name != "postgresql":
        return
    for word in sorted({*words}):  # in one order, so that nobody waits in a circle
        key = bytes.fromhex(Digest.of(f"{tx.tenant} {word}".encode()).hex)[:_KEY_BYTES]
        tx.connection.execute(select(func.pg_advisory_xact_lock(int.from_bytes(key, signed=True))))
