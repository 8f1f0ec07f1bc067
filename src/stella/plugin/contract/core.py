"""What a plugin is: a manifest as data, and a factory for each thing it contributes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from stella.kernel import Json

if TYPE_CHECKING:
    from stella.plugin.contract.check import DoctorCheck
    from stella.plugin.contract.ci import Ci
    from stella.plugin.contract.connection import Connection
    from stella.plugin.contract.directory import Directory
    from stella.plugin.contract.feed import Feed
    from stella.plugin.contract.identity_provider import IdentityProvider
    from stella.plugin.contract.language_model import LanguageModel
    from stella.plugin.contract.metrics import MetricSource
    from stella.plugin.contract.notifier import Notifier
    from stella.plugin.contract.object_store import ObjectStore
    from stella.plugin.contract.policy_pack import PolicyPack
    from stella.plugin.contract.registry import Registry, RegistryConfig
    from stella.plugin.contract.router import Router
    from stella.plugin.contract.scm import Scm
    from stella.plugin.contract.secret_store import SecretStore
    from stella.plugin.contract.step import Step
    from stella.plugin.contract.target import TargetConnector
    from stella.plugin.contract.webhook import Webhook

SDK_VERSION = 1


class Capability(StrEnum):
    """What a plugin may ask for. The host grants or refuses, with all reasons at once."""

    NETWORK = "network"
    READ_SECRET = "read_secret"
    FILES = "files"
    RUN_COMMAND = "run_command"
    DOCKER = "docker"


class Kind(StrEnum):
    """What a plugin may contribute. Each kind has its contract, its fake and its kit."""

    REGISTRY = "registry"
    TARGET = "target"
    SECRET_STORE = "secret_store"
    CHECK = "check"
    SCM = "scm"
    CI = "ci"
    WEBHOOK = "webhook"
    OBJECT_STORE = "object_store"
    NOTIFIER = "notifier"
    DIRECTORY = "directory"
    IDENTITY_PROVIDER = "identity_provider"
    STEP = "step"
    FEED = "feed"
    ROUTER = "router"
    METRICS = "metrics"
    LANGUAGE_MODEL = "language_model"
    POLICY_PACK = "policy_pack"


@dataclass(frozen=True, slots=True)
class Need:
    """One capability that is asked for. hosts: of the network; a name, ``*.name``, or what its
    connections name where it is empty.
    """

    capability: Capability
    hosts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may take, enforced by the host."""

    timeout_s: int = 300
    memory_bytes: int = 512 * 1024 * 1024
    attempts_max: int = 3


@dataclass(frozen=True, slots=True)
class Credential:
    """A secret that a connection needs, given by reference. title: for people."""

    name: str
    title: str
    required: bool = True


@dataclass(frozen=True, slots=True)
class Contribution:
    """One thing that a plugin brings.

    name: unique among all of its kind. config_schema: JSON Schema (2020-12) of its configuration;
    the forms of the console are drawn from it. schemes: what the endpoint of its connection may begin
    with; none where it has no endpoint. output_schema: of a step, what it leaves for later ones.
    uses: of a step, the inputs that name an integration, and of which kind that is: ``USABLE`` ones.
    """

    kind: Kind
    name: str
    title: str
    config_schema: Mapping[str, Json]
    credentials: tuple[Credential, ...] = ()
    schemes: tuple[str, ...] = ("https", "http")
    output_schema: Mapping[str, Json] = field(default_factory=dict)
    uses: Mapping[str, Kind] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Manifest:
    """A plugin's description of itself: ``stella-plugin.json`` beside the module that its entry
    point names. Data only, read without running any of its code.

    sdk: the version of the contract that it speaks.
    """

    name: str
    version: str
    publisher: str
    sdk: int
    title: str
    needs: tuple[Need, ...]
    contributes: tuple[Contribution, ...]
    limits: Limits = Limits()

    def contribution(self, kind: Kind, name: str) -> Contribution | None:
        """What it brings under that name."""
        found = (one for one in self.contributes if (one.kind, one.name) == (kind, name))
        return next(found, None)


