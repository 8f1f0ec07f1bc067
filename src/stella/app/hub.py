"""Opens what integrations describe: credentials by the broker, sockets by the guard."""

import contextlib
import os
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

from stella.app.credentials import Credentials, refuse_use
from stella.app.guarded import Guarded
from stella.app.outbound import connect_within
from stella.app.places import read_here, refuse_directory
from stella.app.settings import RegistrySetting, Settings
from stella.hub.apply import integration_for
from stella.hub.breaker import Breaker
from stella.hub.errors import UnknownIntegration
from stella.hub.guard import Allowed
from stella.hub.model import Health, Integration
from stella.hub.redact import Redactor
from stella.hub.reference import parse_reference
from stella.hub.store import find_integration, note_use
from stella.kernel import Now, Outcome, Remedy, StellaError, time_text
from stella.plugin import Plugins
from stella.plugin.contract.check import DoctorCheck
from stella.plugin.contract.connection import Connect, Connection
from stella.plugin.contract.core import Capability, Kind, Manifest
from stella.plugin.contract.registry import Registry, RegistryConfig
from stella.plugin.contract.secret_store import SecretStore
from stella.plugin.crossing import bounded_text
from stella.plugin.refusals import PluginBroken
from stella.record import Database
from stella.sdk.protocol import RegistryLogin
from stella.sdk.testing import SimulatedRegistry
from stella.trust.envelope import WrappingKeys

PULL_USERNAME, PULL_PASSWORD = "pull_username", "pull_password"
_DETAIL_MAX = 1000
# Hosts without an integration that are kept open: whoever names an image names one.
_UNNAMED_MAX = 100
_ANYWHERE = ("0.0.0.0/0", "::/0")
# A repository that nobody has: what matters is that the registry answers at all.
_NO_REPOSITORY = "stella-doctor"


@dataclass(frozen=True, slots=True)
class _Opened:
    """What an integration led to. integration: as it was when it was opened.

    plugins: those that were used then; what is decided about one later counts at the next use.
    """

    integration: Integration
    plugins: Plugins
    made: object
    breaker: Breaker


