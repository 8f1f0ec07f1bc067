"""The connector ``nomad`` against its stand-in: what it asks, how it ends, whatever Nomad does."""

import os
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.nomad_benches import SECOND, NomadBench, simulated_nomad_bench
from connectors.registries import Answer
from fixtures.control_planes import Plane, wait_until
from fixtures.nomads import LOST
from fixtures.openapi import OpenApi
from stella.fleet import OrderState
from stella.kernel import Remedy
from stella.plugin.contract.target import HostRequest, HostResponse
from stella.plugin.refusals import (
    BadTargetConfig,
    ChangedByOthers,
    CommandFailed,
    EngineUnreachable,
    NotBroughtBack,
    PullDigestMismatch,
    ServiceRefused,
    ServiceUnreachable,
    UnhealthyAfterStart,
    UnknownService,
)
from stella.sdk.testing import TAKE_DOWN_CHECKS, TARGET_CHECKS, TargetBench
from stella_connectors.nomad import NomadTarget, kept
from stella_connectors.nomad.settings import wanted
from stella_connectors.nomad.strict import approved_of


class Killed(BaseException):
    pass


@pytest.fixture(scope="session")
def openapi() -> OpenApi | None:
    """Nomad's own, where it is at hand; without it the stand-in plays as well."""
    beside = Path(__file__).parents[2].parent / "shared"
    file = (
        Path(os.environ.get("STELLA_SHARED") or beside) / "conformance/nomad-openapi/openapi.yaml"
    )
    return OpenApi(file) if file.exists() else None


@pytest.fixture
def at(tmp_path: Path, openapi: OpenApi | None) -> Iterator[NomadBench]:
    with simulated_nomad_bench(tmp_path, openapi) as bench:
        yield bench


@pytest.mark.parametrize(
    "check", [*TARGET_CHECKS, *TAKE_DOWN_CHECKS], ids=lambda check: check.__name__
)
def test_it_holds_what_the_kit_asks(check: Callable[[TargetBench], None], at: NomadBench) -> None:
    check(at.bench)


# ---------------------------------------------------------------- a deployment, and how it ends


def test_the_job_is_the_users_with_digest_and_sticker(at: NomadBench) -> None:
    at.apply("dep_1", at.bench.one)
    job = at.nomad.cluster.jobs["shop"][0]
    task = job["TaskGroups"][0]["Tasks"][0]
    assert task["Config"]["image"].endswith(f"/test/web@{at.bench.one}")
    assert task["Env"] == {"COLOUR": "blue"}
    sticker = {name: value for name, value in job["Meta"].items() if name != "stella.spec"}
    assert sticker == {
        "team": "shop",
        "stella.project": "shop",
        "stella.release": "rel_1",
        "stella.version": "1",
        "stella.environment": "dev",
        "stella.target": "host",
        "stella.deployment": "dep_1",
    }
    (one,) = at.running()
    assert (one.component, one.digest, one.healthy) == ("web", at.bench.one, True)
    assert (one.release, one.deployment) == ("rel_1", "dep_1")


def test_canaries_are_promoted_when_they_are_healthy_and_not_before(at: NomadBench) -> None:
    job = at.job(Canary=1, count=2)
    at.apply("dep_1", at.bench.one, job=job)
    at.apply("dep_2", at.bench.two, job=job)
    assert {one.digest for one in at.running()} == {at.bench.two}
    assert len(at.running()) == 2
    promoted = [one for one in at.nomad.asked if "/promote/" in one[1]]
    assert len(promoted) == 1, "the first deployment has nothing to compare canaries with"
    with pytest.raises(UnhealthyAfterStart):
        at.apply("dep_3", at.bench.sick, job=job)
    assert {one.digest for one in at.running()} == {at.bench.two}
    assert [one for one in at.nomad.asked if "/promote/" in one[1]] == promoted


