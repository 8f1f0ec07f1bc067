"""Makes the parts of a server from its settings: the one place that picks implementations."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache, partial
from pathlib import Path
from threading import Event, Lock

from stella.advisory import Snapshot, open_snapshot
from stella.api.services import Limits, Outside, Plugging, Services
from stella.app.doctoring.table import checks_of
from stella.app.feed_sync import own_advisories, own_snapshot
from stella.app.hub import Hub
from stella.app.keepers import SecretKeys
from stella.app.keys import data_unusable, open_keys
from stella.app.ledger import open_attestor
from stella.app.logs import log_tail
from stella.app.plugin_host import PluginHost
from stella.app.policy_packs import PackReader
from stella.app.policy_process import PolicyProcess
from stella.app.runs.events import EVENTS
from stella.app.runs.kinds import kinds_of
from stella.app.runs.rehearsing import rehearsed
from stella.app.schema import head_revision
from stella.app.settings import Settings
from stella.app.simulating import Simulating
from stella.app.step_calls import StepCaller
from stella.app.support import told_of
from stella.app.webhooks import Intake
from stella.app.work import deciding_of, removing_of
from stella.blob import Blobs
from stella.identity.exchange import Exchanges
from stella.identity.jwks import KeyBook
from stella.identity.provider_login import SEAL_BYTES
from stella.kernel import Now, id_maker
from stella.plugin import Plugins, load_plugins
from stella.plugin.contract.core import Kind
from stella.record import Bell, Database
from stella.sbom import DirectoryCache
from stella.sbom.lifetime import Lifetimes, read_lifetimes
from stella.sdk.apart.process import CONFINEMENT

_PACKAGE = Path(__file__).resolve().parents[1]
_CHECKOUT = Path(__file__).resolve().parents[3]


def system_now() -> datetime:
    """The system's clock, in UTC."""
    return datetime.now(tz=UTC)


def open_services(
    settings: Settings,
    *,
    handled: frozenset[str] = frozenset(),
    failed_runs: Callable[[], tuple[str, ...]] = tuple,
    now: Now = system_now,
    random: Callable[[int], bytes] = os.urandom,
    plugins: Plugins | None = None,
    policies: PolicyProcess | None = None,
) -> Services:
    """Every part of a server; keys and directories are made at the first start.

    handled: the kinds of facts that ``flows.py`` has handlers for. failed_runs: for the doctor.
    plugins: those that come along; without them they are looked for. policies: where they are asked;
    without it one of its own.
    Raises DataUnusable, KeysIncomplete, UnusableKey, UnknownDatabase. Nothing is connected yet.
    """
    data = make_data_directory(settings)
    blobs = Blobs(data / "blobs")
    keys, authority = open_keys(data, now=now(), random=random)
    policies, stopping = policies or PolicyProcess(), Event()
    simulating = Simulating(stopping)
    database = open_database(settings, handled=handled, now=now, random=random)
    required = () if settings.plugins_unconfined else CONFINEMENT
    host = PluginHost(data, database, plugins or load_plugins(), required=required)
    kept = SecretKeys(
        settings, database, random, lambda name: hub.connected(Kind.SECRET_STORE, name)
    )
    hub = Hub(settings, database, host.current, kept.keys, now=now)
    services = Services(
        database=database,
        schema=head_revision(),
        blobs=blobs,
        keys=keys,
        authority=authority,
        attestor=open_attestor(data, database, now, settings.ledger_witnesses),
        layers=DirectoryCache(data / "cache" / "layers"),
        open_registry=hub.registry,
        outside=outside_of(hub, kept),
        exchanges=exchanges_of(hub, now),
        seal=random(SEAL_BYTES),
        plugging=plugging_of(host, hub),
        deciding=deciding_of(
            blobs,
            host.current,
            host.reference,
            is_simulated=settings.simulated,
            ask=policies.ask,
            lifetimes=lifetimes_of(settings),
            own_keys=(keys.evidence.public,),
        ),
        removing=removing_of(
            blobs,
            keys.evidence,
            host.current,
            host.reference,
            is_simulated=settings.simulated,
        ),
        snapshot=snapshot_opener(settings),
        random=random,
        limits=Limits(
            session_hours=settings.session_hours,
            login_hours=settings.login_hours,
            request_bytes_max=settings.request_bytes_max,
            order_life_s=settings.order_life_s,
        ),
        data=data,
        url=settings.url,
        agents_url=settings.agents_address,
        is_https=settings.tls_ends_at_proxy or settings.url.startswith("https://"),
        is_behind_proxy=settings.tls_ends_at_proxy,
        simulated=settings.simulated,
        registries=tuple(settings.registries),
        advisories=advisories_of(settings),
        console=console_directory(settings),
        sealed=Bell(),
        looks=Bell(),
        stopping=stopping,
        failed_runs=failed_runs,
        simulating=simulating,
        close_policies=partial(close_all, policies.close, simulating.close),
        checks=lambda: checks_of(settings, services),
        told=lambda: told_of(settings, services),
        log_tail=log_tail,
        webhooks=Intake(database, partial(hub.connected, Kind.WEBHOOK), now=now),
        call_step=StepCaller(host, hub.connect_for, hub.connected, hub.redactor.masked, stopping),
        kinds=partial(kinds_of, host.current, host.reference),
        events=EVENTS,
        rehearsed=rehearsed,
    )
    return services


