"""The agent's loop: take an order, carry it out, tell how it ended; and be heard meanwhile."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version

from stella.agent.carry_out import accept, carry_out, named_before, names_of, refused
from stella.agent.connectors import HostConnectors
from stella.agent.control_plane import ControlPlane
from stella.agent.enroll import renew_where_due
from stella.agent.errors import (
    ControlPlaneRefused,
    ControlPlaneUnreachable,
    HostLoginRefused,
    LeaseLost,
)
from stella.agent.host import RealHost
from stella.agent.local import wait_for_left
from stella.agent.log_pump import LogPump
from stella.agent.looks import Looks
from stella.agent.machine import Severed, Stopped
from stella.agent.reached import ways
from stella.agent.registry_login import RegistryLogins
from stella.agent.secrets import Remembered, asking
from stella.agent.seen import engine_of, running_of, unbroken
from stella.agent.state import Identity, OrderNote, Phase, ProjectNote, StateDirectory
from stella.kernel import Now, StellaError
from stella.sdk import Host, protocol
from stella.sdk.apart.process import CONFINEMENT
from stella.sdk.protocol import (
    AgentReport,
    ConnectorState,
    NextReply,
    OrderResult,
    PluginReference,
    Plugins,
    ProjectState,
    Reach,
)

_LOG = logging.getLogger("stella.agent")

OpenHost = Callable[[str, Callable[[str], None], threading.Event], Host]
"""(project, where lines go, set when to stop) -> the host for that project."""
OpenReached = Callable[[Reach, str, Callable[[str], None], threading.Event], Host]
"""The same on a host that is reached from here. Raises NotReachedFromHere."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long an agent waits, in seconds.

    poll_s: for an order, at most. backoff_s: after one failure, after two, ...; the last for all
    that follow. log_every_s: between two looks at the lease and the log of an order under way.
    idle_end_s, busy_end_s: for what it does, once it shall end.
    """

    poll_s: int = 25
    backoff_s: tuple[float, ...] = (0.5, 1.0, 2.0, 5.0)
    log_every_s: float = 0.3
    idle_end_s: float = 0.5
    busy_end_s: float = 20.0

    def after(self, failures: int) -> float:
        """How long to wait after one failure more than ``failures``."""
        return self.backoff_s[min(failures, len(self.backoff_s) - 1)]


@dataclass(frozen=True, slots=True)
class Settings:
    """What a running agent is given. stop: set from outside to end it.

    confined_by: what this machine must hold a stranger's plugin to, or it does not run here.
    """

    state: StateDirectory
    plugins: Plugins
    open_host: OpenHost
    open_reached: OpenReached
    now: Now
    stop: threading.Event
    open_plane: Callable[[StateDirectory, Identity, Now], ControlPlane] = ControlPlane
    pace: Pace = Pace()
    confined_by: tuple[str, ...] = CONFINEMENT


def run_agent(settings: Settings) -> None:
    """Serve until ``stop`` is set. Raises NotEnrolled, AnotherAgentRuns, StateUnusable.

    Whatever the control plane does or does not do, it goes on trying; what was done here and not
    told is kept on disk until it is.
    """
    pace = settings.pace
    settings.state.create()
    with settings.state.locked():
        if not wait_for_left(settings.state.projects):
            _LOG.warning("something that an earlier agent began here does not end")
        RegistryLogins(settings.state.projects).remove_left()
        agent = _Agent(settings)
        # The threads are daemons: a request that waits for an order may be left behind.
        threads = [
            threading.Thread(target=agent.guarded, args=(what,), name=name, daemon=True)
            for name, what in (("work", agent.work), ("heart", agent.beat))
        ]
        for thread in threads:
            thread.start()
        settings.stop.wait()
        agent.is_due.set()
        for thread in threads:
            thread.join(pace.busy_end_s if agent.is_busy.is_set() else pace.idle_end_s)
        agent.close()
        if agent.broken is not None:
            raise agent.broken


class _Agent:
    """Two threads: ``work`` takes orders one by one, ``beat`` makes the agent heard."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._state = settings.state
        self._stop = settings.stop
        self._pace = settings.pace
        self._identity: Identity = settings.state.identity()
        self._plane = settings.open_plane(self._state, self._identity, settings.now)
        self._connectors = HostConnectors(
            settings.plugins,
            settings.state.plugins,
            self._plane.wheel,
            required=settings.confined_by,
        )
        self._looks = Looks(self._project)
        self._remembered = Remembered(self._plane, self._stop.wait)
        self.is_due = threading.Event()
        self.is_busy = threading.Event()
        self.broken: BaseException | None = None

    def guarded(self, what: Callable[[], None]) -> None:
        """Do ``what``; where it breaks the agent ends, and does not go on with half of itself."""
        try:
            what()
        except BaseException as bug:  # noqa: BLE001 - it is raised again, by who waits
            self.broken = bug
        finally:
            self._stop.set()

    def close(self) -> None:
        self._plane.close()
        self._connectors.close()

    # ------------------------------------------------------------ orders

    def work(self) -> None:
        """Until stopped: tell what is untold, then take the next order."""
        failures = 0
        while not self._stop.is_set():
            try:
                for note in self._state.untold_orders():
                    self._tell(note)
                self._state.forget_orders(self._settings.now())
                given = self._plane.post(
                    protocol.NEXT_PATH,
                    protocol.NextRequest(self._pace.poll_s),
                    NextReply,
                    patience_s=self._pace.poll_s,
                )
                failures = 0
                # What arrives while it ends is given again to who comes after.
                if given is not None and not self._stop.is_set():
                    self.is_busy.set()
                    self._handle(given)
            except Stopped:
                return
            except StellaError as refusal:
                _LOG.warning("%s: %s", refusal.code, refusal)
                self._stop.wait(self._pace.after(failures))
                failures += 1
            finally:
                self.is_busy.clear()

    def _handle(self, given: NextReply) -> None:
        note = self._state.order(given.order)
        if note is not None and note.phase is Phase.DONE:
            # It was done, but that did not arrive: it is told again under the new fence.
            self._keep_and_tell(note, given.fence)
            return
        try:
            accepted = accept(given, self._identity, note, self._settings.now())
        except StellaError as refusal:
            _LOG.warning("%s: %s", refusal.code, refusal)
            at = self._settings.now()
            self._send_result(given.order, given.fence, refused(refusal, at, at))
            return
        pump = LogPump(given.fence, self._settings.now)
        lost = _Ending(self._stop)
        try:
            content = accepted.content
            host = self._open(content.intent.project, content.reach, pump.add, lost.event)
        except StellaError as refusal:
            at = self._settings.now()
            self._send_result(given.order, given.fence, refused(refusal, at, at))
            return
        if isinstance(host, RealHost):
            host.ask = asking(self._plane, given, host.wait)
            host.name((*names_of(content), *named_before(content, self._state)))
        with (
            closing_host(host),
            _Holding(
                self._plane,
                given,
                pump,
                lost,
                self._pace.log_every_s,
                is_away=content.reach is not None,
            ),
            self._connectors.held(accepted.content.plugin) as connectors,
        ):
            try:
                done = carry_out(
                    accepted,
                    given.fence,
                    state=self._state,
                    connectors=connectors,
                    host=host,
                    now=self._settings.now,
                )
            except Stopped:
                if self._stop.is_set():
                    raise
                _LOG.warning("the order %s was given up: its lease is lost", given.order)
                return
        self._flush(given, pump)
        try:
            self._tell(done)
        finally:
            # Afterwards: somebody waits for how it ended, and looking at what runs takes a while.
            self.is_due.set()

    def _flush(self, given: NextReply, pump: LogPump) -> None:
        """The last lines, as long as somebody listens: the result is worth more."""
        try:
            pump.send(_log_sender(self._plane, given.order))
        except StellaError as refusal:
            _LOG.warning("%s: the last lines of %s: %s", refusal.code, given.order, refusal)

    def _keep_and_tell(self, note: OrderNote, fence: int) -> None:
        renewed = OrderNote(
            note.order, note.phase, fence, note.expires_at, note.begun_at, note.result
        )
        self._state.note_order(renewed)
        self._tell(renewed)

    def _tell(self, note: OrderNote) -> None:
        """Say how an order ended. Raises ControlPlaneUnreachable; it is said again later."""
        assert note.result is not None, note.order
        try:
            self._send_result(note.order, note.fence, note.result)
        except LeaseLost as refusal:
            if refusal.facts.get("code") == "ST-FLT-008":
                return  # it is given to us again, under the fence that counts
            _LOG.warning("%s: %s", refusal.facts.get("code"), refusal)
        self._state.note_order(
            OrderNote(
                note.order, Phase.TOLD, note.fence, note.expires_at, note.begun_at, note.result
            )
        )

    def _send_result(self, order: str, fence: int, result: OrderResult) -> None:
        self._plane.post(
            protocol.order_path(order, "result"),
            protocol.ResultRequest(fence, result),
            protocol.ResultReply,
        )

    # ------------------------------------------------------------ being heard

    def beat(self) -> None:
        """Until stopped: say what runs, and renew the certificate in time."""
        while not self._stop.is_set():
            self.is_due.clear()
            wait_s: float = self._identity.heartbeat_s
            try:
                self._renew()
                self._plane.post(protocol.HEARTBEAT_PATH, self._report(), protocol.HeartbeatReply)
            except Stopped:
                return
            except (ControlPlaneUnreachable, ControlPlaneRefused) as refusal:
                _LOG.warning("%s: %s", refusal.code, refusal)
                wait_s = min(wait_s, self._pace.backoff_s[-1])
            except StellaError as refusal:
                _LOG.warning("%s: %s", refusal.code, refusal)
            self.is_due.wait(wait_s)

    def _renew(self) -> None:
        renewed = renew_where_due(self._state, self._identity, self._plane, self._settings.now())
        if renewed is not None:
            self._identity = renewed
            self._plane.use(renewed)

    def _report(self) -> AgentReport:
        notes = self._state.project_notes()
        brought = {note.connector: note.plugin for note in notes if note.plugin is not None}
        used = {note.connector for note in notes}
        kinds: dict[str, PluginReference | None] = dict.fromkeys(
            self._connectors.beside.target_kinds()
        )
        self._connectors.keep(
            lambda: frozenset(one.plugin for one in self._state.project_notes() if one.plugin)
        )
        return AgentReport(
            version=version("stella-ops"),
            connectors=tuple(
                state
                for kind, plugin in sorted({**brought, **kinds}.items(), key=lambda one: one[0])
                if (state := self._connector(kind, plugin, is_used=kind in used)) is not None
            ),
            projects=self._projects(notes),
            reaches=ways(),
        )

    def _connector(
        self, kind: str, plugin: PluginReference | None, *, is_used: bool
    ) -> ConnectorState | None:
        """How it stands; None where this host is not set up for it, and never used it."""
        connectors = self._connectors.of(plugin)
        release = connectors.version(kind)
        try:
            connector = unbroken(kind, lambda: connectors.target(kind))
            engine = engine_of(kind, connector, self._host("agent"))
        except StellaError as refusal:
            if refusal.facts.get("absent") is True and not is_used:
                return None
            return ConnectorState(kind, release, problem=f"{refusal.code}: {refusal}"[:500])
        return ConnectorState(kind, release, engine)

    def _projects(self, notes: tuple[ProjectNote, ...]) -> tuple[ProjectState, ...]:
        """All at once: also what runs on this host may be seen by asking a service far away."""
        return self._looks.at(notes)

    def _project(self, note: ProjectNote) -> ProjectState:
        """What runs of it; why that cannot be seen, which is no good news."""
        try:
            connectors = self._connectors.of(note.plugin)
            connector = unbroken(note.connector, lambda: connectors.target(note.connector))
            with closing_host(self._host(note.project, note.reach)) as host:
                if isinstance(host, RealHost) and note.order is not None:
                    host.ask = self._remembered.of(note.order)
                running = running_of(note.connector, connector, note.project, host)
        except StellaError as refusal:
            if isinstance(refusal, HostLoginRefused) and note.order is not None:
                self._remembered.forget(note.order)
            return _unseen(note, refusal)
        except Severed as cut:
            return _unseen(note, cut.refusal)
        return ProjectState(note.project, note.connector, note.target, running)

    def _host(self, project: str, reach: Reach | None = None) -> Host:
        """Raises NotReachedFromHere."""
        return self._open(project, reach, _LOG.debug, self._stop)

    def _open(
        self,
        project: str,
        reach: Reach | None,
        log: Callable[[str], None],
        stop: threading.Event,
    ) -> Host:
        if reach is None:
            return self._settings.open_host(project, log, stop)
        return self._settings.open_reached(reach, project, log, stop)


