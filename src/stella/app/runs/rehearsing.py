"""Rehearsals of workflows, each in a database of its own that is gone afterwards."""

import itertools
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from stella.kernel import Json, id_maker
from stella.record import Database, metadata
from stella.workflow.definition.kinds import Kinds
from stella.workflow.rehearse import HANDLED, Rehearsal, Script, VirtualClock, rehearse

SECONDS_MAX = 20.0
_TABLES = ("workflow", "fact")


def rehearsed(spec: Mapping[str, Json], kinds: Kinds, script: Script) -> Rehearsal:
    """As ``rehearse``; it is ended after ``SECONDS_MAX``."""
    clock, numbers = VirtualClock(), itertools.count(1)
    ends_at = time.monotonic() + SECONDS_MAX
    with tempfile.TemporaryDirectory(prefix="stella-rehearsal-") as directory:
        database = Database.open(
            f"sqlite:///{Path(directory)}/rehearsal.db",
            now=clock,
            new_id=id_maker(clock, lambda size: next(numbers).to_bytes(size)),
            handled=HANDLED,
        )
        try:
            with database.engine.begin() as connection:
                metadata.create_all(
                    connection,
                    tables=[
                        one for name, one in metadata.tables.items() if name.startswith(_TABLES)
                    ],
                )
            return rehearse(
                database,
                clock,
                spec,
                kinds,
                script,
                is_over=lambda: time.monotonic() > ends_at,
            )
        finally:
            database.close()