def test_what_nomad_promotes_itself_is_left_to_it(at: NomadBench) -> None:
    job = at.job(Canary=1, AutoPromote=True)
    at.apply("dep_1", at.bench.one, job=job)
    at.apply("dep_2", at.bench.two, job=job)
    assert [one.digest for one in at.running()] == [at.bench.two]
    assert [one for one in at.nomad.asked if "/promote/" in one[1]] == []


@pytest.mark.parametrize(("reverts", "who"), [(True, "Nomad"), (False, "the agent")])
def test_a_failure_is_brought_back_watched_and_told(
    at: NomadBench, *, reverts: bool, who: str
) -> None:
    job = at.job(AutoRevert=reverts, HealthyDeadline=20 * SECOND)
    at.apply("dep_1", at.bench.one, job=job)
    with pytest.raises(UnhealthyAfterStart) as refused:
        at.apply("dep_2", at.bench.sick, job=job)
    serves = f"{who} brought back version 0 as version 2, which serves"
    assert refused.value.facts["serves"] == serves
    assert serves in str(refused.value)
    assert "unhealthy allocations" in str(refused.value)
    reverted = [path for _, path in at.nomad.asked if path.endswith("/revert")]
    assert len(reverted) == (0 if reverts else 1)
    assert [one.digest for one in at.running()] == [at.bench.one]
    assert at.nomad.cluster.jobs["shop"][0]["Stable"], "it was seen to its end"
    at.apply("dep_3", at.bench.two, job=job)
    assert [one.digest for one in at.running()] == [at.bench.two]


def test_what_is_brought_back_has_its_counts_again(at: NomadBench) -> None:
    at.apply("dep_1", at.bench.one, job=at.job(count=2))
    with pytest.raises(UnhealthyAfterStart, match="brought back version 0"):
        at.apply("dep_2", at.bench.sick, job=at.job(HealthyDeadline=20 * SECOND))
    known = kept.read(at.host)
    assert known is not None
    assert (known.counts, len(known.shapes)) == ({"web": 2}, 1)
    cluster = at.nomad.cluster
    with cluster.changed:
        cluster.is_held = True
        next(one for one in cluster.allocations if one.client == "running").client = "lost"
    assert [one.state for one in at.running()] == ["running", "missing"]


def test_a_revert_that_does_not_get_healthy_is_no_success(at: NomadBench) -> None:
    job = at.job(AutoRevert=True, HealthyDeadline=20 * SECOND)
    at.apply("dep_1", at.bench.one, job=job)
    real, gone = at.nomad.cluster.containers.docker, at.bench.one.text

    def without_the_old(words: Sequence[str]) -> str:
        if words[0] == "pull" and gone in words[-1]:
            raise CommandFailed("manifest unknown", remedy=Remedy("None."))
        return real(words)

    at.nomad.cluster.containers.docker = without_the_old
    with pytest.raises(NotBroughtBack) as refused:
        at.apply("dep_2", at.bench.sick, job=job)
    assert (refused.value.facts["first"], refused.value.facts["second"]) == (
        "ST-TGT-003",
        "ST-TGT-002",
    )


def test_a_progress_deadline_ends_a_deployment_and_so_does_our_own(at: NomadBench) -> None:
    job = at.job(HealthyDeadline=20 * SECOND, ProgressDeadline=40 * SECOND)
    with pytest.raises(UnhealthyAfterStart, match="progress deadline"):
        at.apply("dep_1", at.bench.sick, job=job)
    slow = at.job(HealthyDeadline=2000 * SECOND)
    with pytest.raises(UnhealthyAfterStart, match="Deployment marked as failed"):
        at.apply("dep_2", at.bench.sick, job=slow, watch_timeout_s=1)
    assert at.running() == []


def test_the_same_again_under_another_deployment_leaves_it_running(at: NomadBench) -> None:
    at.apply("dep_1", at.bench.one)
    before = at.running()
    at.apply("dep_2", at.bench.one)
    assert at.running() == before
    assert len(at.nomad.cluster.jobs["shop"]) == 1


