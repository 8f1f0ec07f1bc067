"""What the routes are given. ``app/wiring.py`` makes it; nothing here picks an implementation."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Any, Protocol

from stella.advisory import Snapshot
from stella.blob import Blobs
from stella.deployment.steps import CallStep
from stella.deployment.take_down.planning import Removing
from stella.doctor import Check
from stella.hub.delivery import Taken
from stella.hub.keepers import Keepers
from stella.hub.model import Health, Integration
from stella.hub.reference import Reference
from stella.hub.store import list_integrations
from stella.identity.exchange import Exchanges
from stella.kernel import Json, StellaError
from stella.ledger import Attestor
from stella.plugin import Plugins
from stella.plugin.contract.check import DoctorCheck
from stella.plugin.contract.core import Kind, Manifest
from stella.plugin.contract.policy_pack import PackDocument
from stella.plugin.contract.registry import Registry
from stella.plugin.wheel import PluginWheel
from stella.promotion.assemble import Deciding
from stella.promotion.simulate import Turn
from stella.record import Bell, Database
from stella.sbom import LayerCache
from stella.sdk.protocol import RegistryLogin
from stella.trust import Authority, Signer, TrustRoot
from stella.workflow.definition.kinds import Kinds
from stella.workflow.rehearse import Rehearsal, Script
from stella.workflow.trigger.model import Events

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Limits:
    """Spans and sizes, as the settings give them."""

    session_hours: int
    login_hours: int
    request_bytes_max: int
    order_life_s: int


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """What the server signs with. hook_token: what registries show with their notifications."""

    evidence: Signer
    orders: Signer
    sbom: Signer
    hook_token: str

    @property
    def root(self) -> TrustRoot:
        """The public halves, as verifiers are given them."""
        signers = {"evidence": self.evidence, "orders": self.orders, "sbom": self.sbom}
        return TrustRoot({name: signer.public for name, signer in signers.items()})


@dataclass(frozen=True, slots=True)
class Plugging:
    """The plugins of this server. ``app/plugin_host.py`` is behind it.

    current: those that are used now. look: looked up anew. beside: those installed beside the server.
    place: lets a version's folder hold a wheel. manifest: (name, version; empty for the one beside)
    -> its manifest. forget: removes the files of a version. changed: versions in use whose files are
    not those of their wheels, and why. close: ends every process of a plugin. documents: name ->
    (policy pack, document), all that it brings.
    """

    current: Callable[[], Plugins]
    look: Callable[[], Plugins]
    beside: Plugins
    place: Callable[[PluginWheel], None]
    manifest: Callable[[str, str], Manifest | None]
    forget: Callable[[str, str], None]
    changed: Callable[[], Sequence[tuple[str, str]]]
    close: Callable[[], None]
    documents: Callable[[str], Sequence[tuple[str, PackDocument]]]


class Connected(Protocol):
    """The connector of an integration, as its kind's contract says.

    roles: of the person who asks; None where the server itself does. environment: the one that it is
    for, "" for none in particular.
    """

    def __call__(
        self, kind: Kind, name: str, roles: frozenset[str] | None = None, environment: str = ""
    ) -> Any:
        """Raises UnknownIntegration, IntegrationDisabled, UnknownConnector, PluginBroken."""


@dataclass(frozen=True, slots=True)
class Outside:
    """Integrations as they are used. ``app/hub.py`` is behind it.

    registry: (host, roles of who asks; None where the server does) -> connector.
    examine: uses an integration once. left_alone_until: of one that failed too often.
    forget: a secret is read anew at its next use. keys: of the built-in store, as they are now;
    renew_key: a new one is the active one; retire_keys: nothing lies under any but these; rotating:
    held from the one to the other, or one rotation would retire the key that another has just made.
    flush_uses: stores when integrations were last used. masked: text without secrets that were read.
    checks: name -> what a plugin looks at. unresolved: credentials of an integration that
    lead nowhere. deployed: (reference, environment) -> the secret, for a host of it; pull_login:
    (registry, environment) -> what such a host pulls with.
    settle: gives back what stores made for what is used no more; close: gives back all.
    """

    registry: Callable[[str, frozenset[str] | None], Registry]
    examine: Callable[[Integration], Health]
    left_alone_until: Callable[[str], str | None]
    forget: Callable[[Reference | None], None]
    keys: Callable[[], Keepers]
    renew_key: Callable[[], Keepers]
    retire_keys: Callable[[frozenset[str]], None]
    rotating: AbstractContextManager[object]
    flush_uses: Callable[[], None]
    masked: Callable[[str], str]
    checks: Callable[[], Mapping[str, DoctorCheck]]
    connected: Connected
    unresolved: Callable[[Integration], Sequence[tuple[str, StellaError]]]
    deployed: Callable[[str, str], str]
    pull_login: Callable[[str, str], RegistryLogin | None]
    settle: Callable[[], object]
    close: Callable[[], None]


class Webhooks(Protocol):
    """The way in. ``app/webhooks.py`` is behind it. bell: rung when something is to be handled."""

    bell: Bell

    async def receive(
        self, name: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[Taken, str]:
        """How a delivery was taken, and what its service wants as answer.

        Raises WebhookForged, WebhookTooOld, WebhookMalformed, WebhookNotTaken.
        """
        ...

    def flush_refusals(self) -> None:
        """Store how many deliveries were refused."""
        ...

    def close(self) -> None:
        """Nothing is taken any more."""
        ...


class Simulations(Protocol):
    """The turns of simulations. ``app/simulating.py`` is behind it."""

    def turn(self) -> AbstractContextManager[Turn]:
        """The one there is. Raises SimulationIsBusy where it does not come soon."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of one running server.

    open_registry: host -> connector. outside: integrations as they are used.
    snapshot: the advisories to match against now; None where there are none.
    random: how many bytes -> that many random ones.
    sealed: rung when facts have been given their place in the chain; the event stream waits on it.
    deciding: what decisions are made with. removing: what take-downs need.
    stopping: set when the server ends, so that long requests end too.
    url, agents_url: as people and agents reach it. is_https: whether people reach it by TLS.
    schema: the revision of the tables that this version brings.
    advisories, console: None where there is none. failed_runs: facts whose handlers gave up.
    simulating: the turns of simulations, which no decision waits for.
    close_policies: ends the processes in which policies are asked. webhooks: the way in.
    call_step: of a deployment or a run. kinds: the types of steps that workflows have now; events:
    what triggers can hear of.
    rehearsed: how a run would go, with played steps.
    exchanges: what is kept between two exchanges of tokens. seal: the key of what browsers keep.
    checks: what the doctor looks at. told: what a support bundle tells of this server, file name ->
    JSON. log_tail: the last lines. attestor: the ledger, and who certifies what goes into it.
    """

    database: Database
    schema: str
    blobs: Blobs
    keys: ServerKeys
    authority: Authority
    attestor: Attestor
    layers: LayerCache
    open_registry: Callable[[str], Registry]
    outside: Outside
    exchanges: Exchanges
    seal: bytes
    plugging: Plugging
    deciding: Deciding
    removing: Removing
    snapshot: Callable[[], Snapshot | None]
    random: Callable[[int], bytes]
    limits: Limits
    data: Path
    url: str
    agents_url: str
    is_https: bool
    is_behind_proxy: bool
    simulated: bool
    registries: tuple[str, ...]
    advisories: Path | None
    console: Path | None
    sealed: Bell
    looks: Bell
    stopping: Event
    failed_runs: Callable[[], tuple[str, ...]]
    simulating: Simulations
    close_policies: Callable[[], None]
    checks: Callable[[], tuple[Check, ...]]
    told: Callable[[], Mapping[str, Json]]
    log_tail: Callable[[], str]
    webhooks: Webhooks
    call_step: CallStep
    kinds: Callable[[], Kinds]
    events: Events
    rehearsed: Callable[[Mapping[str, Json], Kinds, Script], Rehearsal]

    @property
    def plugins(self) -> Plugins:
        """Those that are used now."""
        return self.plugging.current()

    @property
    def trust_root(self) -> TrustRoot:
        """Whom a reader of this server's evidence believes."""
        return self.keys.root

    def integrations_seen(self) -> Sequence[Health]:
        """How each integration that is switched on is now."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self.outside.examine, self.enabled_integrations()))

    def enabled_integrations(self) -> Sequence[Integration]:
        """Those that are switched on."""
        with self.database.read() as tx:
            listed = [one.integration for one in list_integrations(tx)]
        return [one for one in listed if one.enabled]

    def stop(self) -> None:
        """Let every long request end."""
        self.stopping.set()
        self.sealed.ring()
        self.looks.ring()
        self.database.bell.ring()
        self.webhooks.bell.ring()
