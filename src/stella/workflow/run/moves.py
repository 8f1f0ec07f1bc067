"""What follows in a run, given its workflow and its nodes. Pure: the same picture, the same moves.

1. A step comes when all that it needs have ended, and its ``when`` and its ``if`` say so.
2. One that is done for many items is a node for all of them, and one for each.
3. When every step has ended the verdict stands: cancelled, failed, errored, or succeeded.
4. Where it is not the last, what is to be taken back is, one by one, the last first.
5. Then come the steps of the end, whatever the verdict; after them the run ends by it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from stella.kernel import Json, StellaError
from stella.workflow.definition.graph import in_order
from stella.workflow.definition.model import After, OnFailure, Step, Workflow
from stella.workflow.errors import ImpossibleInputs
from stella.workflow.run.lifecycle import NodeEvent, NodeState, RunState
from stella.workflow.run.model import RUN, SINGLE, UNDO, WENT_WRONG, Node, Run
from stella.workflow.run.values import data_of, holds, items_of

NODES_MAX = 5000
SUCCEEDED, FAILED, ERRORED, CANCELLED = "succeeded", "failed", "errored", "cancelled"
_BUSY = frozenset({NodeState.READY, NodeState.RUNNING})
_CANCELLABLE = frozenset(
    {
        NodeState.QUEUED,
        NodeState.READY,
        NodeState.WAITING,
        NodeState.RETRYING,
        NodeState.ASKING,
    }
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A node's turn has come."""

    node: Node


@dataclass(frozen=True, slots=True)
class Close:
    """A node ends without being done. event: how."""

    node: Node
    event: NodeEvent
    code: str = ""
    message: str = ""
    outputs: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Spread:
    """A node is done once for each of these items."""

    node: Node
    items: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Judge:
    """Its steps are done. undo: nodes to take back, in this order."""

    verdict: str
    undo: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Finish:
    """The steps of the end are next."""


@dataclass(frozen=True, slots=True)
class End:
    """The run ends so."""

    verdict: str


Move: TypeAlias = Turn | Close | Spread | Judge | Finish | End


@dataclass(frozen=True)
class Picture:
    """A run as it stands."""

    workflow: Workflow
    run: Run
    nodes: tuple[Node, ...]

    @cached_property
    def single(self) -> Mapping[str, Node]:
        """Step -> its node, which stands for all of its items."""
        return {one.step: one for one in self.nodes if one.item == SINGLE and one.purpose == RUN}

    @cached_property
    def items(self) -> Mapping[str, tuple[Node, ...]]:
        """Step -> the nodes of its items, in order."""
        found: dict[str, list[Node]] = {}
        for one in self.nodes:
            if one.item != SINGLE and one.purpose == RUN:
                found.setdefault(one.step, []).append(one)
        return {name: tuple(sorted(many, key=lambda it: it.item)) for name, many in found.items()}

    @cached_property
    def data(self) -> Mapping[str, Json]:
        """What expressions see that are of no item."""
        return data_of(self.run, self.nodes)

    @cached_property
    def undoing(self) -> tuple[Node, ...]:
        """In the order in which they are taken back."""
        return tuple(one for one in self.nodes if one.purpose == UNDO)

    @cached_property
    def room(self) -> int:
        """How many more may run at this moment."""
        busy = sum(one.state in _BUSY and not self._is_parent(one) for one in self.nodes)
        return self.workflow.parallel - busy

    def _is_parent(self, node: Node) -> bool:
        return node.item == SINGLE and node.step in self.items and node.purpose == RUN


def moves_of(picture: Picture) -> list[Move]:
    """All that follows at once; none where something is waited for, or the run has ended."""
    state = picture.run.state
    if picture.run.cancel_asked_at and state is RunState.RUNNING:
        given_up = [*_given_up(picture)]
        if given_up:
            return given_up
    if state is RunState.RUNNING:
        return _of_section(picture, picture.workflow.steps) or [*_judged(picture)]
    if state is RunState.UNDOING:
        return [*_of_undoing(picture)]
    if state is RunState.FINISHING:
        last = picture.workflow.finally_
        return _of_section(picture, last) or [*_ended(picture)]
    return []


def _given_up(picture: Picture) -> Iterator[Move]:
    """What has not begun never does, and what only waits waits no more; what runs may end."""
    for one in picture.nodes:
        is_meant = one.section == "steps" and one.purpose == RUN
        if is_meant and one.state in _CANCELLABLE:
            yield Close(one, NodeEvent.CANCEL)


def _of_section(picture: Picture, steps: Mapping[str, Step]) -> list[Move]:
    moves: list[Move] = []
    room = picture.room
    for name in in_order(steps):
        node, step = picture.single[name], steps[name]
        if node.state is NodeState.QUEUED:
            found = [*_of_queued(picture, node, step)]
        elif step.is_many and node.state is NodeState.RUNNING:
            found = [*_of_items(picture, node, step)]
        else:
            continue
        for move in found:
            if isinstance(move, Turn):
                if room <= 0:
                    continue
                room -= 1
            moves.append(move)
    return moves


