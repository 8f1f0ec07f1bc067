"""What a plugin is: a manifest as data, and a factory for each thing it contributes.

``stella.sdk`` re-exports this module; plugin authors, ourselves included, import it from there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from stella.kernel import Digest, Json, Outcome

if TYPE_CHECKING:
    import socket

SDK_VERSION = 1


class Capability(StrEnum):
    """What a plugin may ask for. The host grants or refuses, with all reasons at once."""

    NETWORK = "network"
    READ_SECRET = "read_secret"
    FILES = "files"
    RUN_COMMAND = "run_command"
    DOCKER = "docker"


class Kind(StrEnum):
    """What a plugin may contribute. Each kind has its contract below, its fake and its kit."""

    REGISTRY = "registry"
    TARGET = "target"
    SECRET_STORE = "secret_store"
    CHECK = "check"


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
    the forms of the console are drawn from it.
    """

    kind: Kind
    name: str
    title: str
    config_schema: Mapping[str, Json]
    credentials: tuple[Credential, ...] = ()


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
    """What the entry point in group ``stella.plugins`` names: a factory for each contribution.

    registries: name -> factory of a registry connector from its configuration.
    targets: name -> factory of a target connector.
    secret_stores: name -> factory of a secret store from its connection.
    checks: name -> factory of a check of the doctor. Its connection has no endpoint: ``connect`` leads
    to the hosts that the manifest names.
    """

    registries: "Mapping[str, Callable[[RegistryConfig], Registry]]" = field(default_factory=dict)
    targets: "Mapping[str, Callable[[], TargetConnector]]" = field(default_factory=dict)
    secret_stores: "Mapping[str, Callable[[Connection], SecretStore]]" = field(default_factory=dict)

    checks: "Mapping[str, Callable[[Connection], DoctorCheck]]" = field(default_factory=dict)

    def names(self, kind: Kind) -> frozenset[str]:
        """What it has factories for."""
        made: dict[Kind, Mapping[str, object]] = {
            Kind.REGISTRY: self.registries,
            Kind.TARGET: self.targets,
            Kind.SECRET_STORE: self.secret_stores,
            Kind.CHECK: self.checks,
        }
        return frozenset(made[kind])


# ---------------------------------------------------------------- connections


Connect = Callable[[str, int, float], "socket.socket"]
"""(host, port, timeout in seconds) -> a connected TCP socket, where the host lets it be reached.
Raises ConnectorsOff, HostNotGranted, OSError."""


@dataclass(frozen=True, slots=True)
class Connection:
    """How to reach one service, as its connection profile says.

    endpoint: URL. config: what ``config_schema`` allows. credentials: name -> the secret, asked for
    at each use and never kept. ca: PEM of an own authority. proxy: URL. connect: the only way to
    the network; a connector never opens a socket by itself.
    """

    endpoint: str
    connect: "Connect" = field(repr=False)
    config: Mapping[str, Json] = field(default_factory=dict)
    credentials: Mapping[str, Callable[[], str]] = field(default_factory=dict, repr=False)
    ca: str | None = None
    proxy: str | None = None
    timeout_s: int = 30


# ---------------------------------------------------------------- checks


@dataclass(frozen=True, slots=True)
class Found:
    """One thing that a check looked at. fix: one sentence or command; empty where it passed."""

    outcome: Outcome
    detail: str
    fix: str = ""


class DoctorCheck(Protocol):
    """Something that ``stella doctor`` looks at."""

    def examine(self) -> tuple[Found, ...]:
        """What was found; nothing is changed by looking."""
        ...


# ---------------------------------------------------------------- secret stores


@dataclass(frozen=True, slots=True)
class Secret:
    """What a reference led to. Its value shows in no text of it.

    version: as the store names it; empty where it has none. expires_at: when the store ends it (a
    short-lived credential), None where it does not say. lease: what ``renew`` and ``revoke`` name.
    """

    value: str = field(repr=False)
    version: str = ""
    expires_at: datetime | None = None
    lease: str | None = None


class SecretStore(Protocol):
    """Where secrets lie. All calls raise ``SecretStoreUnreachable``, ``SecretStoreRefused``,
    ``SecretNotFound``.
    """

    def read(self, path: str, key: str | None) -> Secret:
        """The secret at ``path`` (``kv/shop/database``); ``key`` names one field where it has
        several. Nothing that a refusal says holds a part of it.
        """
        ...

    def revoke(self, lease: str) -> None:
        """End a short-lived credential before its time; one that has ended already is no refusal."""
        ...

    def check(self) -> str:
        """Who we are there, in a few words: reached, logged in, without reading any secret."""
        ...


# ---------------------------------------------------------------- registries


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """How to reach one registry.

    host: ``name[:port]`` as it stands in image references.
    plain_http: talk HTTP, not HTTPS. True without asking only for loopback hosts.
    login: gives user and password, asked for at each use and never kept; None for anonymous.
    connect: the way to the network; None for any. ca_file, ca: an own authority, as a file of PEM or
    as its text. proxy: URL of the one that is used in any case.
    """

    host: str
    plain_http: bool = False
    login: Callable[[], tuple[str, str]] | None = field(default=None, repr=False)
    ca_file: str | None = None
    timeout_s: int = 30
    connect: Connect | None = field(default=None, repr=False)
    ca: str | None = None
    proxy: str | None = None