# ---------------------------------------------------------------- others


def test_a_job_that_others_changed_is_seen_and_not_overwritten(at: NomadBench) -> None:
    at.apply("dep_1", at.bench.one)
    with at.nomad.cluster.changed:
        at.nomad.cluster.scale("shop", "web", 2)
    (*_, changed) = at.running()
    assert (changed.component, changed.state) == ("web", "changed")
    with pytest.raises(ChangedByOthers, match="version 1"):
        at.apply("dep_2", at.bench.two)
    assert len(at.nomad.cluster.jobs["shop"]) == 2
    at.apply("dep_3", at.bench.two, changed_by_others="replace")
    assert [one.digest for one in at.running()] == [at.bench.two]


def test_who_undoes_a_change_has_changed_nothing(at: NomadBench) -> None:
    at.apply("dep_1", at.bench.one)
    with at.nomad.cluster.changed:
        at.nomad.cluster.scale("shop", "web", 2)
        at.nomad.cluster.revert("shop", 0, None)
    at.apply("dep_2", at.bench.two)
    assert [one.digest for one in at.running()] == [at.bench.two]


def test_counts_that_an_autoscaler_sets_stay(at: NomadBench) -> None:
    at.apply("dep_1", at.bench.one, preserve_counts=True)
    with at.nomad.cluster.changed:
        at.nomad.cluster.scale("shop", "web", 2)
    at.apply("dep_2", at.bench.two, preserve_counts=True)
    assert [(one.digest, one.state) for one in at.running()] == [(at.bench.two, "running")] * 2


def test_changed_between_the_look_and_the_registration_it_is_refused_by_nomad(
    at: NomadBench,
) -> None:
    at.apply("dep_1", at.bench.one)

    def somebody_is_quicker(method: str, path: str) -> None:
        if (method, path) == ("POST", "/jobs"):
            with at.nomad.cluster.changed:
                at.nomad.cluster.scale("shop", "web", 2)

    at.nomad.before = somebody_is_quicker
    with pytest.raises(ChangedByOthers, match="conflicting job modify index"):
        at.apply("dep_2", at.bench.two)
    assert at.nomad.cluster.jobs["shop"][0]["TaskGroups"][0]["Count"] == 2


def test_a_newer_version_meanwhile_is_left_as_it_is(at: NomadBench) -> None:
    at.apply("dep_1", at.bench.one)

    def meanwhile(_: str, path: str) -> None:
        if path.startswith("/deployment/"):
            at.nomad.before = lambda *_: None
            with at.nomad.cluster.changed:
                at.nomad.cluster.scale("shop", "web", 3)

    at.nomad.before = meanwhile
    with pytest.raises(ChangedByOthers, match="newer version"):
        at.apply("dep_2", at.bench.sick)
    assert at.nomad.cluster.jobs["shop"][0]["TaskGroups"][0]["Count"] == 3


@pytest.mark.parametrize("is_resumed", [False, True])
def test_an_edited_copy_of_ours_is_not_taken_for_ours(
    at: NomadBench, monkeypatch: pytest.MonkeyPatch, *, is_resumed: bool
) -> None:
    at.apply("dep_1", at.bench.one)
    send = at.host.send

    def edited_at_once(request: HostRequest) -> HostResponse:
        answer = send(request)
        if request.method == "POST" and request.path.startswith("/v1/jobs?"):
            with at.nomad.cluster.changed:
                at.nomad.cluster.scale("shop", "web", 3)  # it keeps the meta, as an edit does
            if is_resumed:
                raise Killed
        return answer

    monkeypatch.setattr(at.host, "send", edited_at_once)
    with pytest.raises(Killed if is_resumed else ChangedByOthers):
        at.apply("dep_2", at.bench.two)
    monkeypatch.setattr(at.host, "send", send)
    with pytest.raises(ChangedByOthers, match="version 2 is newer than ours, 1"):
        at.apply("dep_2", at.bench.two)
    assert at.nomad.cluster.jobs["shop"][0]["Version"] == 2


