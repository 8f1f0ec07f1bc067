"""The processes of one plugin: begun when they are needed, ended when they do not answer as agreed.

A process serves one call at a time, so that one that hangs, breaks or lies costs that call alone;
calls at once get processes at once, up to a bound.
"""

import logging
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from typing import Any

from stella.kernel import StellaError
from stella.plugin.calls import (
    IDLE,
    USED,
    Call,
    Confined,
    Ready,
    Refused,
    Result,
    Start,
    Streaming,
    methods_of,
)
from stella.plugin.contract.core import Kind, Manifest
from stella.plugin.contract.secret_store import Secret
from stella.plugin.crossing import errored, refusal_of
from stella.plugin.wire import MalformedWire, from_wire
from stella.sdk.apart.exchange import Doors, Exchange
from stella.sdk.apart.host_line import Budget, Lost, PluginLine, Told

_log = logging.getLogger("stella.plugin")

CONFINEMENT = ("users", "network", "processes", "files", "syscalls")
"""What a plugin's process has of its own, or a filter before, where the kernel gives all."""

AT_ONCE_MAX = 4
_IDLE_MAX = 2
_ANSWERS = 4
_IDLE_S = 300
# Its watch ends a process that was idle for so long; one that soon will be is not asked any more.
_SOON_IDLE = 0.8
# A leak that is too slow to be seen in one call ends here.
_CALLS_MAX = 1000
_START_S = 30.0
# So many in a row may end badly before the next one has to wait.
_ENDS_FREE = 3
_REST_S_MAX = 60.0


@dataclass(frozen=True, slots=True)
class PluginSource:
    """Where a plugin is. entry: ``module:attribute``; directory: where that is looked for first.

    required: what of CONFINEMENT a machine must give, or the plugin does not run there.
    """

    manifest: Manifest
    entry: str
    directory: Path | None = None
    required: tuple[str, ...] = ()


