"""Triggers on the road, on both databases: what happens starts runs once, and the clock does."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from fixtures.runs import Walk, step
from stella.app.runs.events import EVENTS
from stella.app.runs.firing import allowed, look_at_schedules, start_triggered
from stella.identity.users import change_user, user_by_name
from stella.image import parse_reference
from stella.kernel import Digest, Json
from stella.record import Tx, facts_about
from stella.release.push import note_push
from stella.workflow.errors import MalformedTrigger, RightlessTrigger
from stella.workflow.run.apply import apply_workflow
from stella.workflow.run.model import Run
from stella.workflow.run.store import list_runs
from stella.workflow.trigger.apply import apply_lent_workflow, apply_trigger, trigger_faults
from stella.workflow.trigger.fire import fire
from stella.workflow.trigger.lend import lend, seen_digest
from stella.workflow.trigger.model import Firing, Happened, KnownTrigger
from stella.workflow.trigger.store import find_trigger, list_firings

pytestmark = pytest.mark.path

TEXT = {"type": "string"}
ONE, TWO = (Digest(f"sha256:{digit * 64}") for digit in "12")
PUSHED = {"event": "ImagePushed"}


@dataclass
class Scene:
    """A stage with a workflow `ship` that takes a version, and triggers."""

    walk: Walk

    @contextmanager
    def tx(self, by: str = "dan") -> Iterator[Tx]:
        people = self.walk.stage.road.people
        actor = people[by].id if by in people else by
        with self.walk.stage.road.database.transaction(actor=actor) as tx:
            yield tx

    def trigger(self, on: dict[str, Json], by: str = "dan", **more: Any) -> None:
        people = self.walk.stage.road.people
        roles = frozenset(people[by].roles) if by in people else frozenset[str]()
        spec = {"workflow": "ship", "on": on, **more}
        with self.tx(by) as tx:
            apply_trigger(tx, "auto", spec, events=EVENTS, roles=roles)

    def push(self, tag: str, digest: Digest = ONE, repository: str = "shop/web") -> None:
        with self.tx("system") as tx:
            note_push(tx, host="r.test", repository=repository, tag=tag, digest=digest)
        self.walk.stage.road.settle()

    def runs(self) -> list[Run]:
        with self.walk.stage.road.database.read() as tx:
            return list(list_runs(tx))

    def firings(self) -> list[Firing]:
        with self.walk.stage.road.database.read() as tx:
            return list(list_firings(tx, "auto"))

    def later(self, **span: float) -> None:
        """After some time, in which the server did not run."""
        road = self.walk.stage.road
        road.clock.go_on(**span)
        look_at_schedules(road.database, road.work.kinds, lambda: False)
        road.settle()

    def change_workflow(self, by: str, roles: frozenset[str] = frozenset(), **more: Any) -> None:
        """roles: with which it is applied; those of ``by`` where they are left out."""
        held = roles or frozenset(self.walk.stage.road.people[by].roles)
        spec = {"steps": {"open": step()}, "inputs": {"version": {"type": "string"}}, **more}
        with self.tx(by) as tx:
            kinds = self.walk.stage.road.work.kinds()
            apply_lent_workflow(tx, "ship", spec, kinds=kinds, roles=held)

    def lend(self, by: str = "dan") -> None:
        with self.tx(by) as tx:
            known = find_trigger(tx, "auto")
            roles = frozenset(self.walk.stage.road.people[by].roles)
            lend(tx, "auto", roles=roles, digest=seen_digest(tx, known))


@pytest.fixture
def scene(walk: Walk) -> Scene:
    found = Scene(walk)
    found.change_workflow("dan")
    return found


VERSION = {"version": "${{ event.tag }}"}


def test_a_push_starts_a_run_with_what_is_known_of_it(scene: Scene) -> None:
    condition = "event.repository == 'r.test/shop/web' && event.tag.startsWith('1.')"
    scene.trigger(PUSHED, **{"if": condition, "with": VERSION})
    scene.push("1.4")
    scene.push("latest")
    scene.push("1.5", repository="shop/worker")
    (run,) = scene.runs()
    assert (run.inputs, run.trigger, run.state.value) == ({"version": "1.4"}, "auto", "succeeded")
    assert run.by == scene.walk.stage.road.people["dan"].id
    (fired,) = scene.firings()
    assert (fired.outcome.value, fired.run) == ("started", run.id)
    assert parse_reference(fired.subject).digest == ONE
    with scene.walk.stage.road.database.read() as tx:
        told = [one.kind for one in facts_about(tx, ("auto",))]
    assert told == ["TriggerApplied", "TriggerFired"]


def test_an_event_that_is_told_twice_starts_one_run(scene: Scene) -> None:
    scene.trigger(PUSHED, **{"with": VERSION})
    scene.push("1.4")
    road = scene.walk.stage.road
    with road.database.read() as tx:
        (pushed,) = facts_about(tx, (f"r.test/shop/web@{ONE.text}",))
    start_triggered(road.work, pushed)
    road.settle()
    assert (len(scene.runs()), len(scene.firings())) == (1, 1)


def test_one_that_is_off_hears_nothing_and_no_one_makes_up_for_it(scene: Scene) -> None:
    scene.trigger(PUSHED, enabled=False, **{"with": VERSION})
    scene.push("1.4")
    scene.trigger(PUSHED, **{"with": VERSION})
    assert scene.runs() == []
    scene.push("1.5", TWO)
    assert [one.inputs for one in scene.runs()] == [{"version": "1.5"}]


def test_what_cannot_be_started_is_said_and_leaves_nothing(scene: Scene) -> None:
    scene.trigger(PUSHED, **{"with": VERSION})
    scene.change_workflow("dan", inputs={"version": {"type": "integer"}})
    scene.push("1.4")
    assert scene.runs() == []
    (fired,) = scene.firings()
    assert (fired.outcome.value, fired.code, fired.run) == ("refused", "ST-WFL-004", "")
    scene.trigger(PUSHED, **{"with": {"version": "${{ int(event.tag) }}"}})
    scene.push("2x", TWO)
    assert scene.firings()[0].code == "ST-WFL-005"
    assert scene.runs() == []


def test_it_starts_no_more_within_an_hour_than_it_may_and_says_how_many_it_held_back(
    scene: Scene,
) -> None:
    scene.trigger(PUSHED, perHour=2, **{"with": VERSION})
    for number in range(5):
        scene.push(f"1.{number}", Digest(f"sha256:{str(number) * 64}"))
    assert len(scene.runs()) == 2
    with scene.walk.stage.road.database.read() as tx:
        assert find_trigger(tx, "auto").held_back == 3
    scene.walk.stage.road.clock.go_on(hours=1, seconds=1)
    scene.push("1.9", Digest(f"sha256:{'9' * 64}"))
    assert len(scene.runs()) == 3


def test_a_workflow_does_not_start_itself_by_its_own_end(scene: Scene) -> None:
    scene.trigger({"event": "RunSucceeded"}, **{"with": {"version": "again"}})
    scene.walk.start("ship", version="1.0")
    assert len(scene.runs()) == 1
    (fired,) = scene.firings()
    assert (fired.outcome.value, fired.code) == ("refused", "ST-WFL-013")


def test_what_runs_start_in_turn_is_no_way_round_that(scene: Scene) -> None:
    scene.walk.apply("below", {"open": step()})
    below = {"uses": "workflow", "with": {"workflow": "below"}}
    scene.change_workflow("dan", steps={"go": below})
    scene.trigger({"event": "RunSucceeded"}, **{"with": {"version": "again"}})
    scene.walk.start("ship", version="1.0")
    assert len(scene.runs()) == 2, "ship and below, and nothing because of either"
    assert {one.code for one in scene.firings()} == {"ST-WFL-013"}


def test_triggers_that_start_each_other_come_to_an_end(scene: Scene) -> None:
    scene.walk.apply("pong", {"open": step()})
    of = {"ship": "pong", "pong": "ship"}
    for heard, started in of.items():
        spec = {
            "workflow": started,
            "on": {"event": "RunSucceeded"},
            "if": f"event.workflow == '{heard}'",
            "with": {"version": "again"} if started == "ship" else {},
        }
        with scene.tx() as tx:
            roles = frozenset(scene.walk.stage.road.people["dan"].roles)
            apply_trigger(tx, f"after-{heard}", spec, events=EVENTS, roles=roles)
    scene.walk.start("ship", version="1.0")
    assert len(scene.runs()) <= 7


def test_what_is_refused_counts_as_well(scene: Scene) -> None:
    scene.trigger(PUSHED, perHour=2, **{"with": {"version": "${{ string(int(event.tag)) }}"}})
    for number in range(5):
        scene.push(f"x{number}", Digest(f"sha256:{str(number) * 64}"))
    assert len(scene.firings()) == 2


def test_one_that_is_ended_at_that_moment_starts_nothing_and_breaks_nothing(scene: Scene) -> None:
    with scene.tx("system") as tx:
        event = Happened("ImagePushed", "fct_x")
        assert fire(tx, scene.walk.stage.road.work.kinds(), "gone", event, allowed) is None


def test_a_run_of_another_workflow_starts_one(scene: Scene) -> None:
    scene.walk.apply("build", {"open": step()})
    scene.trigger(
        {"event": "RunSucceeded"},
        **{"if": "event.workflow == 'build'", "with": {"version": "${{ event.subject }}"}},
    )
    built = scene.walk.start("build")
    assert [one.inputs for one in scene.runs() if one.workflow == "ship"] == [{"version": built.id}]


# ---------------------------------------------------------------- whose rights


def test_rights_end_with_those_of_whoever_lent_them(scene: Scene) -> None:
    scene.trigger(PUSHED, **{"with": VERSION})
    with scene.tx("system") as tx:
        user = user_by_name(tx, "dan")
        change_user(tx, user.id, disabled=True, revision=user.revision)
    scene.push("1.4")
    assert scene.runs() == []
    assert scene.firings()[0].code == "ST-WFL-012"


def test_what_another_writes_into_the_workflow_does_not_go_with_them_until_lent_anew(
    scene: Scene,
) -> None:
    scene.trigger(PUSHED, **{"with": VERSION})
    scene.change_workflow("ann", description="Ships, and more.")
    scene.push("1.4")
    assert scene.runs() == []
    assert "was changed since rights were lent" in scene.firings()[0].message
    with scene.tx() as tx:
        kinds = scene.walk.stage.road.work.kinds()
        faults = trigger_faults(tx, find_trigger(tx, "auto"), EVENTS, kinds)
        assert [one.place for one in faults] == ["workflow"]
    scene.lend()
    scene.push("1.5", TWO)
    assert len(scene.runs()) == 1
    scene.change_workflow("dan", description="Mine again.")
    scene.push("1.6", Digest(f"sha256:{'6' * 64}"))
    assert len(scene.runs()) == 2, "who lent the rights may change it"


def test_a_narrow_token_of_whoever_lent_rights_changes_nothing_that_goes_with_them(
    scene: Scene,
) -> None:
    scene.trigger(PUSHED, **{"with": VERSION})
    scene.change_workflow("dan", frozenset({"viewer"}), description="By a token that may less.")
    scene.push("1.4")
    assert scene.runs() == []
    scene.change_workflow("dan", description="By all that dan may.")
    scene.push("1.5", TWO)
    assert scene.runs() == [], "what was not lent for before is not by the way"
    scene.lend()
    scene.push("1.6", Digest(f"sha256:{'6' * 64}"))
    assert len(scene.runs()) == 1


def test_a_change_of_the_trigger_lends_nothing_for_a_workflow_that_was_not_looked_at(
    scene: Scene,
) -> None:
    scene.trigger(PUSHED, **{"with": VERSION})
    scene.change_workflow("ann", description="Ships, and more.")
    scene.trigger(PUSHED, perHour=61, **{"with": VERSION})
    scene.push("1.4")
    assert scene.runs() == []


def test_a_machine_lends_nothing(scene: Scene) -> None:
    scene.trigger(PUSHED, **{"with": VERSION})
    with scene.tx("mch_job") as tx:
        digest = seen_digest(tx, find_trigger(tx, "auto"))
    with pytest.raises(RightlessTrigger), scene.tx("mch_job") as tx:
        lend(tx, "auto", roles=frozenset({"developer"}), digest=digest)


def test_a_workflow_that_is_changed_while_a_run_waits_is_not_run_with_what_was_lent(
    scene: Scene,
) -> None:
    scene.walk.apply("below", {"open": step()})
    steps = {
        "rest": {"uses": "wait", "with": {"seconds": 60}},
        "go": {"uses": "workflow", "needs": ["rest"], "with": {"workflow": "below"}},
    }
    scene.change_workflow("dan", steps=steps)
    scene.trigger(PUSHED, **{"with": VERSION})
    scene.push("1.4")
    scene.walk.apply("below", {"open": step(), "more": step("open")})
    (run,) = scene.runs()
    assert scene.walk.later(run, seconds=61).state.value == "succeeded"
    below = next(one for one in scene.runs() if one.workflow == "below")
    assert (below.version, below.trigger) == (1, "auto"), "as it stood when rights were lent"


def test_what_changes_between_the_look_and_the_start_is_not_started(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.trigger(PUSHED, **{"with": VERSION})

    def late(tx: Tx, known: KnownTrigger) -> tuple[str, ...]:
        # As another server's transaction would, where reads see what was committed meanwhile.
        spec = {"steps": {"open": step(), "more": step("open")}, "inputs": {"version": TEXT}}
        apply_workflow(tx, "ship", spec, scene.walk.stage.road.work.kinds())
        return allowed(tx, known)

    event = Happened("ImagePushed", "fct_x", data={"tag": "1.4"})
    with scene.tx("system") as tx:
        fire(tx, scene.walk.stage.road.work.kinds(), "auto", event, late)
    assert [one.version for one in scene.runs()] == [1]


def test_a_workflow_that_it_starts_in_turn_counts_as_well(scene: Scene) -> None:
    scene.walk.apply("below", {"open": step()})
    below = {"uses": "workflow", "with": {"workflow": "below"}}
    with scene.tx() as tx:
        spec = {"steps": {"go": below}, "inputs": {"version": {"type": "string"}}}
        apply_workflow(tx, "ship", spec, scene.walk.stage.road.work.kinds())
    scene.trigger(PUSHED, **{"with": VERSION})
    scene.push("1.4")
    assert {one.workflow for one in scene.runs()} == {"ship", "below"}
    scene.walk.apply("below", {"open": step(), "more": step("open")})
    scene.push("1.5", TWO)
    assert len(scene.runs()) == 2
    assert "below was changed" in scene.firings()[0].message


def test_what_a_repository_applied_starts_nothing_until_somebody_lends_it_rights(
    scene: Scene,
) -> None:
    scene.trigger(PUSHED, by="system", **{"with": VERSION})
    scene.push("1.4")
    assert scene.runs() == []
    assert "nobody has lent it rights" in scene.firings()[0].message


# ---------------------------------------------------------------- schedules


def hourly(**more: Json) -> dict[str, Json]:
    return {"schedule": {"cron": "0 * * * *", **more}}


def scheduled(scene: Scene) -> str:
    with scene.walk.stage.road.database.read() as tx:
        found = find_trigger(tx, "auto").next_at
    assert found is not None
    return found


NOW = {"version": "${{ event.at }}"}


def test_a_time_that_comes_starts_a_run_once(scene: Scene) -> None:
    scene.trigger(hourly(), **{"with": NOW})
    due = scheduled(scene)
    scene.later(hours=1)
    scene.later(seconds=1)
    (run,) = scene.runs()
    assert run.inputs == {"version": due}
    assert scheduled(scene) > due


@pytest.mark.parametrize(("missed", "started"), [("once", 1), ("skip", 0)])
def test_times_that_were_missed_are_made_up_for_once_or_not_at_all(
    scene: Scene, missed: str, started: int
) -> None:
    scene.trigger(hourly(missed=missed), **{"with": NOW})
    scene.later(hours=7, minutes=30)
    assert len(scene.runs()) == started
    (fired,) = scene.firings()
    assert fired.outcome.value == ("started" if started else "missed")
    scene.later(hours=1)
    assert len(scene.runs()) == started + (missed == "once")


def test_a_clock_that_goes_back_starts_nothing_twice_and_holds_nothing_up(scene: Scene) -> None:
    scene.trigger(hourly(), **{"with": NOW})
    scene.later(hours=100)
    assert len(scene.runs()) == 1
    scene.later(hours=-90)  # it was ahead
    assert len(scene.runs()) == 1
    ahead = scheduled(scene)
    scene.later(hours=1)
    assert len(scene.runs()) == 2
    assert scheduled(scene) > ahead
    scene.later(hours=-1)
    scene.later(hours=1)
    assert len(scene.runs()) == 2, "that time was answered"


def test_a_time_that_has_come_is_not_lost_by_a_change_of_the_document(scene: Scene) -> None:
    scene.trigger(hourly(), **{"with": NOW})
    scene.walk.stage.road.clock.go_on(hours=1)
    scene.trigger(hourly(), description="Each hour.", **{"with": NOW})
    scene.later(seconds=1)
    assert len(scene.runs()) == 1


def test_two_servers_that_look_at_once_start_one_run(scene: Scene) -> None:
    scene.trigger(hourly(), **{"with": NOW})
    road = scene.walk.stage.road
    road.clock.go_on(hours=1)
    event = Happened("schedule", scheduled(scene), data={"at": scheduled(scene), "late_s": 0})
    for _ in range(2):
        with scene.tx("system") as tx:
            fire(tx, road.work.kinds(), "auto", event, allowed)
    look_at_schedules(road.database, road.work.kinds, lambda: False)
    road.settle()
    assert len(scene.runs()) == 1


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("spec", "place", "words"),
    [
        ({"on": {"event": "ImagePushd"}}, "on.event", "did you mean 'ImagePushed'"),
        ({"on": {}}, "on", "either event or schedule"),
        ({"on": {"event": "ImagePushed", "schedule": {"cron": "0 0 * * *"}}}, "on", "either"),
        ({"on": {"schedule": {"cron": "nonsense"}}}, "on.schedule.cron", "five fields"),
        ({"if": "event.tga == 'x'"}, "if", "did you mean 'event.tag'"),
        ({"if": "event.tag"}, "if", "it gives string, and bool is asked for"),
        ({"with": {}}, "with", "version"),
        ({"with": {"version": "${{ event.before == null }}"}}, "with.version", "it gives bool"),
        ({"with": {**VERSION, "host": "x"}}, "with", "host"),
        ({"workflow": "shp"}, "workflow", "there is no workflow 'shp'"),
        ({"perHour": 0}, "perHour", "from 1 to 1000"),
        ({"when": "x"}, "", "unknown key 'when'"),
    ],
)
def test_every_fault_is_said_with_its_place(
    scene: Scene, spec: dict[str, Any], place: str, words: str
) -> None:
    whole = {"workflow": "ship", "on": PUSHED, "with": VERSION, **spec}
    with pytest.raises(MalformedTrigger) as refused, scene.tx() as tx:
        apply_trigger(tx, "auto", whole, events=EVENTS, roles=frozenset({"developer"}))
    faults = {one["place"]: one["words"] for one in refused.value.facts["faults"]}
    assert words in faults[place], faults
