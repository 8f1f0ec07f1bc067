"""A run of a workflow on a stage: its steps are played, and the clock leaps to what is next.

The same code moves it as a real run; only what would touch the world says what the script says.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from stella.kernel import Json, parse_time
from stella.record import Database, Tx, drop_pending, fact_by_id, pending_facts
from stella.workflow.definition.kinds import Kinds, Way
from stella.workflow.errors import StepRehearsed
from stella.workflow.run.apply import apply_workflow
from stella.workflow.run.decide import Speaker, actions_for, decide
from stella.workflow.run.lifecycle import RUN, NodeState
from stella.workflow.run.model import UNDO, Node, NodeEnding, Run
from stella.workflow.run.nodes import (
    begin_node,
    end_node,
    kind_of,
    look_at_node,
    step_of,
    time_of,
    wait_for,
)
from stella.workflow.run.request import request_run
from stella.workflow.run.store import due_nodes, find_run, list_nodes

HANDLED = frozenset({"NodeReady"})
TURNS_MAX = 5000
START = datetime.fromisoformat("2030-01-07T09:00:00+00:00")
_BATCH = 100


class VirtualClock:
    """A clock that stands still until it is told to go on; each reading is a microsecond later."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        """Now."""
        self.at += timedelta(microseconds=1)
        return self.at


@dataclass(frozen=True, slots=True)
class Played:
    """What a step says. fail, error: why it does not pass; the first ``times`` times, or always (0).

    outputs: where it passes.
    """

    outputs: Mapping[str, Json] = field(default_factory=dict)
    fail: str = ""
    error: str = ""
    times: int = 0


@dataclass(frozen=True, slots=True)
class Said:
    """What a person says of a step that waits for one."""

    action: str
    values: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Script:
    """inputs: of the run. steps, says: by the name of a step, or of one of its items (``deploy[3]``);
    a step that is left out passes.
    """

    inputs: Mapping[str, Json] = field(default_factory=dict)
    steps: Mapping[str, Played] = field(default_factory=dict)
    says: Mapping[str, Said] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """A node came to another state. after_s: seconds since the run was asked for."""

    after_s: int
    key: str
    state: str
    words: str


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How it went. waits: the nodes for whom nobody in the script speaks, where it ends by that."""

    run: Run
    nodes: tuple[Node, ...]
    events: tuple[Event, ...]
    waits: tuple[str, ...]


def rehearse(
    database: Database,
    clock: VirtualClock,
    spec: Mapping[str, Json],
    kinds: Kinds,
    script: Script,
    *,
    is_over: Callable[[], bool] = lambda: False,
) -> Rehearsal:
    """Walk a workflow to its end, or until it waits for somebody of whom the script says nothing.

    database: an empty one with the engine's tables, whose clock is ``clock``. is_over: ends it early.
    Raises MalformedWorkflow, ImpossibleInputs, NotAskedNow where the script says what nobody asks.
    """
    stage = _Stage(database, clock, script, _played(kinds))
    with database.transaction(actor="system") as tx:
        apply_workflow(tx, "rehearsed", spec, stage.kinds)
        stage.run = request_run(tx, stage.kinds, "rehearsed", script.inputs).id
    for _ in range(TURNS_MAX):
        if is_over() or not (stage.take() or stage.say() or stage.leap()):
            break
    return stage.result()


def _played(kinds: Kinds) -> Kinds:
    """Every type that touches the world is called; here the script answers."""
    own = {Way.WAIT, Way.ASK}
    return {
        name: one if one.way in own else replace(one, way=Way.CALL) for name, one in kinds.items()
    }