@contextmanager
def closing_host(host: Host) -> Iterator[Host]:
    """What leads to it is there for one order alone, or one look."""
    try:
        yield host
    finally:
        if isinstance(host, RealHost):
            host.close()


def _unseen(note: ProjectNote, refusal: StellaError) -> ProjectState:
    problem = f"{refusal.code}: {refusal}"[:500]
    return ProjectState(note.project, note.connector, note.target, problem=problem)


class _Ending:
    """An event that is set when the agent shall stop, or the order is lost."""

    def __init__(self, stop: threading.Event) -> None:
        self.event = threading.Event()
        self._stop = stop

    def look(self) -> None:
        if self._stop.is_set():
            self.event.set()


class _Holding:
    """Keeps the lease and sends the log while an order is carried out, in a thread of its own.

    is_away: whether it is carried out on a host that is reached. Nothing there tells two agents apart, so
    that whoever holds no lease any more gives up by itself. On its own host an agent is alone, and goes
    on while nobody answers: half-done is worse.
    """

    def __init__(
        self,
        plane: ControlPlane,
        given: NextReply,
        pump: LogPump,
        lost: _Ending,
        every_s: float,
        *,
        is_away: bool = False,
    ) -> None:
        self._plane = plane
        self._given = given
        self._pump = pump
        self._lost = lost
        self._every_s = every_s
        self._over = threading.Event()
        self._until = time.monotonic() + given.lease_s
        self._threads = [threading.Thread(target=self._hold, name="lease")]
        if is_away:
            # Of its own: a request that nobody answers takes longer than a lease may have left.
            self._threads.append(threading.Thread(target=self._give_up, name="lease-end"))

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _give_up(self) -> None:
        """Once the lease has passed since the last renewal was asked for that was granted."""
        while not self._over.wait(self._every_s):
            if time.monotonic() >= self._until:
                _LOG.warning("the lease of %s is over, and nobody renews it", self._given.order)
                self._lost.event.set()
                return

    def _hold(self) -> None:
        lease_s = self._given.lease_s
        renew_at = time.monotonic() + lease_s / 3
        while not self._over.wait(self._every_s):
            self._lost.look()
            try:
                if (asked_at := time.monotonic()) >= renew_at:
                    renew_at = asked_at + lease_s / 12  # where this one fails
                    self._plane.post(
                        protocol.order_path(self._given.order, "renew"),
                        protocol.RenewRequest(self._given.fence),
                        protocol.RenewReply,
                    )
                    self._until, renew_at = asked_at + lease_s, asked_at + lease_s / 3
                if self._pump.has_more.is_set():
                    self._pump.send(_log_sender(self._plane, self._given.order))
            except LeaseLost as refusal:
                _LOG.warning("%s: %s", refusal.code, refusal)
                self._lost.event.set()
                return
            except StellaError as refusal:
                # The server is away for a while: the order goes on, what is to be said waits.
                _LOG.info("%s: %s", refusal.code, refusal)


def _log_sender(
    plane: ControlPlane, order: str
) -> Callable[[protocol.LogRequest], protocol.LogReply | None]:
    path = protocol.order_path(order, "log")
    return lambda request: plane.post(path, request, protocol.LogReply)