def test_what_belongs_to_another_project_is_never_replaced(at: NomadBench) -> None:
    with at.nomad.cluster.changed:
        theirs = {**at.job(), "Meta": {"stella.project": "other"}}
        at.nomad.cluster.register(theirs, None, keeps_counts=False)
    with pytest.raises(ChangedByOthers, match="belongs to the project other"):
        at.apply("dep_1", at.bench.one, changed_by_others="replace")
    assert len(at.nomad.cluster.jobs["shop"]) == 1


def test_what_belongs_to_no_project_is_replaced_where_the_target_says_so(at: NomadBench) -> None:
    with at.nomad.cluster.changed:
        at.nomad.cluster.register(at.job(), None, keeps_counts=False)
    at.apply("dep_1", at.bench.one, changed_by_others="replace")
    assert [one.digest for one in at.running()] == [at.bench.one]


def test_a_strangers_job_of_that_name_is_neither_replaced_nor_taken_down(at: NomadBench) -> None:
    with at.nomad.cluster.changed:
        at.nomad.cluster.register(at.job(), None, keeps_counts=False)
    with pytest.raises(ChangedByOthers, match="nobody deployed it"):
        intent = at.apply("dep_1", at.bench.one)
    intent = at.intent("dep_1", at.bench.one)
    target = NomadTarget()
    with pytest.raises(ChangedByOthers):
        target.remove(intent, target.plan_removal(intent), at.host)
    assert not at.nomad.cluster.jobs["shop"][0]["Stop"]
    assert at.running() == []


def test_an_allocation_that_is_missing_shows(at: NomadBench) -> None:
    at.apply("dep_1", at.bench.one, job=at.job(count=2))
    cluster = at.nomad.cluster
    with cluster.changed:
        cluster.is_held = True
        cluster.allocations[0].client = "lost"
    up, missing = at.running()
    assert (up.state, missing.state, missing.component) == ("running", "missing", "web")
    assert missing.name == "1 of 2 allocations of web run"


# ---------------------------------------------------------------- bad luck


def answers(count: int, answer: Answer, what: str = "") -> Callable[[str, str], Answer | None]:
    """That answer, so many times, to what has ``what`` in its path."""
    left = [count]

    def instead(method: str, path: str) -> Answer | None:
        if what not in f"{method} {path}" or not left[0]:
            return None
        left[0] -= 1
        return answer

    return instead


NO_LEADER = Answer(500, b"No cluster leader")
BUSY = Answer(429, b"Too Many Requests", {"Retry-After": "0"})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (answers(2, NO_LEADER, "POST /jobs"), None),
        (answers(2, BUSY, "POST /jobs"), None),
        (answers(1, LOST, "POST /jobs"), None),
        (None, answers(1, LOST, "POST /jobs")),
        (answers(3, NO_LEADER, "/deployment"), None),
        (answers(2, LOST, "/deployment"), None),
        (answers(2, BUSY, "GET /job/"), None),
        (answers(1, NO_LEADER, "GET /evaluation"), None),
    ],
    ids=[
        "no leader",
        "busy",
        "lost",
        "lost, but done",
        "no leader when watched",
        "away when watched",
        "busy when looked at",
        "no leader when decided",
    ],
)
def test_bad_luck_on_the_way_and_one_version_is_registered(
    at: NomadBench, before: Any, after: Any
) -> None:
    at.apply("dep_1", at.bench.one)
    at.nomad.before = before or at.nomad.before
    at.nomad.after = after or at.nomad.after
    at.apply("dep_2", at.bench.two)
    assert [one.digest for one in at.running()] == [at.bench.two]
    assert len(at.nomad.cluster.jobs["shop"]) == 2


