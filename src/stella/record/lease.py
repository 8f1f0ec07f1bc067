"""Leases: a right that ends by itself, with a number that grows each time it changes hands."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from stella.kernel import time_text
from stella.record.tables import lease
from stella.record.transaction import Tx


def take_lease(tx: Tx, name: str, holder: str, seconds: int) -> int | None:
    """The fencing token where ``holder`` has the lease now, None where another has it.

    The token grows when the holder changes, so that who held it before can be told and refused.
    """
    until = time_text(tx.now + timedelta(seconds=seconds))
    query = select(lease).where(lease.c.name == name).with_for_update()
    row = tx.row(query)
    if row is None and _insert(tx, name, holder, until):
        return 1
    row = row or tx.row(query)
    assert row is not None, "a lease that another transaction has just made is gone"
    if row["holder"] != holder and row["until"] > time_text(tx.now):
        return None
    fence: int = row["fence"] + (row["holder"] != holder)
    tx.connection.execute(
        lease.update().where(lease.c.name == name),
        {"holder": holder, "fence": fence, "until": until},
    )
    return fence


def _insert(tx: Tx, name: str, holder: str, until: str) -> bool:
    """Whether the lease was made here; another transaction may make it at the same moment."""
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(
                lease.insert(),
                {
                    "name": name,
                    "holder": holder,
                    "fence": 1,
                    "until": until,
                },
            )
    except IntegrityError:
        return False
    return True