@dataclass
class _Stage:
    database: Database
    clock: VirtualClock
    script: Script
    kinds: Kinds
    run: str = ""
    events: list[Event] = field(default_factory=list)
    seen: dict[str, NodeState] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def take(self) -> bool:
        """Do what has its turn; whether there was anything."""
        with self.database.read() as tx:
            waiting = pending_facts(tx, _BATCH)
            nodes = [fact_by_id(tx, fact) for fact, _ in waiting]
        for fact in nodes:
            assert fact is not None, "a pending fact is there"
            with self.database.transaction(actor="system", cause=fact.id) as tx:
                begun = begin_node(tx, fact.subject, fact.id)
                if begun is not None:
                    self._do(tx, *begun)
                self._note(tx)
        with self.database.transaction(actor="system") as tx:
            drop_pending(tx, [fact for fact, _ in waiting])
        return bool(waiting)

    def say(self) -> bool:
        """Let one person speak, where the script has something for them."""
        with self.database.read() as tx:
            asked = [one for one in self._asked(tx) if self._said(one) is not None]
        if not asked:
            return False
        node, said = asked[0], self._said(asked[0])
        assert said is not None, "they were chosen by that"
        self.calls[node.id] = self.calls.get(node.id, 0) + 1
        with self.database.transaction(actor="usr_rehearsal") as tx:
            named = self._named(tx, node)
            who = Speaker("usr_rehearsal", named, frozenset({named}))
            decide(tx, self.run, node.key, said.action, who, values=said.values)
            self._note(tx)
        return True

    def leap(self) -> bool:
        """Go to the next time at which something is due; False where only people are waited for."""
        with self.database.read() as tx:
            run = find_run(tx, self.run)
            for_people = {one.id for one in self._asked(tx)}
            times = [
                one.look_at
                for one in list_nodes(tx, self.run)
                if one.look_at is not None and one.id not in for_people
            ]
        if RUN.is_final(run.state) or not times:
            return False
        self.clock.at = max(self.clock.at, parse_time(min(times)))
        with self.database.transaction(actor="system") as tx:
            for node in due_nodes(tx, _BATCH):
                look_at_node(tx, node)
            self._note(tx)
        return True

    def result(self) -> Rehearsal:
        with self.database.read() as tx:
            run, nodes = find_run(tx, self.run), list_nodes(tx, self.run)
            waits = () if RUN.is_final(run.state) else tuple(one.key for one in self._asked(tx))
        return Rehearsal(run, nodes, tuple(self.events), waits)

    def _do(self, tx: Tx, run: Run, node: Node) -> None:
        kind = kind_of(tx, run, node)
        if kind.way is Way.ASK:
            wait_for(tx, run, node, "person:")
        elif kind.way is Way.WAIT:
            until = time_of(node.inputs or {}, tx.now)
            wait_for(tx, run, node, f"time:{until}", until)
        else:
            end_node(tx, node.id, self._says(node))

    def _says(self, node: Node) -> NodeEnding:
        played = self.script.steps.get(node.key) or self.script.steps.get(node.step) or Played()
        if node.purpose == UNDO:
            return NodeEnding(NodeState.SUCCEEDED)
        number = self.calls[node.id] = self.calls.get(node.id, 0) + 1
        if (played.fail or played.error) and (not played.times or number <= played.times):
            state = NodeState.FAILED if played.fail else NodeState.ERRORED
            words = played.fail or played.error
            return NodeEnding(
                state, StepRehearsed.code, words, retry_may_help=state is NodeState.ERRORED
            )
        return NodeEnding(NodeState.SUCCEEDED, outputs=played.outputs)

    def _asked(self, tx: Tx) -> list[Node]:
        """The nodes that wait for a person."""
        run = find_run(tx, self.run)
        return [
            one
            for one in list_nodes(tx, self.run)
            if actions_for(run, one, step_of(tx, run, one).uses, required=False)
        ]

    def _said(self, node: Node) -> Said | None:
        """What is said of it: once where it was asked once, or it would go round for ever."""
        said = self.script.says.get(node.key) or self.script.says.get(node.step)
        is_heard = said is not None and said.action == "retry" and self.calls.get(node.id, 0) > 20
        return None if is_heard else said

    def _named(self, tx: Tx, node: Node) -> str:
        step = step_of(tx, find_run(tx, self.run), node)
        if node.state is NodeState.ASKING:
            return (step.ask.by if step.ask else ("operator",))[0]
        return str((node.inputs or {})["by"][0])

    def _note(self, tx: Tx) -> None:
        """What changed, in the order of the nodes."""
        after_s = round((self.clock.at - START).total_seconds())
        for node in list_nodes(tx, self.run):
            before = self.seen.get(node.id, NodeState.QUEUED)
            if node.state not in {before, NodeState.READY}:
                words = node.message or node.summary or node.waits_for
                self.events.append(Event(after_s, node.key, node.state.value, words))
            self.seen[node.id] = node.state
