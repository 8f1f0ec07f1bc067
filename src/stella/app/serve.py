"""Runs a server: takes the addresses, migrates, goes on with what was unfinished, serves."""

import errno
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event
from types import FrameType

import uvicorn
from sqlalchemy.exc import OperationalError

from stella import __version__
from stella.api.agent_listener import AgentServer, AgentServices, AgentSettings, serve_agents
from stella.api.app import create_app
from stella.api.bounded_http import BoundedHttp
from stella.api.http_server import HttpServer
from stella.api.services import Services
from stella.app.background import Background, Sweep, Watch
from stella.app.commits_round import ask_who_committed
from stella.app.courier import Courier
from stella.app.deployed_secrets import DeployedSecrets
from stella.app.due import give_turns, judge_what_is_due
from stella.app.feed_sync import FeedSync
from stella.app.first_admin import first_login, make_first_admin
from stella.app.flows import HANDLED, steps_of
from stella.app.followed import Follower
from stella.app.heard import rematch_stale, weigh_what_turned
from stella.app.keys import data_unusable
from stella.app.ledger import ChainToLedger
from stella.app.listen import listen, port_of
from stella.app.lock import server_lock
from stella.app.logs import mask_logs
from stella.app.over import end_what_is_over
from stella.app.runs.due import look_at_runs
from stella.app.runs.firing import look_at_schedules
from stella.app.schema import migrate, schema_lock
from stella.app.settings import Settings
from stella.app.tickets import look_up_due
from stella.app.vex_sync import VexSync
from stella.app.webhook_queue import Handling, handle_waiting
from stella.app.wiring import make_data_directory, open_services
from stella.app.work import work_of
from stella.fleet import expire_orders, mark_offline
from stella.hub.check import keep_health
from stella.hub.deliveries import forget_deliveries
from stella.plugin.contract.core import Kind
from stella.promotion.exceptions.break_glass import lapse_break_glass
from stella.promotion.exceptions.waive import lapse_waivers
from stella.record import open_workflow_engine
from stella.record.errors import unusable
from stella.workflow import DurableRuns
from stella.workflow.trigger.store import forget_firings

_DRAIN_S = 5
_REPOSITORIES_EVERY = timedelta(minutes=1)
_INTEGRATIONS_S = 300
_MESSAGES_S = 2
_FORGET_S = 300
_FEEDS_S = 60
_LEDGER_S = 10
_RUNS_S = 1  # a look at two indexes
_TICKETS_S = 30
_VEX_FEEDS_S = 5  # somebody may wait for it
# Newer advisories are met by this limit: a look at one row where nothing has changed.
_ADVISORIES_S = 10
_DISK_TROUBLE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO})


def serve(settings: Settings, announce: Callable[[str], None]) -> int:
    """Serve until a signal says to stop; the signal's number. announce: says what people must know.

    Raises DataInUse, AddressTaken, and what the settings, keys and database refuse.
    """
    data = make_data_directory(settings)
    with ExitStack() as parts, ExitStack() as starting:
        starting.enter_context(_refusing_trouble(data))
        parts.enter_context(server_lock(data))
        api = parts.enter_context(_listening(settings.listen_host, settings.listen_port, "listen"))
        with _listening(settings.agents_host, settings.agents_port, "agents") as agents:
            bound = replace(settings, listen_port=port_of(api), agents_port=port_of(agents))
        services = parts.enter_context(running(bound))
        parts.enter_context(agents_listener(services, bound))
        password = make_first_admin(services.database, services.random)
        announce(f"Stella {__version__}: {services.url}  agents: {services.agents_url}")
        if password is not None:
            announce(first_login(password))
        starting.close()
        return _serve_http(services, api)


@contextmanager
def _refusing_trouble(data: Path) -> Iterator[None]:
    """A start that fails on a full disk or a read-only one is a refusal. Raises DataUnusable."""
    try:
        yield
    except OSError as error:
        if error.errno not in _DISK_TROUBLE:
            raise
        raise data_unusable(data, error) from error


@contextmanager
def running(settings: Settings) -> Iterator[Services]:
    """Everything but the listeners: records, durable runs, background threads."""
    data = make_data_directory(settings)
    holder = server_id(data)

    def failed_runs() -> tuple[str, ...]:
        return runs.failed()

    services = open_services(settings, handled=HANDLED, failed_runs=failed_runs)
    mask_logs(services.outside.masked)
    database = services.database
    migrate(database.engine)
    is_launched = Event()
    workflows = open_workflow_engine(
        settings.database,
        is_over=lambda: services.stopping.is_set() or not is_launched.is_set(),
    )
    steps = steps_of(work_of(services, holder))
    runs = DurableRuns(workflows, executor=holder, handlers=steps)
    try:
        with schema_lock(database.engine):
            runs.launch()
    except OperationalError as error:
        raise unusable(str(error.orig), database.url) from error
    is_launched.set()
    courier = Courier(services)
    sweeps = (*_sweeps(services, settings), Sweep("messages", _MESSAGES_S, courier.sweep))
    to_ledger = ChainToLedger(database, services.attestor, holder)
    background = Background(
        services,
        runs,
        holder=holder,
        sweeps=(*sweeps, Sweep("ledger", _LEDGER_S, to_ledger)),
        watches=(webhook_watch(services, settings), repository_watch(services, settings)),
    )
    background.start()
    try:
        yield services
    finally:
        services.stop()
        background.join()
        courier.close()
        runs.close()
        services.webhooks.close()
        services.close_policies()
        services.outside.close()
        services.plugging.close()
        workflows.dispose()
        database.close()


def server_id(data: Path) -> str:
    """A name for this server that no other has, and that it keeps over restarts."""
    path = data / "server.id"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        name = f"{socket.gethostname()[:30]}-{data.stat().st_ino}"
        path.write_text(f"{name}\n")
        return name