def test_killed_at_any_request_it_is_gone_on_with_and_registers_once(
    at: NomadBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.apply("dep_0", at.bench.one)
    send, left = at.host.send, [0]

    def killing(request: HostRequest) -> HostResponse:
        answer = send(request)
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return answer

    monkeypatch.setattr(at.host, "send", killing)
    images, killed = (at.bench.two, at.bench.one), 0
    for number in range(1, 40):
        versions = at.nomad.cluster.jobs["shop"][0]["Version"]
        left[0] = number
        try:
            at.apply(f"dep_{number}", images[number % 2 == 0])
            break
        except Killed:
            killed += 1
        left[0] = 0
        at.apply(f"dep_{number}", images[number % 2 == 0])
        assert [one.digest for one in at.running()] == [images[number % 2 == 0]]
        assert at.nomad.cluster.jobs["shop"][0]["Version"] == versions + 1
    assert killed > 5


def test_away_for_good_nobody_knows_how_it_ends_and_the_next_try_goes_on(
    at: NomadBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.apply("dep_1", at.bench.one)
    monkeypatch.setattr(at.host, "wait", lambda _: None)
    at.nomad.before = lambda _, path: LOST if path.startswith("/deployment/") else None
    with pytest.raises(ServiceUnreachable):
        at.apply("dep_2", at.bench.two)
    monkeypatch.undo()
    at.nomad.before = lambda *_: None
    at.apply("dep_2", at.bench.two)
    assert [one.digest for one in at.running()] == [at.bench.two]
    assert len(at.nomad.cluster.jobs["shop"]) == 2


def test_a_token_is_sent_refused_and_never_seen(
    at: NomadBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.nomad.token = "canary-8c1b"
    with pytest.raises(ServiceRefused, match="Permission denied"):
        at.apply("dep_1", at.bench.one)
    assert at.nomad.cluster.jobs == {}
    monkeypatch.setenv("NOMAD_TOKEN", "canary-8c1b")
    at.apply("dep_1", at.bench.one, token="env://NOMAD_TOKEN")
    assert [one.digest for one in at.running()] == [at.bench.one]
    project = Path(at.host.write("probe", b"")).parent
    kept = (file.read_bytes() for file in project.rglob("*") if file.is_file())
    assert not any(b"canary-8c1b" in content for content in kept)
    assert not any("canary-8c1b" in line for line in at.log)


def test_who_only_looks_does_not_wait_for_a_service_that_is_silent(at: NomadBench) -> None:
    at.apply("dep_1", at.bench.one)
    at.nomad.before = lambda *_: LOST
    began = time.monotonic()
    with pytest.raises(ServiceUnreachable):
        at.running()
    assert time.monotonic() - began < 10
    assert at.nomad.asked[-2:].count(("GET", "/job/shop")) == 1, "it is asked once"


# ---------------------------------------------------------------- what is refused beforehand


def changed_task(at: NomadBench, **changes: object) -> dict[str, Any]:
    job = at.job()
    job["TaskGroups"][0]["Tasks"][0] |= changes
    return job


SUM = {"checksum": f"sha256:{'0' * 64}"}


def sidecar(image: str) -> dict[str, Any]:
    return {"Driver": "docker", "Config": {"image": image}}


def connected(at: NomadBench, **connect: object) -> dict[str, Any]:
    job = at.job()
    job["TaskGroups"][0]["Services"] = [{"Name": "web", "Connect": connect}]
    return job


def fetching(at: NomadBench, **artifact: object) -> dict[str, Any]:
    return changed_task(at, Artifacts=[artifact])


@pytest.mark.parametrize(
    ("job", "why"),
    [
        (lambda _: 'job "shop" {\n  type = "service"\n}', "no JSON"),
        (lambda at: {**at.job(), "Type": "batch"}, "only a service"),
        (lambda at: {**at.job(), "TaskGroups": []}, "no TaskGroups"),
        (lambda at: at.job(MaxParallel=0), "MaxParallel 0"),
        (lambda at: changed_task(at, Driver="raw_exec"), "raw_exec"),
        (lambda at: changed_task(at, Env={"KEY": "env://KEY"}), "secret in its job"),
        (lambda at: {**at.job(), "taskgroups": []}, "TaskGroups and taskgroups"),
        (lambda at: {**at.job(), "update": {}}, "Update and update"),
        (lambda at: changed_task(at, driver="raw_exec"), "Driver and driver"),
        (lambda at: changed_task(at, artifactſ=[]), "reads as Artifacts"),
        (lambda at: changed_task(at, Config={"image": "a", "Image": "b"}), "image and Image"),
        (lambda at: connected(at, SidecarService={}), "SidecarService, and no SidecarTask"),
        (lambda at: connected(at, SidecarTask={"Driver": "raw_exec"}), "driver 'raw_exec'"),
        (lambda at: connected(at, Gateway={"Ingress": {}}), "Gateway, and no SidecarTask"),
        (
            lambda at: connected(at, SidecarService={}, SidecarTask=sidecar("envoy:v1")),
            "image by digest",
        ),
        (
            lambda at: connected(at, Gateway="x", SidecarTask=sidecar(f"a@{at.bench.one}")),
            "no object",
        ),
        (lambda at: fetching(at, GetterSource="https://a/b"), "no checksum"),
        (
            lambda at: fetching(
                at, GetterSource="https://a/b", GetterOptions={"Checksum": SUM["checksum"]}
            ),
            "no checksum",
        ),
        (
            lambda at: fetching(at, GetterSource="https://a/b?checksum=", GetterOptions=SUM),
            "no checksum",
        ),
        (lambda at: connected(at, SidecarTask={"Driver": ["docker"]}), "driver"),
        (lambda at: fetching(at, GetterSource="https://[", GetterOptions="x"), "no checksum"),
        (lambda at: fetching(at, GetterSource="https://a/b/", GetterOptions=SUM), "no single"),
        (lambda at: fetching(at, GetterSource="git::https://a/b", GetterOptions=SUM), "no single"),
        (
            lambda at: fetching(at, GetterSource="https://a/b?checksum=md5:00", GetterOptions=SUM),
            "no checksum",
        ),
    ],
)
def test_a_job_that_cannot_be_deployed_is_refused(at: NomadBench, job: Any, why: str) -> None:
    with pytest.raises(BadTargetConfig, match=why):
        NomadTarget().plan(at.intent("dep_1", at.bench.one, job=job(at)))


def test_what_is_held_by_digests_is_taken(at: NomadBench) -> None:
    job = fetching(at, GetterSource="https://a/b.tar.gz", GetterOptions=SUM)
    image = f"envoy@{at.bench.two}"
    connect = {"SidecarService": {}, "SidecarTask": sidecar(image)}
    job["TaskGroups"][0]["Services"] = [{"Name": "web", "Connect": connect}]
    job["TaskGroups"][0]["Tasks"][0]["Env"] = {"http_proxy": "a", "HTTP_PROXY": "a", "name": "b"}
    want = wanted(at.intent("dep_1", at.bench.one, job=job))
    assert approved_of(want.job)["web", "connect-proxy-web"] == ("docker", image)


@pytest.mark.parametrize(
    ("extra", "why"),
    [
        ({"Driver": "docker", "Config": {"image": "x/y:1"}}, "runs x/y:1 as web/more, and nothing"),
        ({"Driver": "raw_exec", "Config": {"command": "sh"}}, "by the driver raw_exec"),
    ],
)
def test_what_was_put_into_the_job_on_its_way_is_a_mismatch(
    at: NomadBench, extra: dict[str, Any], why: str
) -> None:
    register = at.nomad.cluster.register

    def more(given: dict[str, Any], *one: Any, **two: Any) -> str:
        given["TaskGroups"][0]["Tasks"].append({"Name": "more", **extra})
        return register(given, *one, **two)

    at.nomad.cluster.register = more  # type: ignore[method-assign]
    at.nomad.cluster.is_held = True
    with pytest.raises(PullDigestMismatch, match=why):
        at.apply("dep_1", at.bench.one)
    assert at.nomad.cluster.jobs["shop"][0]["Stop"]


def test_a_task_without_a_component_and_a_component_without_a_task_are_refused(
    at: NomadBench,
) -> None:
    with pytest.raises(UnknownService, match="belongs to no component"):
        NomadTarget().plan(at.intent("dep_1", at.bench.one, job=changed_task(at, Name="other")))
    pinned = {"Name": "other", "Config": {"image": f"x/y@{at.bench.two}"}}
    with pytest.raises(UnknownService, match="has no task"):
        NomadTarget().plan(at.intent("dep_1", at.bench.one, job=changed_task(at, **pinned)))
    named = at.intent(
        "dep_1", at.bench.one, job=changed_task(at, **pinned), tasks={"web": "web/other"}
    )
    assert at.bench.one.text in NomadTarget().plan(named).files["stella.nomad.job.json"]


def test_a_plan_that_was_not_approved_is_not_carried_out(at: NomadBench) -> None:
    intent, target = at.intent("dep_1", at.bench.one), NomadTarget()
    plan = target.plan(intent)
    file = {"stella.nomad.job.json": plan.files["stella.nomad.job.json"].replace("blue", "red")}
    for other in (replace(plan, files=file), replace(plan, actions=plan.actions[1:])):
        with pytest.raises(BadTargetConfig, match="not what was approved"):
            target.apply(intent, other, at.host)
    assert at.nomad.asked == []


def test_a_plan_says_what_people_would_do(at: NomadBench) -> None:
    intent = at.intent("dep_1", at.bench.one, job=at.job(Canary=1), namespace="web", region="eu")
    plan = NomadTarget().plan(intent)
    argv = {action.verb: action.argv for action in plan.actions}
    flags = ("-namespace=web", "-region=eu")
    file = "stella.nomad.job.json"
    assert argv["start"] == ("nomad", "job", "run", "-json", "-detach", *flags, file)
    assert argv["promote"] == ()
    removal = NomadTarget().plan_removal(intent)
    assert removal.actions[0].argv == ("nomad", "job", "stop", "-yes", *flags, "shop")


def test_its_engine_is_the_nomad_of_the_agents_environment(
    at: NomadBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOMAD_ADDR", raising=False)
    monkeypatch.delenv("NOMAD_TOKEN", raising=False)
    with pytest.raises(EngineUnreachable, match="NOMAD_ADDR"):
        NomadTarget().engine(at.host)
    monkeypatch.setenv("NOMAD_ADDR", at.nomad.address)
    assert NomadTarget().engine(at.host) == "1.9.3"


# ---------------------------------------------------------------- as a program of its own


@pytest.mark.long
def test_an_agent_killed_between_registration_and_health_goes_on_and_registers_once(
    at: NomadBench, plane: Plane
) -> None:
    agent = plane.enroll()
    job = at.job(MinHealthyTime=50 * SECOND)
    order = plane.issue(at.intent("dep_1", at.bench.one, job=job), "nomad")
    process = agent.process({"PYTHONPATH": os.environ.get("PYTHONPATH", "")})
    try:
        wait_until(lambda: any("watching Nomad's deployment" in one for one in plane.log("dep_1")))
        process.kill()
        process.wait(10)
        assert plane.order(order).result is None
        process = agent.process({"PYTHONPATH": os.environ.get("PYTHONPATH", "")})
        ended = plane.ended(order, 60)
    finally:
        process.terminate()
        process.wait(20)
    assert (ended.state, ended.fence) == (OrderState.SUCCEEDED, 2), ended.result
    assert ended.result is not None
    assert [one.digest for one in ended.result.running] == [at.bench.one]
    assert len(at.nomad.cluster.jobs["shop"]) == 1
    assert any("was registered before" in line for line in plane.log("dep_1"))