def close_all(*closes: Callable[[], None]) -> None:
    """One after the other."""
    for close in closes:
        close()


def open_database(
    settings: Settings,
    *,
    handled: frozenset[str] = frozenset(),
    now: Now = system_now,
    random: Callable[[int], bytes] = os.urandom,
) -> Database:
    """The database of records that the settings name."""
    return Database.open(settings.database, now=now, new_id=id_maker(now, random), handled=handled)


def make_data_directory(settings: Settings) -> Path:
    """The data directory, for the server's user alone. Raises DataUnusable."""
    data = settings.data
    try:
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise data_unusable(data, error) from error
    return data


def plugging_of(host: PluginHost, hub: Hub) -> Plugging:
    """What the routes may ask of the plugins' host."""
    return Plugging(
        current=host.current,
        look=host.look,
        beside=host.beside,
        place=host.place,
        manifest=host.manifest,
        forget=host.forget,
        changed=host.changed,
        close=host.close,
        documents=PackReader(host, hub.connect_for),
    )


def outside_of(hub: Hub, kept: SecretKeys) -> Outside:
    """What the routes may ask of the hub."""
    return Outside(
        registry=hub.registry,
        examine=hub.examine,
        left_alone_until=hub.left_alone_until,
        forget=hub.credentials.forget,
        keys=kept.keys,
        renew_key=kept.renew,
        retire_keys=kept.retire,
        rotating=Lock(),
        flush_uses=hub.flush_uses,
        masked=hub.redactor.masked,
        checks=hub.checks,
        connected=hub.connected,
        unresolved=hub.credentials.unresolved,
        deployed=hub.credentials.deployed,
        pull_login=hub.pull_login,
        settle=hub.credentials.settle,
        close=hub.credentials.close,
    )


def exchanges_of(hub: Hub, now: Now) -> Exchanges:
    """What is kept between two exchanges of tokens; keys come from the hub's identity providers."""
    book = KeyBook(lambda name: hub.connected(Kind.IDENTITY_PROVIDER, name).keys(), now)
    return Exchanges(book, now)


def lifetimes_of(settings: Settings) -> Lifetimes:
    """How long distributions last, by the operator's table where there is one. Raises MalformedLifetimes."""
    return read_lifetimes(Path(settings.end_of_life).expanduser() if settings.end_of_life else None)


def advisories_of(settings: Settings) -> Path | None:
    """Where the snapshot is; None where there is none yet."""
    if settings.advisories:
        return Path(settings.advisories).expanduser()
    own = own_advisories(settings.data)
    return own if own.is_dir() else None


def snapshot_opener(settings: Settings) -> Callable[[], Snapshot | None]:
    """The snapshot that the settings name, or that the server made of its feeds; opened again when replaced.

    Opening hashes the whole file, so an unchanged one is opened once.
    """
    if not settings.advisories:
        return own_snapshot(settings.data)
    path = Path(settings.advisories).expanduser()
    opened = lru_cache(maxsize=1)(lambda _mark: open_snapshot(path))

    def snapshot() -> Snapshot | None:
        files = [path] if path.is_file() else sorted(path.glob("*"))
        return opened(tuple((str(file), file.stat().st_mtime_ns) for file in files))

    return snapshot


def console_directory(settings: Settings) -> Path | None:
    """Where the built console is: as set, in the package, or in a checkout that built it."""
    if settings.console_directory:
        return Path(settings.console_directory).expanduser()
    for place in (_PACKAGE / "console", _CHECKOUT / "build" / "ui"):
        if (place / "index.html").is_file():
            return place
    return None
