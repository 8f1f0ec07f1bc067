"""What the control plane tells an agent, signed; and what the agent tells back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from stella.kernel import Digest, Json, Remedy, digest_of
from stella.plugin.contract.core import Need
from stella.plugin.contract.target import Running, TargetIntent, TargetPlan
from stella.plugin.reached import Reach
from stella.plugin.wire import from_wire, to_wire
from stella.trust import ORDER, PublicKey, Signer, WrongStatement, sign_statement, verify_bundle


class Purpose(StrEnum):
    """What an order is for. ``undo`` brings back what ran before a deployment that failed.

    ``take_down`` takes away what runs; an agent of before there was that cannot read such an order.
    """

    DEPLOY = "deploy"
    UNDO = "undo"
    TAKE_DOWN = "take_down"


class OrderOutcome(StrEnum):
    """How an order ended. ``failed`` is a verdict on the release, ``errored`` could not run."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    ERRORED = "errored"


@dataclass(frozen=True, slots=True)
class PluginReference:
    """One version of a plugin that was installed from a wheel, and what it may do there.

    wheel: digest of its bytes.
    """

    name: str
    version: str
    wheel: Digest
    granted: tuple[Need, ...]


@dataclass(frozen=True, slots=True)
class OrderContent:
    """One order as it is signed. agent: the only one that may carry it out, until ``expires_at``.

    sticker: the text of ``stella.version.json``, or None where there is none to place. plugin: who
    brings the connector; None where it is installed beside the agent. reach: the way to the host from
    the agent; None where that is the agent's own.
    """

    order: str
    agent: str
    deployment: str
    target: str
    purpose: Purpose
    issued_at: datetime
    expires_at: datetime
    intent: TargetIntent
    plan: TargetPlan
    sticker: str | None = None
    plugin: PluginReference | None = None
    reach: Reach | None = None


@dataclass(frozen=True, slots=True)
class OrderResult:
    """How an order ended on the host. code, message: of the refusal; None where it succeeded.

    running: the project's containers afterwards.
    """

    outcome: OrderOutcome
    started_at: datetime
    ended_at: datetime
    code: str | None = None
    message: str | None = None
    running: tuple[Running, ...] = ()


@dataclass(frozen=True, slots=True)
class ConnectorState:
    """A target connector on an agent, and the engine behind it: its version, or why it has none."""

    kind: str
    version: str
    engine: str | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class ProjectState:
    """What runs of one project now. problem: why that could not be seen; None where it could."""

    project: str
    connector: str
    target: str
    running: tuple[Running, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class AgentReport:
    """What an agent says with each heartbeat. version: of the agent program. reaches: by which ways it
    can reach other hosts (``ssh``, ``winrm``).
    """

    version: str
    connectors: tuple[ConnectorState, ...] = ()
    projects: tuple[ProjectState, ...] = ()
    reaches: tuple[str, ...] = ()


def plan_json(plan: TargetPlan) -> Json:
    """A plan as it is shown, hashed and sent."""
    return to_wire(plan)


def sign_order(signer: Signer, content: OrderContent) -> bytes:
    """The order as a signed in-toto statement about its plan, in a Sigstore bundle."""
    return sign_statement(
        signer,
        subject_name=content.order,
        subject=digest_of(plan_json(content.plan)),
        predicate_type=ORDER,
        predicate=to_wire(content),
    )


def read_order(bundle: bytes, keys: Iterable[PublicKey]) -> OrderContent:
    """The order in ``bundle``, signed by one of ``keys`` over exactly this plan.

    Raises BadSignature, MalformedEnvelope, MalformedWire, WrongStatement.
    """
    statement = verify_bundle(bundle, keys, predicate_type=ORDER)
    content = from_wire(OrderContent, statement.predicate)
    if statement.subject != digest_of(plan_json(content.plan)):
        raise WrongStatement(
            f"the order {content.order} carries another plan than the one it is signed for",
            remedy=Remedy("Order it again."),
            order=content.order,
        )
    return content