@contextmanager
def agents_listener(services: Services, settings: Settings) -> Iterator[AgentServer]:
    """The agents' port, served in a thread beside. Raises ListenerPortTaken."""
    server = serve_agents(
        AgentServices(
            database=services.database,
            authority=services.authority,
            order_keys=(services.keys.orders.public,),
            settings=AgentSettings(proxy_terminates_tls=settings.agents_tls_ends_at_proxy),
            wheel=services.blobs.get,
            secrets=DeployedSecrets(services.outside, (services.keys.orders.public,)).ask,
        ),
        host=settings.agents_host,
        port=settings.agents_port,
        names=settings.agents_hosts,
        directory=services.data / "agents-port",
    )
    try:
        yield server
    finally:
        # Long polls wait on the bell; this wakes them, so that they see the end.
        services.stop()
        server.stop()


class _Server(HttpServer):
    """Lets long requests end first when a signal comes, and remembers which it was."""

    def __init__(self, config: uvicorn.Config, services: Services) -> None:
        super().__init__(config)
        self._services = services
        self.signal = 0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called in the main thread, by the signal."""
        self.signal = sig
        self._services.stop()
        super().handle_exit(sig, frame)


def _serve_http(services: Services, listener: socket.socket) -> int:
    config = uvicorn.Config(
        create_app(services),
        loop="asyncio",
        http=BoundedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=_DRAIN_S,
    )
    server = _Server(config, services)
    # uvicorn raises the signal again at its end; it has done its work by then.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, server.handle_exit)  # until uvicorn takes them, one may come already
    server.run(sockets=[listener])
    return server.signal


def webhook_watch(services: Services, settings: Settings) -> Watch:
    """Handles what webhooks brought, in one thread: in the order in which it came."""
    handling = Handling(
        services.database,
        services.blobs,
        services.keys.evidence,
        services.kinds,
        may_press=settings.button_approvals,
        looks=services.looks,
    )
    return Watch(
        "webhooks",
        services.webhooks.bell,
        lambda: handle_waiting(handling, services.stopping.is_set),
    )


def repository_watch(services: Services, settings: Settings) -> Watch:
    """Looks at repositories that are asked for, however long the others take that are only due."""
    follower = Follower(services, _REPOSITORIES_EVERY)

    def answer() -> None:
        if not settings.offline:
            follower.answer()

    return Watch("repositories asked for", services.looks, answer)


def _outward_sweeps(services: Services, settings: Settings) -> tuple[Sweep, ...]:
    """What asks other services; none on a server that is offline."""
    if settings.offline:
        return ()
    every = timedelta(minutes=settings.feeds_every_min)
    advisories, vex = FeedSync(services, every), VexSync(services, every)
    follower = Follower(services, _REPOSITORIES_EVERY)

    def sync_advisories() -> None:
        if not settings.advisories:
            advisories.sweep()

    def tickets() -> None:
        look_up_due(services, services.deciding)

    def ask_for_commits() -> None:
        ask_who_committed(
            services.database,
            services.blobs,
            lambda name: services.outside.connected(Kind.SCM, name),
            services.stopping.is_set,
        )

    return (
        Sweep("tickets", _TICKETS_S, tickets),
        Sweep("repositories", settings.sweep_s, follower.sweep),
        Sweep("commits", settings.sweep_s, ask_for_commits),
        Sweep("feeds", _FEEDS_S, sync_advisories),
        Sweep("vex feeds", _VEX_FEEDS_S, vex.sweep),
    )


def _sweeps(services: Services, settings: Settings) -> tuple[Sweep, ...]:
    database = services.database

    def fleet() -> None:
        with database.transaction(actor="system") as tx:
            mark_offline(tx)
            expire_orders(tx)

    def waivers() -> None:
        with database.transaction(actor="system") as tx:
            lapse_waivers(tx)
            lapse_break_glass(tx)

    def integrations() -> None:
        for one in () if settings.offline else services.enabled_integrations():
            if services.stopping.is_set():
                return
            health = services.outside.examine(one)
            with database.transaction(actor="system") as tx:
                keep_health(tx, health, is_asked=False)

    def due() -> None:
        judging = services.deciding, services.keys.evidence, services.stopping.is_set
        judge_what_is_due(database, *judging)
        give_turns(database, *judging)

    def runs() -> None:
        look_at_schedules(database, services.kinds, services.stopping.is_set)
        look_at_runs(database, services.stopping.is_set)

    def over() -> None:
        end_what_is_over(database, services.removing, services.stopping.is_set)

    def forget() -> None:
        with database.transaction(actor="system") as tx:
            forget_deliveries(tx)
            forget_firings(tx)

    return (
        *_outward_sweeps(services, settings),
        Sweep("fleet", settings.sweep_s, fleet),
        Sweep("waivers", settings.sweep_s, waivers),
        Sweep("due", settings.sweep_s, due),
        Sweep("runs", _RUNS_S, runs),
        Sweep("environments", settings.sweep_s, over),
        Sweep("integrations", _INTEGRATIONS_S, integrations),
        Sweep("advisories", _ADVISORIES_S, partial(rematch_stale, services)),
        Sweep("vex", settings.sweep_s, partial(weigh_what_turned, services)),
        Sweep("leases", settings.sweep_s, services.outside.settle),
        Sweep("uses", settings.sweep_s, services.outside.flush_uses),
        Sweep("refusals", settings.sweep_s, services.webhooks.flush_refusals),
        Sweep("forgotten", _FORGET_S, forget),
    )


@contextmanager
def _listening(host: str, port: int, setting: str) -> Iterator[socket.socket]:
    listener = listen(host, port, setting)
    try:
        yield listener
    finally:
        listener.close()
