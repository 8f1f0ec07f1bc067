"""Steps that are use cases of this server: done in one transaction, by the right of who started the run."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from stella.app.carrying import Work
from stella.finding.lifecycle import ScanState
from stella.finding.scan import request_scan
from stella.finding.store import scan_by_id
from stella.identity import Permission, Role, permissions_of
from stella.identity.people import present
from stella.kernel import Json, Remedy, StellaError
from stella.plugin.crossing import bounded_text
from stella.plugin.refusals import StepFailed
from stella.promotion.lifecycle import PROMOTION, State
from stella.promotion.request import request_promotion
from stella.promotion.store import find_promotion
from stella.record import Tx
from stella.release.create import create_release, resolve_components
from stella.workflow.definition.kinds import StepKind, Way, object_schema
from stella.workflow.definition.model import DAY_S
from stella.workflow.errors import NotAskedNow, WaitedForFailed
from stella.workflow.run.lifecycle import NodeState
from stella.workflow.run.model import Node, NodeEnding, Run

MESSAGE_MAX = 1000

Inputs: TypeAlias = Mapping[str, Any]
Found: TypeAlias = NodeEnding | str
"""How it ended, or what it waits for: ``KIND:ID``."""


@dataclass(frozen=True, slots=True)
class Act:
    """A step that a use case does. needs: what who started the run has to be allowed.

    prepare: asks the world outside first, with these roles and no transaction open. do: takes what that
    found.
    """

    kind: StepKind
    needs: Permission
    do: Callable[[Tx, Work, Run, Inputs, Any], Found]
    prepare: Callable[[Work, frozenset[str], Inputs], Any] | None = None


def act_out(act: Act, tx: Tx, work: Work, begun: tuple[Run, Node], prepared: Any) -> Found:
    """Do it, by the right of who started the run. Raises what the use case refuses."""
    run, node = begun
    refuse_unallowed(tx, run, act.needs, act.kind.name)
    return act.do(tx, work, run, node.inputs or {}, prepared)


def roles_left(tx: Tx, by: str, roles: Iterable[str]) -> frozenset[str]:
    """Of the roles with which somebody asked, those whose every right they have still.

    Who is let in no more has none. A machine is its issuer's word, which was for what it asked.
    """
    if by.startswith("mch_"):
        return frozenset(roles)
    person = present(tx, (by,)).get(by)
    now = permissions_of(person.roles) if person is not None else frozenset()
    return frozenset(one for one in roles if permissions_of((Role(one),)) <= now)


def refuse_unallowed(tx: Tx, run: Run, needed: Permission, uses: str) -> frozenset[str]:
    """The roles by which a step of it is done now. Raises NotAskedNow where they do not allow that."""
    roles = roles_left(tx, run.by, run.roles)
    if needed not in permissions_of(Role(one) for one in roles):
        raise NotAskedNow(
            f"whoever started the run may not do that: {uses} needs {needed.value}",
            remedy=Remedy("Let somebody start it who may.", f"stella run retry {run.id}"),
            run=run.id,
            permission=needed.value,
        )
    return roles


def how_it_stands(tx: Tx, what: str) -> NodeEnding | None:
    """What ``KIND:ID`` came to; None while it goes on."""
    kind, _, subject = what.partition(":")
    look = _LOOKS.get(kind)
    return look(tx, subject) if look else None


def _promote(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    del prepared
    made = request_promotion(
        tx,
        work.proving.person_of(tx, run.by),
        release=str(inputs["release"]),
        environment=str(inputs["environment"]),
        reason=str(inputs.get("reason", "")) or f"{run.workflow}, {run.id}",
        change_ticket=str(inputs.get("changeTicket", "")),
    )
    if not inputs.get("wait", True):
        outputs = {"promotion": made.id, "state": made.state.value, "deployment": ""}
        return NodeEnding(NodeState.SUCCEEDED, summary=f"{made.id} is asked for", outputs=outputs)
    return f"promotion:{made.id}"


def _promotion(tx: Tx, subject: str) -> NodeEnding | None:
    found = find_promotion(tx, subject)
    if not PROMOTION.is_final(found.state):
        return None
    outputs = {
        "promotion": found.id,
        "state": found.state.value,
        "deployment": found.deployment or "",
    }
    if found.state is State.DEPLOYED:
        summary = f"{found.id} is deployed in {found.environment}"
        return NodeEnding(NodeState.SUCCEEDED, summary=summary, outputs=outputs)
    state = NodeState.ERRORED if found.state is State.ERRORED else NodeState.FAILED
    message = f"{found.id} into {found.environment} is {found.state.value} (stella why {found.id})"
    return NodeEnding(state, WaitedForFailed.code, message)


def _resolve(work: Work, roles: frozenset[str], inputs: Inputs) -> Any:
    return resolve_components(
        lambda host: work.registry_for(host, roles), dict(inputs["components"])
    )


def _create(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    del run
    made = create_release(
        tx,
        work.blobs,
        name=str(inputs["name"]),
        version=str(inputs["version"]),
        components=prepared,
        channel=str(inputs.get("channel", "")),
    )
    outputs = {"release": made.id, "digest": made.digest}
    return NodeEnding(
        NodeState.SUCCEEDED, summary=f"{made.name} {made.version} is {made.id}", outputs=outputs
    )


def _scan(tx: Tx, work: Work, run: Run, inputs: Inputs, prepared: Any) -> Found:
    del work, run, prepared
    return f"scan:{request_scan(tx, str(inputs['image']), 'workflow').id}"


def _scanned(tx: Tx, subject: str) -> NodeEnding | None:
    found = scan_by_id(tx, subject)
    if found is None or found.state is ScanState.PENDING:
        return None
    if found.state is not ScanState.DONE:
        message = f"{found.reference} could not be scanned (stella scan {found.reference})"
        return NodeEnding(NodeState.ERRORED, WaitedForFailed.code, message)
    outputs: dict[str, Json] = {"image": found.image or "", "counts": dict(found.counts or {})}
    return NodeEnding(NodeState.SUCCEEDED, summary=f"{found.reference} is scanned", outputs=outputs)


_TEXT = {"type": "string", "minLength": 1, "maxLength": 400}
_OUT = {"type": "string"}

ACTS: Mapping[str, Act] = {
    "promote": Act(
        StepKind(
            "promote",
            Way.ACT,
            "Promote",
            "Asks for a release in an environment, and waits until it is deployed there.",
            object_schema(
                ("release", "environment"),
                release=_TEXT,
                environment=_TEXT,
                reason={"type": "string", "maxLength": 1000},
                changeTicket={"type": "string", "maxLength": 200},
                wait={"type": "boolean", "default": True},
            ),
            object_schema((), promotion=_OUT, state=_OUT, deployment=_OUT),
            timeout_s=7 * DAY_S,
        ),
        Permission.PROMOTION_REQUEST,
        _promote,
    ),
    "create-release": Act(
        StepKind(
            "create-release",
            Way.ACT,
            "Create release",
            "Resolves each image reference to a digest, once, and seals the set.",
            object_schema(
                ("name", "version", "components"),
                name=_TEXT,
                version=_TEXT,
                components={"type": "object", "additionalProperties": _TEXT, "minProperties": 1},
                channel=_TEXT,
            ),
            object_schema((), release=_OUT, digest=_OUT),
            attempts_max=3,
        ),
        Permission.RELEASE_CREATE,
        _create,
        _resolve,
    ),
    "scan": Act(
        StepKind(
            "scan",
            Way.ACT,
            "Scan",
            "Scans an image, and waits for what is found.",
            object_schema(("image",), image=_TEXT),
            object_schema(
                (),
                image=_OUT,
                counts={"type": "object", "additionalProperties": {"type": "integer"}},
            ),
        ),
        Permission.IMAGE_SCAN,
        _scan,
    ),
}
"""Step type -> how it is done."""

_LOOKS: Mapping[str, Callable[[Tx, str], NodeEnding | None]] = {
    "promotion": _promotion,
    "scan": _scanned,
}


def with_error(refusal: StellaError) -> NodeEnding:
    """The end of a step that refused: by a verdict of its own, or because it could not be done."""
    return NodeEnding(
        NodeState.FAILED if isinstance(refusal, StepFailed) else NodeState.ERRORED,
        refusal.code,
        bounded_text(str(refusal), MESSAGE_MAX),
        retry_may_help=refusal.retry_may_help,
    )