class Hub:
    """The integrations of one server, as connectors. Safe for threads; each is opened once."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        plugins: Callable[[], Plugins],
        ring: Callable[[], WrappingKeys],
        *,
        now: Now,
    ) -> None:
        self._settings = settings
        self._database = database
        self._plugins = plugins
        self._now = now
        self.redactor = Redactor()
        self.credentials = Credentials(
            settings, database, ring, self.secret_store, now=now, learned=self.redactor.learn
        )
        self.broker = self.credentials.broker
        self._opened: dict[str, _Opened] = {}
        self._unnamed: OrderedDict[str, tuple[Plugins, Registry]] = OrderedDict()
        self._used: dict[str, str] = {}
        self._lock = Lock()

    def registry(self, host: str, roles: frozenset[str] | None = None) -> Registry:
        """The connector for ``host``: of its integration, of the settings, or for anybody.

        roles: of the person who asks; None where the server itself does. Raises IntegrationDisabled,
        UnknownConnector, PluginBroken.
        """
        with self._database.read() as tx:
            found = integration_for(tx, Kind.REGISTRY, host)
        if found is not None:
            refuse_use(found, roles)
            return cast("Registry", self._guarded(found))
        return self._unnamed_registry(host)

    def pull_login(self, host: str, environment: str) -> RegistryLogin | None:
        """What hosts of that environment pull with, where the registry's integration has it.

        None where there is no such integration, or none that gives hosts anything. Raises
        IntegrationDisabled, and what reading a credential raises.
        """
        with self._database.read() as tx:
            found = integration_for(tx, Kind.REGISTRY, host)
        if found is None or PULL_PASSWORD not in found.credentials:
            return None
        refuse_use(found, None, environment)
        user = found.credentials.get(PULL_USERNAME)
        username, password = self._login(found, user, found.credentials[PULL_PASSWORD])()
        return RegistryLogin(host, username, password)

    def secret_store(self, integration: Integration) -> SecretStore:
        """Raises UnknownConnector, PluginBroken."""
        return cast("SecretStore", self._guarded(integration))

    def connected(
        self,
        kind: Kind,
        name: str,
        roles: frozenset[str] | None = None,
        environment: str = "",
    ) -> Any:
        """The connector of the integration ``name``, which is of that kind: what the contract says.

        roles: of the person who asks; None where the server itself does. environment: the one that it
        is for, "" for none in particular. Raises UnknownIntegration, IntegrationDisabled,
        UnknownConnector, PluginBroken.
        """
        with self._database.read() as tx:
            found = find_integration(tx, name).integration
        if found.kind is not kind:
            raise UnknownIntegration(
                f"the integration {name[:80]!r} is no {kind.value}, but a {found.kind.value}",
                remedy=Remedy("Name one that is.", command="stella integration list"),
                integration=name[:80],
            )
        refuse_use(found, roles, environment)
        return self._guarded(found)

    def examine(self, integration: Integration) -> Health:
        """Use it once, as if for the first time, and see how that ends."""
        begun, at = time.monotonic(), time_text(self._now())
        for reference in integration.credentials.values():
            self.broker.forget(parse_reference(reference))
        try:
            detail, outcome = self._examine(integration), Outcome.PASS
        except StellaError as refusal:
            detail, outcome = f"{refusal} ({refusal.code})", Outcome.BLOCKED
        except Exception as error:  # noqa: BLE001 - a connector's bug is its own, not the server's
            detail, outcome = f"its connector broke: {type(error).__name__}", Outcome.BLOCKED
        duration_ms = int((time.monotonic() - begun) * 1000)
        detail = bounded_text(self.redactor.masked(detail), _DETAIL_MAX)
        if outcome is Outcome.PASS:
            with self._lock:
                self._opened.pop(integration.name, None)  # it need not be left alone any longer
        return Health(integration.name, at, outcome, detail, duration_ms)

    def checks(self) -> dict[str, DoctorCheck]:
        """What plugins look at, by name. One that cannot be loaded is left out: it is refused."""
        plugins, found = self._plugins(), {}
        for one in plugins.contributions(Kind.CHECK):
            connect = self._connect_of_plugin(Kind.CHECK, one.name, (), ())
            with contextlib.suppress(PluginBroken):
                found[one.name] = plugins.check(one.name)(Connection("", connect))
        return found

    def left_alone_until(self, name: str) -> str | None:
        """Until when an integration that failed too often is not called; None where it is."""
        with self._lock:
            opened = self._opened.get(name)
        until = opened.breaker.open_until if opened else None
        return time_text(until) if until else None

    def flush_uses(self) -> None:
        """Store when integrations were last used; many uses are one row's change."""
        with self._lock:
            used, self._used = self._used, {}
        if used:
            with self._database.transaction(actor="system") as tx:
                for name, at in used.items():
                    note_use(tx, name, at)

    def _examine(self, integration: Integration) -> str:
        self.credentials.refuse_unallowed(integration)
        made = self._make(integration)
        if integration.kind is Kind.REGISTRY:
            cast("Registry", made).tags(_NO_REPOSITORY)
            return (
                "it answers, and takes our credentials" if integration.credentials else "it answers"
            )
        if integration.kind is Kind.WEBHOOK:
            for reference in integration.credentials.values():
                self.broker.secret(parse_reference(reference))
            return "its secrets are there; it reads what is sent to it"
        told = cast("_Checked", made).check()
        return told if integration.kind is Kind.SECRET_STORE else bounded_text(told, _DETAIL_MAX)

    def _guarded(self, integration: Integration) -> object:
        # Also where it is open: a login that goes on may rest on a secret that was forbidden since.
        self.credentials.refuse_unallowed(integration)
        plugins = self._plugins()
        with self._lock:
            self._used[integration.name] = time_text(self._now())
            kept = self._opened.get(integration.name)
            if kept is not None and kept.integration == integration and kept.plugins is plugins:
                return kept.made
        breaker = Breaker(
            integration.name,
            now=self._now,
            requests_per_s=integration.requests_per_s,
            # Whoever sends webhooks sends them again; a thread that waits would be missing to others.
            wait=None if integration.kind is Kind.WEBHOOK else time.sleep,
        )
        renew = partial(self.credentials.renew, integration)
        made = Guarded(self._make(integration), breaker, renew, self._now)
        with self._lock:
            self._opened[integration.name] = _Opened(integration, plugins, made, breaker)
        return made

    def _make(self, integration: Integration) -> object:
        if integration.kind is Kind.REGISTRY and self._is_simulated(integration.endpoint):
            return self._unnamed_registry(integration.endpoint)
        if integration.kind is Kind.REGISTRY:
            return self._plugins().registry(integration.connector)(
                self._registry_config(integration)
            )
        refuse_directory(integration, self._settings)
        return self._plugins().connected(integration.kind, integration.connector)(
            Connection(
                endpoint=integration.endpoint,
                connect=self._connect(integration),
                config=integration.config,
                credentials={
                    name: self.credentials.asked_for(integration, text)
                    for name, text in integration.credentials.items()
                },
                ca=integration.ca,
                proxy=integration.proxy,
                timeout_s=integration.timeout_s,
            )
        )

    def _registry_config(self, integration: Integration) -> RegistryConfig:
        given = integration.credentials
        user, password = given.get("username"), given.get("password")
        return RegistryConfig(
            host=integration.endpoint,
            plain_http=integration.config.get("plain_http") is True,
            login=self._login(integration, user, password) if password else None,
            timeout_s=integration.timeout_s,
            connect=self._connect(integration),
            ca=integration.ca,
            proxy=integration.proxy,
        )

    def _login(
        self, integration: Integration, user: str | None, password: str
    ) -> Callable[[], tuple[str, str]]:
        ask_user = self.credentials.asked_for(integration, user) if user else lambda: ""
        ask_password = self.credentials.asked_for(integration, password)
        return lambda: (ask_user(), ask_password())

    def _connect(self, integration: Integration) -> Connect:
        hosts = (_host_of(integration.endpoint), *integration.hosts)
        if integration.proxy is not None:
            hosts = (*hosts, _host_of(integration.proxy))
        return self._connect_of_plugin(
            integration.kind, integration.connector, hosts, integration.networks
        )

    def _connect_of_plugin(
        self, kind: Kind, name: str, hosts: tuple[str, ...], networks: tuple[str, ...]
    ) -> Connect:
        """To ``hosts``, and to those that the plugin's manifest names and was granted."""
        return self.connect_for(self._plugins().owner(kind, name), hosts, networks)

    def connect_for(
        self, manifest: Manifest, hosts: tuple[str, ...] = (), networks: tuple[str, ...] = ()
    ) -> Connect:
        """To ``hosts``, and to those that the manifest names."""
        needed = [
            host
            for need in manifest.needs
            if need.capability is Capability.NETWORK
            for host in need.hosts
        ]
        allowed = Allowed((*hosts, *needed), (*networks, *self._settings.networks))
        return connect_within(allowed, is_offline=self._settings.offline)

    # ------------------------------------------------------------ registries without an integration

    def _unnamed_registry(self, host: str) -> Registry:
        """Of the server's own settings, or anonymous and in the open network."""
        plugins = self._plugins()
        with self._lock:
            kept = self._unnamed.get(host)
            if kept is not None and kept[0] is plugins:
                self._unnamed.move_to_end(host)
                return kept[1]
        known = self._settings.registries.get(host)
        made: Registry
        if known is not None and self._is_simulated(host):
            made = SimulatedRegistry(Path(known.simulated_in), host)
        else:
            made = plugins.registry("oci")(self._unnamed_config(host, known))
        with self._lock:
            self._unnamed[host] = (plugins, made)
            if len(self._unnamed) > _UNNAMED_MAX:
                self._unnamed.popitem(last=False)
        return made

    def _unnamed_config(self, host: str, known: RegistrySetting | None) -> RegistryConfig:
        # Who wrote the settings has the machine; who names an image in a request has not.
        networks = _ANYWHERE if known is not None else self._settings.networks
        connect = connect_within(Allowed(None, networks), is_offline=self._settings.offline)
        if known is None:
            return RegistryConfig(host=host, connect=connect)

        def login() -> tuple[str, str]:
            password = self._of_settings(known.password)
            self.redactor.learn(password)
            return self._of_settings(known.username), password

        return RegistryConfig(
            host=host,
            plain_http=known.plain_http,
            login=login if known.username or known.password else None,
            ca_file=known.ca_file or None,
            connect=connect,
        )

    def _is_simulated(self, host: str) -> bool:
        known = self._settings.registries.get(host)
        return self._settings.simulated and known is not None and bool(known.simulated_in)

    def _of_settings(self, text: str) -> str:
        return read_here(parse_reference(text), os.environ).value


class _Checked(Protocol):
    """What everything that is reached has."""

    def check(self) -> str: ...


def _host_of(endpoint: str) -> str:
    parts = urlsplit(endpoint if "://" in endpoint else f"//{endpoint}")
    return (parts.hostname or "").lower()
