import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from fixtures.databases import OpenDatabase
from stella.kernel import Fact
from stella.record import Database, open_workflow_engine, pending_facts
from stella.workflow import DurableRuns, Step, dispatch

pytestmark = pytest.mark.long


@dataclass(frozen=True, slots=True)
class Asked(Fact):
    n: int


@contextmanager
def runs_on(url: str, steps: dict[str, list[Step]]) -> Iterator[DurableRuns]:
    runs = DurableRuns(open_workflow_engine(url), executor="test", handlers=steps)
    runs.launch()
    try:
        yield runs
    finally:
        runs.close()


def ask(database: Database, n: int) -> str:
    with database.transaction(actor="usr_1") as tx:
        tx.add(Asked(f"s{n}", n))
        return tx.added[0].id


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_each_waiting_fact_is_handled_once(open_database: OpenDatabase, database_url: str) -> None:
    database = open_database(frozenset({"Asked"}))
    seen: list[str] = []
    facts = [ask(database, n) for n in range(5)]
    with runs_on(database_url, {"Asked": [seen.append]}) as runs:
        assert dispatch(database, runs) == 5
        assert dispatch(database, runs) == 0
        for fact in facts:
            runs.start("Asked", fact)
        wait_until(lambda: len(seen) >= 5)
    assert sorted(seen) == facts
    with database.read() as tx:
        assert pending_facts(tx) == ()


def test_a_failing_step_is_tried_again_and_those_done_are_not(
    open_database: OpenDatabase, database_url: str
) -> None:
    database = open_database(frozenset({"Asked"}))
    first: list[str] = []
    second: list[str] = []

    def fails_once(fact: str) -> None:
        second.append(fact)
        if len(second) == 1:
            raise OSError("not yet")

    ask(database, 1)
    with runs_on(database_url, {"Asked": [first.append, fails_once]}) as runs:
        dispatch(database, runs)
        wait_until(lambda: len(second) == 2)
    assert len(first) == 1


SERVER = """
    import os, sys, time
    from stella.record import open_workflow_engine
    from stella.workflow import DurableRuns

    url, log, slow = sys.argv[1:]

    def note(fact):
        with open(log, "a") as file:
            file.write(f"{fact}\\n")
        if slow == "slow":
            time.sleep(60)

    runs = DurableRuns(open_workflow_engine(url), executor="one", handlers={"Asked": [note]})
    runs.launch()
    if slow == "slow":
        runs.start("Asked", "fct_1")
    time.sleep(60)
"""


def test_a_run_in_flight_goes_on_after_kill_9(database_url: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()

    def serve(how: str) -> "subprocess.Popen[bytes]":
        script = textwrap.dedent(SERVER)
        return subprocess.Popen([sys.executable, "-c", script, database_url, str(log), how])

    for how, lines in (("slow", 1), ("quick", 2)):
        server = serve(how)
        try:
            wait_until(lambda: len(log.read_text().splitlines()) == lines)  # noqa: B023
        finally:
            os.kill(server.pid, signal.SIGKILL)
            server.wait()
    assert log.read_text() == "fct_1\nfct_1\n"


def test_the_engine_looks_seldom_once_what_was_unfinished_is_taken_up(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dbos import _workflow_commands
    from dbos._dbos import _get_dbos_instance

    from stella.workflow import durable

    work = _workflow_commands.background_jobs_thread
    assert "_BACKGROUND_JOBS_INTERVAL_SEC" in work.__code__.co_names
    monkeypatch.setattr(durable, "_TAKING_UP_S", 0.0)
    with runs_on(database_url, {}):
        queue = _get_dbos_instance()._registry.get_internal_queue()
        wait_until(lambda: queue._polling_interval_sec == durable._QUEUE_EVERY_S)
        assert _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC == durable._OTHER_WORK_EVERY_S
