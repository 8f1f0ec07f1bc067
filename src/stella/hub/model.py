"""Integrations: how one outside service is reached, by whom, and how it was the last time."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from stella.kernel import Json, Outcome, digest_of
from stella.plugin.contract.core import Kind

_BUILT_IN = "secret://"
_WHERE = ("kind", "connector", "endpoint", "config", "hosts", "networks", "ca", "proxy")

NO_ENVIRONMENT = "-"
"""For what is surely of no environment, as a run of a workflow is: no environment has that name."""


@dataclass(frozen=True, slots=True)
class Integration:
    """One connection profile.

    kind, connector: what a plugin brings. endpoint: a URL; of a registry, its host.
    credentials: name -> reference. hosts: further hosts that it may lead to (token servers, content
    networks). networks: private networks (CIDR) that it may reach. roles: by whom it may be used;
    environments: for which; empty for all. ca: PEM of an own authority. rotate_by: the day by which
    its credentials are to be others (ISO). requests_per_s: 0 for no limit.
    """

    name: str
    kind: Kind
    connector: str
    endpoint: str
    config: dict[str, Json] = field(default_factory=dict)
    credentials: dict[str, str] = field(default_factory=dict)
    hosts: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    ca: str | None = None
    proxy: str | None = None
    timeout_s: int = 30
    requests_per_s: int = 0
    rotate_by: str | None = None
    enabled: bool = True

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        return {
            "kind": self.kind.value,
            "connector": self.connector,
            "endpoint": self.endpoint,
            "config": self.config,
            "credentials": dict(self.credentials),
            "hosts": list(self.hosts),
            "networks": list(self.networks),
            "roles": list(self.roles),
            "environments": list(self.environments),
            "ca": self.ca,
            "proxy": self.proxy,
            "timeoutS": self.timeout_s,
            "requestsPerS": self.requests_per_s,
            "rotateBy": self.rotate_by,
            "enabled": self.enabled,
        }

    @property
    def place(self) -> str:
        """Digest of all that says where its credentials are sent: what a secret is allowed for."""
        told = self.spec()
        return digest_of({key: told[key] for key in _WHERE}).text

    @property
    def brings_vex(self) -> bool:
        """Of a feed: whether its documents are VEX, by the one key of every feed's ``config``."""
        return self.config.get("content") == "vex"

    def serves(self, environments: Iterable[str]) -> bool:
        """Whether it may be used for each of them. None named is every one."""
        asked, bound = set(environments), set(self.environments)
        return not bound or (bool(asked) and asked <= bound)

    def is_for(self, roles: frozenset[str] | None) -> bool:
        """Whether somebody with these roles may use it; None: the server itself, which always may."""
        return roles is None or not self.roles or not roles.isdisjoint(self.roles)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of the built-in secrets that it uses, sorted."""
        named = {one for one in self.credentials.values() if one.startswith(_BUILT_IN)}
        return tuple(sorted(one.removeprefix(_BUILT_IN) for one in named))


@dataclass(frozen=True, slots=True)
class Known:
    """An integration as it is stored. revision: how often it was changed, from 1."""

    integration: Integration
    revision: int
    changed_at: str
    used_at: str | None


@dataclass(frozen=True, slots=True)
class Health:
    """How it was once. duration_ms: how long it took to find out."""

    integration: str
    at: str
    outcome: Outcome
    detail: str
    duration_ms: int


@dataclass(frozen=True, slots=True)
class SecretUse:
    """An integration that a secret is allowed to be sent by, to where it led then."""

    secret: str
    integration: str
    place: str
    allowed_by: str
    allowed_at: str


@dataclass(frozen=True, slots=True)
class KeptSecret:
    """What is told of a secret in the built-in store: everything but its value.

    used_by: the integrations that name it. allowed: those that may use it. waiting: those that name
    it and may not, or lead elsewhere by now. key_id: of the key under which it lies.
    """

    name: str
    version: int
    changed_at: str
    changed_by: str
    key_id: str
    used_by: tuple[str, ...] = ()
    allowed: tuple[SecretUse, ...] = ()
    waiting: tuple[str, ...] = ()
