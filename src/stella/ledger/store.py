"""The last checkpoint in the database: the directory is held against it, and one writer alone changes it."""

from typing import Protocol

from sqlalchemy import Column, String, Table, Text, select

from stella.record import Database, metadata

ledger_head = Table(
    "ledger_head",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("note", Text, nullable=False),
)


class Heads(Protocol):
    """Where the last checkpoint of one log is remembered."""

    def last(self) -> str | None:
        """The signed note; None where nothing was ever logged."""
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

    def replace(self, old: str | None, new: str) -> bool:
        """See ``Heads``."""
        with self._database.transaction(actor="system") as tx:
            query = select(ledger_head.c.note).where(ledger_head.c.name == self._name)
            row = tx.row(query.with_for_update())
            if (None if row is None else row["note"]) != old:
                return False
            if row is None:
                tx.connection.execute(ledger_head.insert(), {"name": self._name, "note": new})
            else:
                tx.connection.execute(
                    ledger_head.update().where(ledger_head.c.name == self._name), {"note": new}
                )
        return True