def _of_queued(picture: Picture, node: Node, step: Step) -> Iterator[Move]:
    needed = [picture.single[name] for name in step.needs]
    if not all(one.is_over for one in needed):
        return
    steps = picture.workflow.all_steps
    is_wrong = any(went_wrong(one, steps[one.step]) for one in needed)
    if step.when is After.SUCCESS and is_wrong:
        yield Close(node, NodeEvent.PASS_OVER)
        return
    if step.when is After.FAILURE and not is_wrong:
        yield Close(node, NodeEvent.SKIP)
        return
    try:
        if step.condition is not None and not holds(step.condition, picture.data):
            yield Close(node, NodeEvent.SKIP)
        elif step.is_many:
            items = tuple(items_of(step, picture.data))
            yield _spread(picture, node, step, items)
        else:
            yield Turn(node)
    except StellaError as refusal:
        yield Close(node, NodeEvent.BREAK, refusal.code, str(refusal))


def _spread(picture: Picture, node: Node, step: Step, items: tuple[Json, ...]) -> Spread | Close:
    if not items:  # lists of nothing, as they would be of many
        known = picture.run.kind(step.uses).output_schema.get("properties", {})
        return Close(node, NodeEvent.PASS, outputs={name: [] for name in known})
    if len(picture.nodes) + len(items) > NODES_MAX:
        message = f"a run has at most {NODES_MAX} steps and items"
        return Close(node, NodeEvent.BREAK, ImpossibleInputs.code, message)
    return Spread(node, items)


def _of_items(picture: Picture, node: Node, step: Step) -> Iterator[Move]:
    items = picture.items[node.step]
    open_ = sum(not one.is_over and one.state is not NodeState.QUEUED for one in items)
    wrong = sum(one.state in WENT_WRONG for one in items)
    queued = [one for one in items if one.state is NodeState.QUEUED]
    if wrong > step.failures_max:
        yield from (Close(one, NodeEvent.PASS_OVER) for one in queued)
    else:
        yield from (Turn(one) for one in queued[: max(0, step.window - open_)])
    if all(one.is_over for one in items):
        yield _gathered(node, step, items)


def _gathered(node: Node, step: Step, items: Sequence[Node]) -> Close:
    """How a step ended that was done for many: its outputs are lists, in the order of the items."""
    wrong = [one for one in items if one.state in WENT_WRONG]
    keys = sorted({key for one in items for key in one.outputs})
    outputs = {key: [one.outputs.get(key) for one in items] for key in keys}
    if len(wrong) <= step.failures_max:
        return Close(node, NodeEvent.PASS, outputs=outputs)
    if any(one.state is NodeState.CANCELLED for one in wrong):
        return Close(node, NodeEvent.CANCEL, outputs=outputs)
    first = next(one for one in wrong if one.state is not NodeState.UNREACHED)
    failed = any(one.state is NodeState.FAILED for one in wrong)
    done = sum(one.state is NodeState.SUCCEEDED for one in items)
    message = f"{done} of {len(items)} went well; {first.key}: {first.message}"
    event = NodeEvent.FAIL if failed else NodeEvent.BREAK
    return Close(node, event, first.code, message[:1000], outputs)


def _judged(picture: Picture) -> Iterator[Move]:
    steps = picture.workflow.steps
    if not all(picture.single[name].is_over for name in steps):
        return
    if any(not one.is_over for one in picture.nodes if one.section == "steps"):
        return  # an item that runs, of a step that was cancelled
    verdict = _verdict(picture, steps)
    yield Judge(verdict, _to_undo(picture) if verdict != SUCCEEDED else ())


def _verdict(picture: Picture, steps: Mapping[str, Step]) -> str:
    if picture.run.cancel_asked_at:
        # Who asked for the end of a run that took too long was the clock.
        return ERRORED if picture.run.code else CANCELLED
    bad = _bad(picture, steps)
    if NodeState.FAILED in bad:
        return FAILED
    return ERRORED if bad else SUCCEEDED


def _to_undo(picture: Picture) -> tuple[Node, ...]:
    """What began and is to be taken back; what began last is first. A part of it is a part of it."""
    begun = [
        one
        for one in picture.nodes
        if one.purpose == RUN
        and one.started_at
        and not (one.item == SINGLE and one.step in picture.items)
        and picture.workflow.all_steps[one.step].undo
        and one.section == "steps"
    ]
    return tuple(sorted(begun, key=lambda one: (one.started_at or "", one.position), reverse=True))


def _of_undoing(picture: Picture) -> Iterator[Move]:
    if any(not one.is_over and one.state is not NodeState.QUEUED for one in picture.undoing):
        return
    following = next((one for one in picture.undoing if one.state is NodeState.QUEUED), None)
    yield Finish() if following is None else Turn(following)


def _ended(picture: Picture) -> Iterator[Move]:
    last = picture.workflow.finally_
    if all(picture.single[name].is_over for name in last):
        yield End(last_word(picture, picture.run.verdict))


def last_word(picture: Picture, verdict: str) -> str:
    """How the run ends: by its verdict, or worse where its end or its undoing went wrong."""
    if verdict == SUCCEEDED:
        bad = _bad(picture, picture.workflow.finally_)
        if NodeState.FAILED in bad:
            return FAILED
        return ERRORED if bad else SUCCEEDED
    if any(one.state in WENT_WRONG for one in picture.undoing):
        return ERRORED  # what was to be taken back may still be there
    return verdict


def _bad(picture: Picture, steps: Mapping[str, Step]) -> frozenset[NodeState]:
    """In which ways steps went wrong."""
    return frozenset(
        picture.single[name].state
        for name, step in steps.items()
        if went_wrong(picture.single[name], step)
    )


def went_wrong(node: Node, step: Step) -> bool:
    """Whether those that need it take it for a failure."""
    if step.on_failure is OnFailure.IGNORE and node.state in {NodeState.FAILED, NodeState.ERRORED}:
        return False
    return node.state in WENT_WRONG
