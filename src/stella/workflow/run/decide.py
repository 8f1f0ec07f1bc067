"""What people say of a step that waits for them: approve, answer, or what follows a failure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from stella.identity.model import Role
from stella.kernel import Json, Remedy, canonical_json, time_text
from stella.record.transaction import Tx
from stella.workflow.definition.kinds import APPROVAL, MANUAL_INPUT
from stella.workflow.definition.model import Ask
from stella.workflow.errors import ImpossibleInputs, NotAskedNow, UnknownRun
from stella.workflow.run.advance import advance
from stella.workflow.run.facts import NodeClaimed, NodeDecided
from stella.workflow.run.lifecycle import NodeState
from stella.workflow.run.model import OUTPUTS_BYTES_MAX, Node, NodeEnding, Run
from stella.workflow.run.nodes import end_node, settle_asked, step_of
from stella.workflow.run.store import find_run, list_nodes, update_node
from stella.workflow.schemas import value_faults

COMMENT_CHARACTERS_MAX = 1000
ASKING_ACTIONS = ("retry", "skip", "fail")
_ROLES = frozenset(one.value for one in Role)
_MAY_TAKE_OVER = frozenset({Role.OPERATOR.value, Role.ADMIN.value})
_APPROVAL_ACTIONS = ("approve", "reject")


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: id, name and roles."""

    id: str
    name: str
    roles: frozenset[str]


def actions_for(run: Run, node: Node, uses: str, *, required: bool) -> tuple[str, ...]:
    """What can be said of it now; nothing where it waits for nobody."""
    del run
    if node.state is NodeState.ASKING:
        return tuple(one for one in ASKING_ACTIONS if not (required and one == "skip"))
    if node.state is NodeState.WAITING and node.waits_for == "person:":
        return ("answer",) if uses == MANUAL_INPUT.name else _APPROVAL_ACTIONS
    return ()


def why_not(run: Run, node: Node, uses: str, ask: Ask | None, who: Speaker) -> str | None:
    """Why that person may not speak here; None where they may."""
    inputs = node.inputs or {}
    named = (ask or Ask()).by if node.state is NodeState.ASKING else tuple(inputs.get("by", ()))
    # A word that is a role is never a person's name: anybody may be given one.
    is_named = who.name in named and who.name not in _ROLES
    if not is_named and not who.roles & set(named):
        return f"it asks for {', '.join(named)}"
    is_own = who.id == run.by and uses == APPROVAL.name and node.state is NodeState.WAITING
    if is_own and not inputs.get("mayBeRequester", False):
        return "whoever started the run does not approve it"
    if node.claimed_by and node.claimed_by != who.id:
        return "somebody else looks after it"
    return None


def decide(
    tx: Tx,
    run_id: str,
    key: str,
    action: str,
    who: Speaker,
    *,
    comment: str = "",
    values: Mapping[str, Json] | None = None,
) -> Node:
    """One word of one person. values: of a form.

    Raises UnknownRun, NotAskedNow where it does not wait for that, or not for them, ImpossibleInputs
    where the form does not take the values.
    """
    run = find_run(tx, run_id, lock=True)
    node = node_by_key(tx, run, key)
    step = step_of(tx, run, node)
    possible = actions_for(run, node, step.uses, required=step.required)
    if action not in possible:
        raise _not_now(run, node, f"it is {node.state.value}", possible)
    why = why_not(run, node, step.uses, step.ask, who)
    if why is not None:
        raise _not_now(run, node, why, ())
    tx.add(NodeDecided(node.id, run.id, node.step, action, comment[:COMMENT_CHARACTERS_MAX]))
    if node.state is NodeState.ASKING:
        settle_asked(tx, node, action)
        advance(tx, run.id)
    else:
        end_node(
            tx, node.id, _answer(node, action, comment, values or {}, (who.name, time_text(tx.now)))
        )
    return node_by_key(tx, run, key)


def claim(tx: Tx, run_id: str, key: str, who: Speaker, *, give_back: bool = False) -> Node:
    """Somebody looks after it, and nobody else speaks meanwhile; or they do no more.

    Raises UnknownRun, NotAskedNow.
    """
    run = find_run(tx, run_id, lock=True)
    node = node_by_key(tx, run, key)
    step = step_of(tx, run, node)
    if not actions_for(run, node, step.uses, required=step.required):
        raise _not_now(run, node, f"it is {node.state.value}", ())
    # Who looks after it may be away: operators take it over, or let it go.
    seen = replace(node, claimed_by="") if who.roles & _MAY_TAKE_OVER else node
    why = why_not(run, seen, step.uses, step.ask, who)
    if why is not None and not (give_back and seen is not node):
        raise _not_now(run, node, why, ())
    claimed = replace(node, claimed_by="" if give_back else who.id)
    if claimed != node:
        update_node(tx, claimed)
        tx.add(NodeClaimed(node.id, run.id, node.step, claimed.claimed_by))
    return claimed


def node_by_key(tx: Tx, run: Run, key: str) -> Node:
    """Raises UnknownRun."""
    found = next((one for one in list_nodes(tx, run.id) if one.key == key), None)
    if found is None:
        raise UnknownRun(
            f"the run has no step {key[:60]!r}",
            remedy=Remedy("See its steps.", f"stella run show {run.id}"),
            run=run.id,
            step=key[:60],
        )
    return found


def _answer(
    node: Node, action: str, comment: str, values: Mapping[str, Json], said: tuple[str, str]
) -> NodeEnding:
    """said: by whom, and when."""
    name, at = said
    if action == "answer":
        form: Any = (node.inputs or {}).get("form", {})
        faults = value_faults("values", values, form)
        if len(canonical_json(values)) > OUTPUTS_BYTES_MAX:
            faults = [f"values: they have more than {OUTPUTS_BYTES_MAX >> 10} KiB"]
        if faults:
            raise ImpossibleInputs(
                f"the form does not take that: {'; '.join(faults[:5])}",
                remedy=Remedy("Fill in what it asks for."),
                reasons=faults[:20],
            )
        return NodeEnding(NodeState.SUCCEEDED, summary=f"answered by {name}", outputs=values)
    if action == "reject":
        words = comment[:COMMENT_CHARACTERS_MAX]
        message = f"rejected by {name}" + (f": {words}" if words else "")
        return NodeEnding(NodeState.FAILED, message=message)
    outputs = {
        "by": name,
        "at": at,
        "comment": comment[:COMMENT_CHARACTERS_MAX],
    }
    return NodeEnding(NodeState.SUCCEEDED, summary=f"approved by {name}", outputs=outputs)


def _not_now(run: Run, node: Node, why: str, possible: tuple[str, ...]) -> NotAskedNow:
    now = f" Possible now: {', '.join(possible)}." if possible else ""
    return NotAskedNow(
        f"{node.key} of {run.id} takes no such word: {why}",
        remedy=Remedy(f"See what it waits for.{now}", f"stella run show {run.id}"),
        run=run.id,
        step=node.key,
        state=node.state.value,
    )