@dataclass(frozen=True, slots=True)
class Descriptor:
    """An OCI content descriptor (image-spec, "Descriptors"). ``size`` in bytes."""

    media_type: str
    digest: Digest
    size: int
    artifact_type: str | None = None
    platform: str | None = None  # "linux/amd64", "linux/arm64/v8"
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RawManifest:
    """A manifest or index exactly as the registry sent it; ``digest`` is computed over ``content``."""

    media_type: str
    digest: Digest
    content: bytes


class Registry(Protocol):
    """One registry, by the OCI distribution specification 1.1.

    ``repository`` is the path without the host (``shop/web``); ``reference`` a tag or digest text.
    All calls raise the refusals of ``stella.image.errors``: unreachable, not found, not allowed,
    malformed or too large, digest mismatch.
    """

    host: str

    def manifest(self, repository: str, reference: str) -> RawManifest:
        """The manifest, its bytes verified against the digest asked for or announced."""
        ...

    def blob(
        self, repository: str, descriptor: Descriptor
    ) -> AbstractContextManager[Iterator[bytes]]:
        """The blob as chunks, bounded by and verified against the descriptor at the end."""
        ...

    def put_blob(self, repository: str, content: bytes) -> Descriptor:
        """Upload; a blob that is already there costs one HEAD."""
        ...

    def put_manifest(
        self, repository: str, content: bytes, *, media_type: str, tag: str | None = None
    ) -> Digest:
        """Upload by digest, or under ``tag`` as well."""
        ...

    def referrers(
        self, repository: str, subject: Digest, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """What is attached to ``subject``: by the referrers API, else by the fallback tag."""
        ...

    def attach(self, repository: str, manifest: bytes) -> Digest:
        """Upload an artifact manifest that names a ``subject``; keeps the fallback tag's index."""
        ...

    def tags(self, repository: str) -> tuple[str, ...]:
        """Every tag, sorted; empty where the repository does not exist."""
        ...


# ---------------------------------------------------------------- targets


@dataclass(frozen=True, slots=True)
class ServicePlan:
    """One service of a release on one target.

    image: repository with digest, never a tag: ``127.0.0.1:5000/shop/web@sha256:...``.
    platform_digests: the platform manifests under it; what a pull may lead to.
    settings: of this service as the target's configuration gives them (ports, env, health, ...);
        what may stand there is the connector's ``config_schema``.
    """

    component: str
    image: str
    digest: Digest
    platform_digests: tuple[Digest, ...]
    settings: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TargetIntent:
    """What the control plane wants of one target; the input of ``plan``.

    project: groups what belongs together on the host (``shop``); label ``stella.project``.
    config: the target's own settings (for compose: the user's compose file as data).
    """

    deployment: str
    release: str
    release_digest: Digest
    version: str
    environment: str
    target: str
    project: str
    services: tuple[ServicePlan, ...]
    config: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """One step on the host, as data: shown to the approver, hashed, then executed as it stands.

    verb: what it is for ("pull", "verify", "start", "wait_healthy", "retire", "place_sticker").
    argv: the command for people and for the script artifact, or empty where the agent does it itself.
    """

    verb: str
    subject: str
    argv: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TargetPlan:
    """What will happen on one target. ``files``: name -> text that is placed before the actions.

    Independent of the host's present state and of ids or times, so that the same intent gives the
    same bytes: the deployment's id reaches the host in the order, not in the plan.
    """

    connector: str
    target: str
    actions: tuple[Action, ...]
    files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Running:
    """One container that a target reports. ``digest`` None: the engine knows no registry digest."""

    component: str | None
    name: str
    image: str
    digest: Digest | None
    state: str
    healthy: bool | None
    release: str | None = None
    deployment: str | None = None


class Host(Protocol):
    """What an agent hands to a target connector: the only way it may touch the machine.

    It belongs to one project and has a state directory for it.
    """

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout_s: int,
        stdin: bytes | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """Run a command in the state directory, never through a shell: its standard output.

        What it writes to standard error is logged live. environment: added to the agent's own; a
        value may be a secret reference (``env://NAME``, ``file:///PATH``), resolved here and
        masked wherever it shows. Raises CommandFailed, CommandMissing, CommandTimedOut,
        SecretUnresolved.
        """
        ...

    def write(self, name: str, content: bytes) -> str:
        """Place a file atomically in this project's state directory; its absolute path."""
        ...

    def read(self, name: str) -> bytes | None:
        """A file of this project's state directory, or None."""
        ...

    def log(self, line: str) -> None:
        """One line of progress, sent to the control plane live. Secrets are masked."""
        ...

    def wait(self, seconds: float) -> None:
        """Let time pass on the host."""
        ...


class TargetConnector(Protocol):
    """One kind of target. ``plan`` runs in the control plane and is pure; the rest on the agent."""

    def plan(self, intent: TargetIntent) -> TargetPlan:
        """The actions and generated files for ``intent``. Raises a refusal for a bad configuration."""
        ...

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Carry the plan out; again after a crash it converges and starts nothing twice.

        The agent itself carries out ``place_sticker``, once this has returned.

        On any failure what ran before keeps serving or serves again, and the refusal says why:
        ``PullDigestMismatch``, ``PullFailed``, ``UnhealthyAfterStart``, ``CommandFailed``.
        """
        ...

    def inspect(self, project: str, host: Host) -> Iterable[Running]:
        """What runs now, by the labels ``stella.project`` and ``stella.component``."""
        ...

    def engine(self, host: Host) -> str:
        """The version of what runs the containers there. Raises EngineUnreachable, CommandMissing."""
        ...
