"""Durable execution behind a narrow port: what was begun is ended, also after ``kill -9``."""

import logging
from collections.abc import Callable, Mapping, Sequence
from threading import Timer
from typing import Protocol, TypeAlias

from sqlalchemy import Engine

Step: TypeAlias = Callable[[str], None]
"""One step of a handler: takes the fact's id. Done at least once, so it must bear repetition."""

_NAME = "stella"
# Constant for ever: work begun under another version would never be recovered. The versions of
# definitions and steps are data of our own.
_APPLICATION_VERSION = "1"
_ATTEMPTS_MAX = 8
_FIRST_WAIT_S = 0.2
_WAIT_GROWTH = 2.0
_THREADS = 16
# Runs are started, never queued, but for those that a launch takes up again: until those are taken,
# the engine looks at its queue each second, as it would for ever. Less often than each 5 s its other
# work must not be done: PostgreSQL takes the lock of it from a server that says nothing for that long.
_TAKING_UP_S = 10.0
_QUEUE_EVERY_S = 10.0
_OTHER_WORK_EVERY_S = 4.0


class Runs(Protocol):
    """Starts durable runs."""

    def start(self, kind: str, fact: str) -> None:
        """Begin the handler of ``fact``; the same fact twice begins nothing new."""
        ...


class DurableRuns:
    """The handlers of facts as DBOS workflows, one step a use case; the run's id is the fact's.

    engine: of the workflows' own connections. executor: unique among live processes, and the same
    after this one's restart, which is how its unfinished runs find back to it.
    """

    def __init__(
        self, engine: Engine, *, executor: str, handlers: Mapping[str, Sequence[Step]]
    ) -> None:
        # Importing it takes over a second: only a server pays for that.
        from dbos import DBOS, DBOSConfig

        config: DBOSConfig = {
            "name": _NAME,
            "system_database_url": engine.url.render_as_string(hide_password=False),
            "system_database_engine": engine,
            "application_version": _APPLICATION_VERSION,
            "executor_id": executor,
            "log_level": "ERROR",
            "console_log_level": "ERROR",
            "enable_otlp": False,
            "max_executor_threads": _THREADS,
            "use_listen_notify": False,
        }
        self._dbos = DBOS
        self._handlers = handlers
        self._engine = DBOS(config=config)
        self._calm = Timer(_TAKING_UP_S, self._look_seldom)
        self._calm.daemon = True

        @DBOS.workflow(name="handle_fact")
        def handle_fact(kind: str, fact: str) -> None:
            self._handle(kind, fact)

        self._run = handle_fact

    def launch(self) -> None:
        """Make the workflow tables where they are missing, and go on with what was unfinished."""
        log = logging.getLogger("dbos")
        log.setLevel(logging.CRITICAL + 1)  # what fails here is raised, and told by who starts us
        _work_seldom()
        self._dbos.launch()
        log.setLevel(logging.ERROR)
        self._calm.start()

    def start(self, kind: str, fact: str) -> None:
        """Begin the handler of ``fact``; the same fact twice begins nothing new."""
        from dbos import SetWorkflowID

        with SetWorkflowID(fact):
            self._dbos.start_workflow(self._run, kind, fact)

    def failed(self) -> tuple[str, ...]:
        """The facts whose handlers gave up; for the doctor."""
        ended = self._dbos.list_workflows(status="ERROR", load_input=False, load_output=False)
        return tuple(run.workflow_id for run in ended)

    def close(self) -> None:
        """Stop; what runs now is taken up at the next launch."""
        self._calm.cancel()
        self._dbos.destroy(destroy_registry=True)

    def _look_seldom(self) -> None:
        """No setting says it; the names are the locked version's, and a test holds them."""
        queue = self._engine._registry.get_internal_queue()  # noqa: SLF001
        queue._polling_interval_sec = _QUEUE_EVERY_S  # noqa: SLF001

    def _handle(self, kind: str, fact: str) -> None:
        for step in self._handlers.get(kind, ()):
            self._dbos.run_step(
                {
                    "name": step.__name__,
                    "retries_allowed": True,
                    "max_attempts": _ATTEMPTS_MAX,
                    "interval_seconds": _FIRST_WAIT_S,
                    "backoff_rate": _WAIT_GROWTH,
                },
                step,
                fact,
            )


def _work_seldom() -> None:
    """No run of ours is delayed or has a deadline, which is what the engine looks for."""
    from dbos import _workflow_commands

    _workflow_commands._BACKGROUND_JOBS_INTERVAL_SEC = _OTHER_WORK_EVERY_S  # noqa: SLF001
