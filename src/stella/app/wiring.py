"""Makes the parts of a server from its settings: the one place that picks implementations."""

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, lru_cache
from pathlib import Path
from threading import Event

from stella.advisory import Snapshot, open_snapshot
from stella.api.services import Limits, Services
from stella.app.keys import data_unusable, open_keys
from stella.app.policy_process import PolicyProcess
from stella.app.references import resolve_reference
from stella.app.schema import head_revision
from stella.app.settings import RegistrySetting, Settings
from stella.app.work import deciding_of
from stella.blob import Blobs
from stella.kernel import Now, id_maker
from stella.plugin import Plugins, load_plugins
from stella.plugin.contract import Registry, RegistryConfig
from stella.record import Bell, Database
from stella.sbom import DirectoryCache
from stella.sdk.testing import SimulatedRegistry

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
) -> Services:
    """Every part of a server; keys and directories are made at the first start.

    handled: the kinds of facts that ``flows.py`` has handlers for. failed_runs: for the doctor.
    Raises DataUnusable, KeysIncomplete, UnusableKey, UnknownDatabase. Nothing is connected yet.
    """
    data = make_data_directory(settings)
    plugins, blobs = load_plugins(), Blobs(data / "blobs")
    keys, authority = open_keys(data, now=now(), random=random)
    policies = PolicyProcess()
    return Services(
        database=open_database(settings, handled=handled, now=now, random=random),
        schema=head_revision(),
        blobs=blobs,
        keys=keys,
        authority=authority,
        layers=DirectoryCache(data / "cache" / "layers"),
        open_registry=registry_opener(settings, plugins),
        plugins=plugins,
        deciding=deciding_of(blobs, plugins, is_simulated=settings.simulated, ask=policies.ask),
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
        advisories=Path(settings.advisories).expanduser() if settings.advisories else None,
        console=console_directory(settings),
        sealed=Bell(),
        stopping=Event(),
        failed_runs=failed_runs,
        close_policies=policies.close,
    )


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


def registry_opener(settings: Settings, plugins: Plugins) -> Callable[[str], Registry]:
    """Host -> the installed connector for it, kept: its connections are used again."""

    @cache
    def open_registry(host: str) -> Registry:
        known = settings.registries.get(host, RegistrySetting())
        if known.simulated_in and settings.simulated:
            return SimulatedRegistry(Path(known.simulated_in), host)
        return plugins.registry("oci")(
            RegistryConfig(
                host=host,
                plain_http=known.plain_http,
                login=_login(known) if known.username or known.password else None,
                ca_file=known.ca_file or None,
            )
        )

    return open_registry


def _login(known: RegistrySetting) -> Callable[[], tuple[str, str]]:
    def login() -> tuple[str, str]:
        return resolve_reference(known.username), resolve_reference(known.password)

    return login


def snapshot_opener(settings: Settings) -> Callable[[], Snapshot | None]:
    """The snapshot that the settings name, None where they name none; opened again when replaced.

    Opening hashes the whole file, so an unchanged one is opened once.
    """
    path = Path(settings.advisories).expanduser()
    opened = lru_cache(maxsize=1)(lambda _mark: open_snapshot(path))

    def snapshot() -> Snapshot | None:
        if not settings.advisories:
            return None
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