@dataclass(frozen=True, slots=True)
class Plugin:
    """What the entry point in group ``stella.plugins`` names: name -> factory, for each kind.

    A registry is made from its configuration, a target connector from nothing, everything else from
    its connection. The connection of a check, a step and a policy pack has no endpoint: ``connect``
    leads to the hosts that the manifest names.
    """

    registries: "Mapping[str, Callable[[RegistryConfig], Registry]]" = field(default_factory=dict)
    targets: "Mapping[str, Callable[[], TargetConnector]]" = field(default_factory=dict)
    secret_stores: "Mapping[str, Callable[[Connection], SecretStore]]" = field(default_factory=dict)
    checks: "Mapping[str, Callable[[Connection], DoctorCheck]]" = field(default_factory=dict)
    scms: "Mapping[str, Callable[[Connection], Scm]]" = field(default_factory=dict)
    cis: "Mapping[str, Callable[[Connection], Ci]]" = field(default_factory=dict)
    webhooks: "Mapping[str, Callable[[Connection], Webhook]]" = field(default_factory=dict)
    object_stores: "Mapping[str, Callable[[Connection], ObjectStore]]" = field(default_factory=dict)
    notifiers: "Mapping[str, Callable[[Connection], Notifier]]" = field(default_factory=dict)
    directories: "Mapping[str, Callable[[Connection], Directory]]" = field(default_factory=dict)
    identity_providers: "Mapping[str, Callable[[Connection], IdentityProvider]]" = field(
        default_factory=dict
    )
    steps: "Mapping[str, Callable[[Connection], Step]]" = field(default_factory=dict)
    feeds: "Mapping[str, Callable[[Connection], Feed]]" = field(default_factory=dict)
    routers: "Mapping[str, Callable[[Connection], Router]]" = field(default_factory=dict)
    metric_sources: "Mapping[str, Callable[[Connection], MetricSource]]" = field(
        default_factory=dict
    )
    language_models: "Mapping[str, Callable[[Connection], LanguageModel]]" = field(
        default_factory=dict
    )
    policy_packs: "Mapping[str, Callable[[Connection], PolicyPack]]" = field(default_factory=dict)

    def factories(self, kind: Kind) -> Mapping[str, Callable[..., Any]]:
        """Name -> factory of everything of that kind."""
        found: Mapping[str, Callable[..., Any]] = getattr(self, FACTORIES[kind])
        return found

    def names(self, kind: Kind) -> frozenset[str]:
        """What it has factories for."""
        return frozenset(self.factories(kind))


FACTORIES: Mapping[Kind, str] = {
    Kind.REGISTRY: "registries",
    Kind.TARGET: "targets",
    Kind.SECRET_STORE: "secret_stores",
    Kind.CHECK: "checks",
    Kind.SCM: "scms",
    Kind.CI: "cis",
    Kind.WEBHOOK: "webhooks",
    Kind.OBJECT_STORE: "object_stores",
    Kind.NOTIFIER: "notifiers",
    Kind.DIRECTORY: "directories",
    Kind.IDENTITY_PROVIDER: "identity_providers",
    Kind.STEP: "steps",
    Kind.FEED: "feeds",
    Kind.ROUTER: "routers",
    Kind.METRICS: "metric_sources",
    Kind.LANGUAGE_MODEL: "language_models",
    Kind.POLICY_PACK: "policy_packs",
}
"""Kind -> the field of ``Plugin`` that holds its factories."""

CONNECTED = frozenset(
    {
        Kind.REGISTRY,
        Kind.SECRET_STORE,
        Kind.SCM,
        Kind.CI,
        Kind.WEBHOOK,
        Kind.OBJECT_STORE,
        Kind.NOTIFIER,
        Kind.DIRECTORY,
        Kind.IDENTITY_PROVIDER,
        Kind.FEED,
        Kind.ROUTER,
        Kind.METRICS,
        Kind.LANGUAGE_MODEL,
    }
)
"""What an integration can be of: the kinds that are reached by an endpoint and credentials."""

USABLE = frozenset(
    {
        Kind.SCM,
        Kind.CI,
        Kind.OBJECT_STORE,
        Kind.NOTIFIER,
        Kind.ROUTER,
        Kind.METRICS,
    }
)
"""Of which kinds a step may use integrations: none that gives secrets, or lets anybody in."""