class PluginProcess:
    """The processes of one version of one plugin, begun when they are needed. Safe for threads."""

    def __init__(self, source: PluginSource, *, idle_s: int = _IDLE_S) -> None:
        self._source = source
        self._idle_s = idle_s
        self._idle: list[_Running] = []
        self._used_count = 0
        self._free = Condition()
        self._bad_ends = 0
        self._rests_until = 0.0
        self._confined: Confined | None = None
        self._is_closed = False
        kinds = {one.kind for one in source.manifest.contributes}
        # What such a one says in its own words may be a secret that nobody else knows.
        self._reads_secrets = Kind.SECRET_STORE in kinds

    @property
    def manifest(self) -> Manifest:
        """Of the plugin."""
        return self._source.manifest

    @property
    def confined_by(self) -> tuple[str, ...] | None:
        """What the kernel holds it to; None before the first call."""
        return None if self._confined is None else self._confined.by

    def close(self) -> None:
        """End what waits, for good; what is in use ends when it has answered."""
        with self._free:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for running in idle:
            running.line.end()

    def call(self, call: Call, doors: Doors, raw: Mapping[str, bytes]) -> Any:
        """What the method returned. Raises its refusal, or PluginErrored."""
        method = methods_of(call.kind)[call.method]
        with self._taken(call) as running:
            exchange = Exchange(running.line, self.manifest, doors, self._budget(call))
            said = exchange.ask(call, raw)
            if isinstance(said, StellaError):
                running.is_clean = True
                raise said
            if not isinstance(said, Result) or said.value.keys() != {"value"}:
                raise Lost(f"it answered with {type(said).__name__}")
            try:
                value: Any = from_wire(method.returns, said.value["value"])
            except MalformedWire as error:
                told = str(error).removeprefix("cannot be read: ")
                raise Told(running.line.masked(f"what it returned {told}")) from None
            if isinstance(value, Secret):
                running.line.keep_secret(value.value, value.lease or "")
            running.is_clean = True
            return value

    @contextmanager
    def stream(self, call: Call, doors: Doors) -> Iterator[Iterator[bytes]]:
        """The pieces of a stream, each asked for when it is wanted."""
        with self._taken(call) as running:
            exchange = Exchange(running.line, self.manifest, doors, self._budget(call))
            said = exchange.ask(call, {})
            if isinstance(said, StellaError):
                running.is_clean = True
                raise said
            if not isinstance(said, Streaming):
                raise Lost(f"it answered with {type(said).__name__}")
            pieces = self._pieces(call, exchange)
            try:
                yield pieces
            finally:
                pieces.close()
                running.is_clean = exchange.stop()

    def _pieces(self, call: Call, exchange: Exchange) -> Generator[bytes, None, None]:
        try:
            yield from exchange.pieces()
        except Lost as lost:
            raise self._errored(call, lost) from None

    def _budget(self, call: Call) -> Budget:
        """Of one call; of a stream and of a step, whose length nobody knows, what the manifest says."""
        limit_s, opening = self.manifest.limits.timeout_s, call.registry or call.connection
        is_long = call.kind is Kind.STEP or methods_of(call.kind)[call.method].is_stream
        if opening is None or is_long:
            return Budget(limit_s)
        # A profile says how long one answer may take, and a call asks for a few of them.
        return Budget(min(limit_s, _ANSWERS * opening.timeout_s))

    @contextmanager
    def _taken(self, call: Call) -> Iterator["_Running"]:
        """A process for one call: back where it was if all went as agreed, else ended."""
        running = None
        try:
            running = self._take()
            yield running
        except Lost as lost:
            raise self._errored(call, lost) from None
        finally:
            if running is not None:
                self._give_back(running)

    def _errored(self, call: Call, lost: Lost) -> StellaError:
        is_silent = self._reads_secrets and isinstance(lost, Told)
        why = "it broke; what it said is not told, for it reads secrets" if is_silent else str(lost)
        return errored(self.manifest.name, call.method, why)

    def _take(self) -> "_Running":
        timeout_s = self.manifest.limits.timeout_s
        with self._free:
            if not self._free.wait_for(lambda: self._used_count < AT_ONCE_MAX, timeout_s):
                raise Lost(f"{AT_ONCE_MAX} calls at once, and none was done after {timeout_s} s")
            if self._is_closed:
                raise Lost("it was closed")
            self._used_count += 1
            idle = self._idle.pop() if self._idle else None
        try:
            if idle is not None:
                if idle.is_fresh(self._idle_s * _SOON_IDLE) and idle.line.tell(USED):
                    return idle
                idle.line.end()
            return self._begin()
        except BaseException:
            self._leave()
            raise

    def _begin(self) -> "_Running":
        rest_s = self._rests_until - time.monotonic()
        if rest_s > 0:
            raise Lost(
                f"it ended badly {self._bad_ends} times in a row and rests for {rest_s:.1f} s"
            )
        running = _Running(PluginLine())
        try:
            self._load(running.line)
        except BaseException:
            self._end(running)
            raise
        return running

    def _load(self, line: PluginLine) -> None:
        manifest, directory = self.manifest, self._source.directory
        start = Start(
            manifest,
            self._source.entry,
            None if directory is None else str(directory.resolve()),
            self._source.required,
            self._idle_s,
        )
        budget = Budget(min(_START_S, 5.0 + manifest.limits.timeout_s))
        confined = line.load(start, budget)
        if self._confined is None:
            self._confined = confined
            self._warn(confined)
        match line.receive(budget):
            case Ready():
                return
            case Refused() as said if (refusal := refusal_of(said)) is not None:
                raise refusal
        raise Lost("it did not say that it is ready")

    def _warn(self, confined: Confined) -> None:
        """Say what this kernel does not give."""
        asked = {need.capability.value for need in self.manifest.needs}
        missing = set(CONFINEMENT) - set(confined.by)
        if missing - asked:
            told = ", ".join(sorted(missing - asked))
            _log.warning("%s is not confined by its own %s", self.manifest.name, told)

    def _give_back(self, running: "_Running") -> None:
        running.calls += 1
        running.used_at = time.monotonic()
        self._log_output(running.line)
        if not running.is_clean:
            self._end(running)
            self._leave()
            return
        running.is_clean = False
        with self._free:
            self._bad_ends = 0
            is_kept = len(self._idle) < _IDLE_MAX and running.calls < _CALLS_MAX
            is_kept = is_kept and not self._is_closed and running.line.tell(IDLE)
            if is_kept:
                self._idle.append(running)
        if not is_kept:
            running.line.end()
        self._leave()

    def _leave(self) -> None:
        with self._free:
            self._used_count -= 1
            self._free.notify()

    def _end(self, running: "_Running") -> None:
        """One that ended badly, or has to. Those that always do are tried ever more seldom."""
        running.line.end()
        with self._free:
            self._bad_ends += 1
            rest_s = min(_REST_S_MAX, 2.0 ** (self._bad_ends - _ENDS_FREE))
            if self._bad_ends >= _ENDS_FREE:
                self._rests_until = time.monotonic() + rest_s

    def _log_output(self, line: PluginLine) -> None:
        text, count = line.printed()
        if count and self._reads_secrets:
            _log.info("%s printed %d bytes, not told: it reads secrets", self.manifest.name, count)
        elif count:
            # As one line: what a stranger prints must not pass for a line of the log.
            _log.info("%s printed %d bytes: %r", self.manifest.name, count, text.strip())


class _Running:
    """A process that is up. is_clean: it has answered the last call as agreed, to the end."""

    def __init__(self, line: PluginLine) -> None:
        self.line = line
        self.calls = 0
        self.used_at = time.monotonic()
        self.is_clean = False

    def is_fresh(self, idle_s: float) -> bool:
        return self.line.is_quiet() and time.monotonic() - self.used_at < idle_s
