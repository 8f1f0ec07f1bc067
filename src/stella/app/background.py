"""What a server does without being asked: sealing, dispatching, sweeping. One thread each."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Thread

from stella.api.services import Services
from stella.app.flows import ONLY_HEARD
from stella.kernel import StellaError
from stella.record import Bell, has_unsealed, seal
from stella.workflow import Runs, dispatch

_log = logging.getLogger("stella.background")

# Other processes' facts are met by this limit; our own ring the bell.
_WAIT_S = 1.0
_AFTER_TROUBLE_S = 5.0


@dataclass(frozen=True, slots=True)
class Sweep:
    """Something to look after every ``every_s`` seconds."""

    name: str
    every_s: float
    action: Callable[[], object]


@dataclass(frozen=True, slots=True)
class Watch:
    """Something to do whenever ``bell`` rings, and every second: another server may have rung."""

    name: str
    bell: Bell
    action: Callable[[], object]


class Background:
    """The server's threads. They end when ``services.stop`` was called."""

    def __init__(
        self,
        services: Services,
        runs: Runs,
        *,
        holder: str,
        sweeps: Sequence[Sweep] = (),
        watches: Sequence[Watch] = (),
    ) -> None:
        self._services = services
        self._runs = runs
        self._holder = holder
        bell = services.database.bell
        watches = (
            Watch("sealer", bell, self._seal),
            Watch("dispatcher", bell, self._dispatch),
            *watches,
        )
        self._threads = [
            *(Thread(target=self._on_bell, args=(one,), name=one.name) for one in watches),
            *(Thread(target=self._every, args=(one,), name=one.name) for one in sweeps),
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        """Wait until every thread has ended."""
        for thread in self._threads:
            thread.join()

    def _seal(self) -> None:
        database = self._services.database
        with database.read() as tx:
            is_waiting = has_unsealed(tx)
        if is_waiting and seal(database, self._holder):
            self._services.sealed.ring()

    def _dispatch(self) -> None:
        dispatch(self._services.database, self._runs, ONLY_HEARD)

    def _on_bell(self, watch: Watch) -> None:
        while not self._services.stopping.is_set():
            seen = watch.bell.rung
            if self._try(watch.name, watch.action):
                watch.bell.wait(seen, _WAIT_S)
            else:
                self._services.stopping.wait(_AFTER_TROUBLE_S)

    def _every(self, sweep: Sweep) -> None:
        while not self._services.stopping.wait(sweep.every_s):
            self._try(sweep.name, sweep.action)

    def _try(self, name: str, action: Callable[[], object]) -> bool:
        """One of the outermost edges: trouble is logged, and the thread goes on."""
        try:
            action()
        except StellaError as refusal:
            _log.warning("%s: %s (%s)", name, refusal, refusal.code)
            return False
        except Exception:  # noqa: BLE001 - the outermost edge of a thread
            _log.exception("%s failed", name)
            return False
        return True
