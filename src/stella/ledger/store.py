"""In the database: the last checkpoint, which the directory is held against, and the public statements."""

from typing import Protocol

from sqlalchemy import Column, String, Table, Text, select
from sqlalchemy.exc import IntegrityError

from stella.kernel import Digest
from stella.record import Database, Tx, metadata

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("note", Text, nullable=False),
)


ledger_statement = Table(
    "ledger_statement",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("bundle", String(71), primary_key=True),
    Column("public", String(71), nullable=False),
)


def keep_public(tx: Tx, bundle: Digest, public: Digest) -> None:
    """Remember the public form of a statement. bundle: as it was signed."""
    tx.put(ledger_statement, {"bundle": bundle.text}, {"public": public.text})


def public_of(tx: Tx, bundle: Digest) -> Digest | None:
    """The public form of a statement; None where it has none."""
    query = select(ledger_statement.c.public).where(
        ledger_statement.c.tenant == tx.tenant, ledger_statement.c.bundle == bundle.text
    )
    row = tx.row(query)
    return None if row is None else Digest(row["public"])


class Heads(Protocol):
    """Where the last checkpoint of one log is remembered."""

    def last(self) -> str | None:
        """The signed note; None where nothing was ever logged."""
        ...

    def others(self) -> tuple[str, ...]:
        """The names of other logs that are remembered: an installation has one."""
        ...

    def replace(self, old: str | None, new: str) -> bool:
        """Put ``new`` in the place of ``old``, durably; False where it was not ``old`` any more."""
        ...


class StoredHeads:
    """In the database of the records, beside the facts."""

    def __init__(self, database: Database, name: str) -> None:
        self._database = database
        self._name = name

    def last(self) -> str | None:
        """See ``Heads``."""
        with self._database.read() as tx:
            row = tx.row(select(ledger_head.c.note).where(ledger_head.c.name == self._name))
        return None if row is None else str(row["note"])

    def others(self) -> tuple[str, ...]:
        """See ``Heads``."""
        with self._database.read() as tx:
            rows = tx.rows(select(ledger_head.c.name).where(ledger_head.c.name != self._name))
        return tuple(sorted(row["name"] for row in rows))

    def replace(self, old: str | None, new: str) -> bool:
        """See ``Heads``."""
        with self._database.transaction(actor="system") as tx:
            query = select(ledger_head.c.note).where(ledger_head.c.name == self._name)
            row = tx.row(query.with_for_update())
            if (None if row is None else row["note"]) != old:
                return False
            if row is None:
                return self._insert(tx, new)
            mine = ledger_head.update().where(ledger_head.c.name == self._name)
            tx.connection.execute(mine, {"note": new})
        return True

    def _insert(self, tx: Tx, new: str) -> bool:
        """Whether the row was made here; another server may make it at the same moment."""
        try:
            with tx.connection.begin_nested():
                tx.connection.execute(ledger_head.insert(), {"name": self._name, "note": new})
        except IntegrityError:
            return False
        return True
