"""Something that can be deployed to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

from stella.kernel import Digest, Json


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


@dataclass(frozen=True, slots=True)
class AwsSigning:
    """Sign a request with AWS Signature Version 4. Each value may be a secret reference.

    session_token: of short-lived keys; empty where there is none.
    """

    service: str
    region: str
    access_key_id: str = "env://AWS_ACCESS_KEY_ID"
    secret_access_key: str = "env://AWS_SECRET_ACCESS_KEY"
    session_token: str = ""


@dataclass(frozen=True, slots=True)
class HostRequest:
    """One HTTP exchange that the agent does for a connector, with what its host reaches.

    endpoint: ``https://host[:port]``, or a secret reference that stands for it. path: what follows,
    with its query. headers: a value may be a secret reference. ca: an own authority, PEM, or a secret
    reference that stands for it. plain_http: http may be spoken beyond loopback. timeout_s: for the
    whole exchange, 120 at most. bytes_max: of the answer, 4 MiB at most.
    """

    method: str
    endpoint: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    ca: str | None = None
    plain_http: bool = False
    signing: AwsSigning | None = None
    timeout_s: int = 30
    bytes_max: int = 1024 * 1024


@dataclass(frozen=True, slots=True)
class HostResponse:
    """A whole answer, whatever its status. headers: names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


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
        value may be a secret reference (``env://NAME``, ``file:///PATH``, or one of a secret store
        that stands in the order), resolved now, for this command, and masked wherever it shows;
        ``docker_login`` gives a login. Raises CommandFailed, CommandMissing, CommandTimedOut,
        SecretUnresolved.
        """
        ...

    def send(self, request: HostRequest) -> HostResponse:
        """One HTTP exchange, over TLS that is verified; no redirect to another host is followed.

        Secret references in it are resolved now, for this exchange, and masked wherever they show.
        An answer is returned whatever its status. Raises ServiceUnreachable (no whole answer in
        time), ServiceRefused (an endpoint that cannot be used), SecretUnresolved.
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
        """The version of what runs the containers there. Raises EngineUnreachable, CommandMissing.

        EngineUnreachable with the fact ``absent``: nobody has set this host up for it. The agent does
        not name the connector then, unless it has deployed by it.
        """
        ...


class TakesDown(Protocol):
    """What a target connector that can also take away what it started does besides.

    One without it still deploys; a take-down that would need it is refused before anything is touched.
    """

    def plan_removal(self, intent: TargetIntent) -> TargetPlan:
        """The actions that take away everything of ``intent.project``; pure, as ``plan`` is.

        intent: as it was deployed last, so that stopping is as patient as the configuration says. The
        last action is ``place_sticker``: the agent places one that says that nothing runs.
        """
        ...

    def remove(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        """Stop and remove the project's containers, then the networks that were made for them.

        Only what carries the project's label, and never a volume. What is gone already is removed:
        again after a crash it goes on. Raises CommandFailed, EngineUnreachable.
        """
        ...


def taking_down(connector: TargetConnector) -> TakesDown | None:
    """The same connector where it can take down; None where it was written before there was that.

    One that runs in a process of its own may still say so when it is asked (NotSupported).
    """
    can = all(callable(getattr(connector, name, None)) for name in ("plan_removal", "remove"))
    return cast("TakesDown", connector) if can else None
