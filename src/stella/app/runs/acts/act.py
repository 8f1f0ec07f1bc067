"""What a step that a use case does is, and by whose right: whoever started the run, then and now."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from stella.app.carrying import Work
from stella.identity import Permission, Role, permissions_of
from stella.identity.people import present
from stella.kernel import Remedy, StellaError
from stella.plugin.crossing import bounded_text
from stella.plugin.refusals import StepFailed
from stella.record import Tx
from stella.workflow.definition.kinds import StepKind
from stella.workflow.errors import NotAskedNow
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


def with_error(refusal: StellaError) -> NodeEnding:
    """The end of a step that refused: by a verdict of its own, or because it could not be done."""
    return NodeEnding(
        NodeState.FAILED if isinstance(refusal, StepFailed) else NodeState.ERRORED,
        refusal.code,
        bounded_text(refusal.told, MESSAGE_MAX),
        retry_may_help=refusal.retry_may_help,
    )


TEXT = {"type": "string", "minLength": 1, "maxLength": 400}
OUT = {"type": "string"}
