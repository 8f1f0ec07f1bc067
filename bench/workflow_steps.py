"""Steps of workflows through a whole server's engine, beside what bare DBOS does on the same database."""

import tempfile
import time
from datetime import timedelta
from pathlib import Path

from bench.row import Row
from stella.app.serve import running
from stella.app.settings import Settings
from stella.app.wiring import system_now
from stella.kernel import Json, time_text
from stella.record import Database
from stella.workflow.run.apply import apply_workflow
from stella.workflow.run.lifecycle import RUN
from stella.workflow.run.request import request_run
from stella.workflow.run.store import find_run

_RUNS, _STEPS = 20, 20
_GOAL = 0.7


def main() -> None:
    """Print the rows."""
    with tempfile.TemporaryDirectory() as directory:
        ours = _ours(Path(directory))
        bare = _bare(Path(directory))
    each = _RUNS * _STEPS
    Row(
        "a step of a workflow, twenty runs at once",
        "ms",
        ours / each * 1000,
        bare / each * 1000 / _GOAL,
        bare / each * 1000,
        "bare DBOS",
        note=f"{each / ours:.0f} steps a second beside {each / bare:.0f}; each with its chained facts",
    ).print()


def _ours(directory: Path) -> float:
    """Seconds until every run has ended."""
    settings = Settings(data_directory=str(directory / "data"), listen_port=0, agents_port=0)
    past = time_text(system_now() - timedelta(hours=1))
    steps: dict[str, Json] = {
        f"s{number}": {
            "uses": "wait",
            "with": {"until": past},
            "needs": [f"s{number - 1}"] if number else [],
        }
        for number in range(_STEPS)
    }
    with running(settings) as services:
        kinds = services.kinds()
        with services.database.transaction(actor="system") as tx:
            apply_workflow(tx, "bench", {"steps": steps}, kinds)
        begun = time.perf_counter()
        with services.database.transaction(actor="system") as tx:
            runs = [request_run(tx, kinds, "bench", {}).id for _ in range(_RUNS)]
        while not _are_over(services.database, runs):
            time.sleep(0.05)
        return time.perf_counter() - begun


def _are_over(database: Database, runs: list[str]) -> bool:
    with database.read() as tx:
        return all(RUN.is_final(find_run(tx, one).state) for one in runs)


def _bare(directory: Path) -> float:
    """Seconds for as many steps of as many durable workflows, each of which does nothing."""
    from dbos import DBOS, DBOSConfig

    from stella.record import open_workflow_engine

    engine = open_workflow_engine(f"sqlite:///{directory}/bare.db")
    config: DBOSConfig = {
        "name": "bare",
        "system_database_url": engine.url.render_as_string(hide_password=False),
        "system_database_engine": engine,
        "log_level": "ERROR",
        "console_log_level": "ERROR",
        "enable_otlp": False,
        "use_listen_notify": False,
    }
    DBOS(config=config)

    @DBOS.step()
    def nothing() -> None: ...

    @DBOS.workflow()
    def twenty() -> None:
        for _ in range(_STEPS):
            nothing()

    DBOS.launch()
    begun = time.perf_counter()
    handles = [DBOS.start_workflow(twenty) for _ in range(_RUNS)]
    for one in handles:
        one.get_result()
    taken = time.perf_counter() - begun
    DBOS.destroy(destroy_registry=True)
    engine.dispose()
    return taken


if __name__ == "__main__":
    main()
