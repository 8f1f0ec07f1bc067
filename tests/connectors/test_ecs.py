"""The connector ``ecs`` against its stand-in: what it asks, how it ends, whatever ECS does."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from connectors.ecs_benches import EcsBench, simulated_ecs_bench, task_of
from connectors.registries import Answer
from fixtures.aws_models import AwsModels
from fixtures.ecs_region import REGION
from fixtures.ecses import LOST, error
from stella.kernel import Json
from stella.plugin.contract.target import HostRequest, HostResponse
from stella.plugin.refusals import (
    BadTargetConfig,
    ChangedByOthers,
    EngineUnreachable,
    PullDigestMismatch,
    ServiceRefused,
    ServiceUnreachable,
    UnhealthyAfterStart,
    UnknownService,
)
from stella.sdk.testing import TAKE_DOWN_CHECKS, TARGET_CHECKS, TargetBench
from stella_connectors.ecs import EcsTarget
from stella_connectors.ecs.described import is_same
from stella_connectors.ecs.settings import tag_list, wanted

pytestmark = pytest.mark.stores  # botocore, in the place of the stores


@pytest.fixture
def at(
    tmp_path: Path, aws_models: AwsModels, monkeypatch: pytest.MonkeyPatch
) -> Iterator[EcsBench]:
    with simulated_ecs_bench(tmp_path, aws_models, monkeypatch) as bench:
        yield bench


@pytest.mark.parametrize(
    "check", [*TARGET_CHECKS, *TAKE_DOWN_CHECKS], ids=lambda check: check.__name__
)
def test_it_holds_what_the_kit_asks(check: Callable[[TargetBench], None], at: EcsBench) -> None:
    check(at.bench)


# ---------------------------------------------------------------- a deployment, and how it ends


def test_the_task_definition_is_the_users_with_digest_and_sticker(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one)
    region = at.ecs.region
    service = region.services["shop"]
    definition = region.definitions[service["taskDefinition"]]
    (container,) = definition["containerDefinitions"]
    assert container["image"].endswith(f"/test/web@{at.bench.one}")
    assert container["environment"] == [{"name": "COLOUR", "value": "blue"}]
    sticker = {
        "stella.project": "shop",
        "stella.release": "rel_1",
        "stella.version": "1",
        "stella.environment": "dev",
        "stella.target": "host",
        "stella.deployment": "dep_1",
    }
    for arn in (service["serviceArn"], service["taskDefinition"]):
        tags = at.tags(arn)
        assert {name: text for name, text in tags.items() if name != "stella.spec"} == sticker
    breaker = service["deploymentConfiguration"]["deploymentCircuitBreaker"]
    assert breaker == {"enable": True, "rollback": True}
    (one,) = at.running()
    assert (one.component, one.digest, one.healthy) == ("web", at.bench.one, True)
    assert (one.release, one.deployment) == ("rel_1", "dep_1")


def test_what_the_circuit_breaker_took_back_is_watched_and_told(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one, desired_count=2)
    with pytest.raises(UnhealthyAfterStart) as refused:
        at.apply("dep_2", at.bench.sick, desired_count=2)
    assert refused.value.facts["serves"] == "ECS brought back shop:1, which serves"
    assert "tasks failed to start" in str(refused.value)
    assert "health checks" in str(refused.value)
    assert at.digests() == [at.bench.one] * 2
    assert any("rolling back" in line for line in at.log)
    at.apply("dep_3", at.bench.two, desired_count=2)
    assert at.digests() == [at.bench.two] * 2


def without_a_rollback(at: EcsBench) -> None:
    """ECS ends a rollout and leaves what it began."""
    at.ecs.region.takes_back = False


@pytest.mark.parametrize("who", ["ECS", "the agent"])
def test_what_is_brought_back_has_its_count_and_its_sticker_again(at: EcsBench, who: str) -> None:
    at.apply("dep_1", at.bench.one, desired_count=4)
    service = at.ecs.region.services["shop"]
    sticker = at.tags(service["serviceArn"])
    if who != "ECS":
        without_a_rollback(at)
    with pytest.raises(UnhealthyAfterStart, match=f"{who} brought back shop:1"):
        at.apply("dep_2", at.bench.sick, desired_count=2)
    assert service["desiredCount"] == 4
    assert at.tags(service["serviceArn"]) == sticker
    assert [(one.digest, one.state) for one in at.running()] == [(at.bench.one, "running")] * 4
    at.apply("dep_3", at.bench.two, desired_count=2)
    assert at.digests() == [at.bench.two] * 2


def test_an_autoscalers_count_stays_where_the_agent_brings_back(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one, preserve_count=True)
    region = at.ecs.region
    without_a_rollback(at)
    real = at.ecs.before

    def scaled_meanwhile(operation: str) -> None:
        real(operation)
        if operation == "TagResource":  # what follows the update
            at.ecs.before = real
            with region.lock:
                region.update({"service": "shop", "desiredCount": 3})

    at.ecs.before = scaled_meanwhile
    with pytest.raises(UnhealthyAfterStart, match="the agent brought back shop:1"):
        at.apply("dep_2", at.bench.sick, preserve_count=True)
    assert at.digests() == [at.bench.one] * 3


def test_killed_before_the_update_with_another_count_it_is_gone_on_with(
    at: EcsBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    at.apply("dep_1", at.bench.one, desired_count=3)
    send = at.host.send

    def killing(request: HostRequest) -> HostResponse:
        if request.headers["X-Amz-Target"].endswith(".UpdateService"):
            raise Killed
        return send(request)

    monkeypatch.setattr(at.host, "send", killing)
    with pytest.raises(Killed):
        at.apply("dep_2", at.bench.two, desired_count=2)
    monkeypatch.setattr(at.host, "send", send)
    at.apply("dep_2", at.bench.two, desired_count=2)
    assert at.digests() == [at.bench.two] * 2


def test_where_ecs_takes_nothing_back_the_agent_does(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one)
    without_a_rollback(at)
    with pytest.raises(UnhealthyAfterStart) as refused:
        at.apply("dep_2", at.bench.sick)
    assert refused.value.facts["serves"] == "the agent brought back shop:1, which serves"
    assert at.digests() == [at.bench.one]


def test_other_bytes_than_those_approved_are_taken_back_with_the_evidence(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one)
    at.ecs.region.told_digest = f"sha256:{'f' * 64}"
    with pytest.raises(PullDigestMismatch, match="sha256:ffff") as refused:
        at.apply("dep_2", at.bench.two)
    assert at.bench.two.text in str(refused.value)
    assert "the agent brought back shop:1" in str(refused.value)
    assert at.ecs.region.services["shop"]["taskDefinition"].endswith("shop:1")


def test_tasks_that_run_and_end_again_and_again_are_seen_where_the_breaker_sees_none(
    at: EcsBench,
) -> None:
    at.apply("dep_1", at.bench.one)
    ending = task_of(command=["false"])
    with pytest.raises(UnhealthyAfterStart, match="tasks ended by themselves") as refused:
        at.apply("dep_2", at.bench.two, task=ending)
    assert "Exit code 1" in str(refused.value)
    assert "the agent brought back shop:1" in str(refused.value)
    assert at.digests() == [at.bench.one]


def test_a_service_whose_rollout_ecs_tells_nothing_of_is_watched_by_its_counts(
    at: EcsBench,
) -> None:
    at.ecs.region.tells_rollouts = False
    at.apply("dep_1", at.bench.one, desired_count=2)
    at.apply("dep_2", at.bench.two, desired_count=2)
    assert at.digests() == [at.bench.two] * 2


BALANCED: Json = {
    "loadBalancers": [
        {
            "targetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/blue/1",
            "containerName": "web",
            "containerPort": 8080,
            "advancedConfiguration": {
                "alternateTargetGroupArn": "arn:aws:elasticloadbalancing:eu-central-1:1:tg/green/2",
                "productionListenerRule": "arn:aws:elasticloadbalancing:eu-central-1:1:rule/1",
                "roleArn": "arn:aws:iam::123456789012:role/balancer",
            },
        }
    ]
}


def test_blue_stays_beside_green_until_it_has_baked_and_where_green_is_sick(at: EcsBench) -> None:
    shifting: dict[str, Json] = {"strategy": "blue_green", "bake_minutes": 1, "create": BALANCED}
    region = at.ecs.region
    at.apply("dep_1", at.bench.one, desired_count=2, **shifting)
    began = time.monotonic()
    at.apply("dep_2", at.bench.two, desired_count=2, **shifting)
    assert time.monotonic() - began > 60 * region.second_s, "the bake time is waited for"
    assert at.digests() == [at.bench.two] * 2
    config = region.services["shop"]["deploymentConfiguration"]
    assert config == {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": 1}
    with pytest.raises(UnhealthyAfterStart, match="health checks") as refused:
        at.apply("dep_3", at.bench.sick, desired_count=2, **shifting)
    assert "the agent brought back shop:2" in str(refused.value)
    assert at.digests() == [at.bench.two] * 2
    shifted = [
        event for event in region.services["shop"]["events"] if "shifted" in event["message"]
    ]
    assert len(shifted) == 3, "no traffic ever went to what was sick"


def test_our_own_deadline_takes_it_back_too(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one)
    region = at.ecs.region
    real = region.containers.docker

    def slow(words: Sequence[str]) -> str:
        if words[0] == "pull" and at.bench.two.text in words[-1]:
            time.sleep(1.5)
        return real(words)

    region.containers.docker = slow
    with pytest.raises(UnhealthyAfterStart, match="not steady after 1 s"):
        at.apply("dep_2", at.bench.two, watch_timeout_s=1)
    assert at.digests() == [at.bench.one]


def test_the_same_again_registers_nothing_and_rolls_nothing(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one)
    before = at.running()
    at.apply("dep_2", at.bench.one)
    assert at.running() == before
    assert len(at.ecs.region.definitions) == 1
    at.apply("dep_3", at.bench.two)
    at.apply("dep_4", at.bench.one)
    assert len(at.ecs.region.definitions) == 2, "a revision of the same content is used again"
    assert at.digests() == [at.bench.one]


def test_a_tag_alone_makes_no_revision_the_approved_one(at: EcsBench) -> None:
    intent = at.intent("dep_1", at.bench.one)
    want, region = wanted(intent), at.ecs.region
    stranger = {**task_of(command=["sh", "-c", "mine"]), "tags": tag_list(want.tags)}
    for name in ("image", "environment"):
        stranger["containerDefinitions"][0][name] = want.task["containerDefinitions"][0][name]
    with region.lock:
        region.register(stranger)
    at.apply("dep_1", at.bench.one)
    assert region.services["shop"]["taskDefinition"].endswith("shop:2")
    assert any("shop:1 has the tag of what is wanted" in line for line in at.log)


@pytest.mark.parametrize(
    ("changes", "is_it"),
    [
        ({}, True),
        ({"cpu": "1024", "memory": "512"}, True),
        ({"networkMode": "bridge", "volumes": [], "revision": 7}, True),
        ({"networkMode": "host"}, False),
        ({"taskRoleArn": "arn:aws:iam::1:role/admin"}, False),
        ({"cpu": "2048"}, False),
        ({"containerDefinitions": []}, False),
    ],
)
def test_a_definition_is_compared_key_by_key(changes: dict[str, Any], *, is_it: bool) -> None:
    ours = {**task_of(), "cpu": "1 vCPU", "memory": "0.5GB"}
    assert is_same(ours, {**ours, **changes}) is is_it


@pytest.mark.parametrize(
    ("changes", "is_it"),
    [
        ({"essential": True, "cpu": 0, "mountPoints": []}, True),
        ({"environment": [{"name": "B", "value": ""}, {"name": "A", "value": "1"}]}, True),
        ({"environment": [{"name": "A", "value": "2"}, {"name": "B", "value": ""}]}, False),
        ({"secrets": [{"name": "KEY", "valueFrom": "arn"}]}, False),
        ({"image": "shop/web:other"}, False),
        ({"privileged": True}, False),
    ],
)
def test_its_containers_are_compared_by_name(changes: dict[str, Any], *, is_it: bool) -> None:
    ours = task_of(environment=[{"name": "A", "value": "1"}, {"name": "B", "value": ""}])
    side = {"name": "a-side", "image": "x/y"}
    told = {"containerDefinitions": [side, {**ours["containerDefinitions"][0], **changes}]}
    ours["containerDefinitions"].append(side)
    assert is_same(ours, {**ours, **told}) is is_it


def test_the_bytes_of_a_container_beside_the_components_are_compared_too(at: EcsBench) -> None:
    task, containers = task_of(), at.ecs.region.containers
    beside = wanted(at.intent("dep_0", at.bench.two)).task["containerDefinitions"][0]["image"]
    task["containerDefinitions"].append({"name": "side", "image": beside, "memory": 64})
    at.apply("dep_1", at.bench.one, task=task)
    real, other = containers.digest, f"sha256:{'f' * 64}"
    containers.digest = lambda image: (  # type: ignore[method-assign]
        other if at.bench.two.text in image else real(image)
    )
    task["containerDefinitions"][1]["memory"] = 65
    with pytest.raises(PullDigestMismatch, match=f"side runs {other}"):
        at.apply("dep_2", at.bench.one, task=task)


def test_pages_of_tasks_are_read_to_the_end(at: EcsBench) -> None:
    at.ecs.page = 2
    at.apply("dep_1", at.bench.one, desired_count=5)
    assert at.digests() == [at.bench.one] * 5


# ---------------------------------------------------------------- others


def test_a_service_that_others_changed_is_seen_and_not_overwritten(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one)
    with at.ecs.region.lock:
        at.ecs.region.update({"service": "shop", "desiredCount": 2})
    (*_, changed) = at.running()
    assert (changed.component, changed.state) == ("web", "changed")
    with pytest.raises(ChangedByOthers, match="2 tasks shall run, and 1 were asked for"):
        at.apply("dep_2", at.bench.two)
    at.apply("dep_3", at.bench.two, preserve_count=True, changed_by_others="replace")
    assert at.digests() == [at.bench.two] * 2


def test_another_task_definition_is_a_strangers(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one)
    with at.ecs.region.lock:
        made = at.ecs.region.register({**task_of(), "family": "shop"})
        at.ecs.region.update({"service": "shop", "taskDefinition": made["taskDefinitionArn"]})
    with pytest.raises(ChangedByOthers, match="shop:2"):
        at.apply("dep_2", at.bench.two)


def test_a_newer_deployment_meanwhile_is_left_as_it_is(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one)
    region = at.ecs.region

    def meanwhile(operation: str) -> None:
        if operation == "TagResource":  # what follows the update
            with region.lock:
                made = region.register(task_of())
                region.update({"service": "shop", "taskDefinition": made["taskDefinitionArn"]})

    without_a_rollback(at)
    at.ecs.before = meanwhile
    with pytest.raises(ChangedByOthers, match="shop:3"):
        at.apply("dep_2", at.bench.sick)
    assert region.services["shop"]["taskDefinition"].endswith("shop:3")


def test_a_strangers_service_is_neither_replaced_nor_taken_down(at: EcsBench) -> None:
    region = at.ecs.region
    with region.lock:
        made = region.register(task_of())
        given = {"serviceName": "shop", "desiredCount": 1, "deploymentConfiguration": {}}
        region.create({**given, "taskDefinition": made["taskDefinitionArn"]})
    with pytest.raises(ChangedByOthers, match="nobody deployed it"):
        at.apply("dep_1", at.bench.one)
    intent, target = at.intent("dep_1", at.bench.one), EcsTarget()
    with pytest.raises(ChangedByOthers):
        target.remove(intent, target.plan_removal(intent), at.host)
    assert region.services["shop"]["status"] == "ACTIVE"


@pytest.mark.parametrize(("project", "is_taken"), [("other", False), ("", True)])
def test_what_belongs_to_another_project_is_never_replaced(
    at: EcsBench, project: str, *, is_taken: bool
) -> None:
    region = at.ecs.region
    with region.lock:
        made = region.register(task_of())
        given = {"serviceName": "shop", "desiredCount": 1, "deploymentConfiguration": {}}
        tags = [{"key": "stella.project", "value": project}]
        region.create({**given, "taskDefinition": made["taskDefinitionArn"], "tags": tags})
    if is_taken:
        at.apply("dep_1", at.bench.one, changed_by_others="replace")
        assert at.digests() == [at.bench.one]
        return
    with pytest.raises(ChangedByOthers, match="belongs to the project other"):
        at.apply("dep_1", at.bench.one, changed_by_others="replace")
    assert region.services["shop"]["taskDefinition"].endswith("shop:1")


def test_a_task_that_is_missing_shows(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one, desired_count=2)
    with at.ecs.region.lock:
        at.ecs.region.is_held = True
        at.ecs.region.tasks[0].last = at.ecs.region.tasks[0].desired = "STOPPED"
    up, missing = at.running()
    assert (up.state, missing.state, missing.name) == ("running", "missing", "1 of 2 tasks run")


# ---------------------------------------------------------------- bad luck


def answers(count: int, answer: Answer, what: str) -> Callable[[str], Answer | None]:
    """That answer, so many times, to that operation."""
    left = [count]

    def instead(operation: str) -> Answer | None:
        if operation != what or not left[0]:
            return None
        left[0] -= 1
        return answer

    return instead


BROKEN = error("ServerException", "Service Unavailable. Please try again later.", 500)
THROTTLED = error("ThrottlingException", "Rate exceeded")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (answers(2, BROKEN, "RegisterTaskDefinition"), None),
        (answers(2, THROTTLED, "RegisterTaskDefinition"), None),
        (None, answers(1, LOST, "RegisterTaskDefinition")),
        (answers(2, BROKEN, "UpdateService"), None),
        (None, answers(1, LOST, "UpdateService")),
        (answers(3, THROTTLED, "DescribeServices"), None),
        (answers(3, LOST, "DescribeServices"), None),
        (answers(2, BROKEN, "DescribeTasks"), None),
    ],
    ids=[
        "broken",
        "throttled",
        "registered, but lost",
        "broken when updated",
        "updated, but lost",
        "throttled when watched",
        "away when watched",
        "broken when looked at",
    ],
)
def test_bad_luck_on_the_way_and_one_revision_is_registered(
    at: EcsBench, before: Any, after: Any
) -> None:
    at.apply("dep_1", at.bench.one)
    at.ecs.before = before or at.ecs.before
    at.ecs.after = after or at.ecs.after
    at.apply("dep_2", at.bench.two)
    assert at.digests() == [at.bench.two]
    assert len(at.ecs.region.definitions) == 2


def test_a_creation_whose_answer_is_lost_makes_one_service(at: EcsBench) -> None:
    at.ecs.after = answers(1, LOST, "CreateService")
    at.apply("dep_1", at.bench.one)
    assert at.digests() == [at.bench.one]


class Killed(BaseException):
    pass


def test_killed_at_any_request_it_is_gone_on_with_and_registers_once(
    at: EcsBench, monkeypatch: pytest.MonkeyPatch
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
    killed = 0
    for number in range(1, 60):
        wanted = (at.bench.two, at.bench.one)[number % 2 == 0]
        task = task_of(environment=[{"name": "N", "value": str(number)}])
        left[0] = number
        try:
            at.apply(f"dep_{number}", wanted, task=task)
            break
        except Killed:
            killed += 1
        left[0] = 0
        at.apply(f"dep_{number}", wanted, task=task)
        assert at.digests() == [wanted]
        assert len(at.ecs.region.definitions) == number + 1
    assert killed > 8


def test_away_for_good_nobody_knows_how_it_ends_and_the_next_try_goes_on(at: EcsBench) -> None:
    at.apply("dep_1", at.bench.one)
    updated = answers(1000, LOST, "DescribeServices")
    at.ecs.before = lambda operation: (
        updated(operation) if "UpdateService" in at.ecs.asked else None
    )
    with pytest.raises(ServiceUnreachable):
        at.apply("dep_2", at.bench.two)
    at.ecs.before = lambda _: None
    at.apply("dep_2", at.bench.two)
    assert at.digests() == [at.bench.two]
    assert len(at.ecs.region.definitions) == 2


def test_keys_that_do_not_count_are_refused_and_never_seen(
    at: EcsBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-other-key")
    with pytest.raises(ServiceRefused, match="InvalidSignature"):
        at.apply("dep_1", at.bench.one)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDOTHER")
    with pytest.raises(ServiceRefused, match="UnrecognizedClient"):
        at.apply("dep_1", at.bench.one)
    assert at.ecs.region.definitions == {}
    project = Path(at.host.write("probe", b"")).parent
    kept = (file.read_bytes() for file in project.rglob("*") if file.is_file())
    assert not any(b"canary" in content for content in kept)
    assert not any("canary" in line for line in at.log)


# ---------------------------------------------------------------- what is refused beforehand


@pytest.mark.parametrize(
    ("task", "why"),
    [
        ("family: shop", "no JSON"),
        ({"containerDefinitions": []}, "no family"),
        ({**task_of(), "tags": []}, "has tags"),
        (task_of(environment=[{"name": "KEY", "value": "vault://v/a#b"}]), "wants a secret"),
    ],
)
def test_a_task_definition_that_cannot_be_deployed_is_refused(
    at: EcsBench, task: Any, why: str
) -> None:
    with pytest.raises(BadTargetConfig, match=why):
        EcsTarget().plan(at.intent("dep_1", at.bench.one, task=task))


@pytest.mark.parametrize("name", ["cluster", "serviceName", "taskDefinition"])
def test_what_is_created_is_what_the_target_names(at: EcsBench, name: str) -> None:
    with pytest.raises(BadTargetConfig, match=f"its create has {name}"):
        EcsTarget().plan(at.intent("dep_1", at.bench.one, create={name: "other"}))


def test_a_container_without_a_component_is_refused_unless_it_has_a_digest(at: EcsBench) -> None:
    with pytest.raises(UnknownService, match="belongs to no component"):
        EcsTarget().plan(at.intent("dep_1", at.bench.one, task=task_of(name="other")))
    named = at.intent(
        "dep_1", at.bench.one, task=task_of(name="other"), containers={"web": "other"}
    )
    assert at.bench.one.text in EcsTarget().plan(named).files["stella.ecs.task.json"]


def test_a_plan_that_was_not_approved_is_not_carried_out(at: EcsBench) -> None:
    intent, target = at.intent("dep_1", at.bench.one), EcsTarget()
    plan = target.plan(intent)
    file = {"stella.ecs.task.json": plan.files["stella.ecs.task.json"].replace("blue", "red")}
    for other in (replace(plan, files=file), replace(plan, actions=plan.actions[1:])):
        with pytest.raises(BadTargetConfig, match="not what was approved"):
            target.apply(intent, other, at.host)
    assert at.ecs.asked == []


def test_a_plan_says_what_people_would_do(at: EcsBench) -> None:
    plan = EcsTarget().plan(at.intent("dep_1", at.bench.one))
    argv = {action.verb: action.argv for action in plan.actions}
    assert argv["register"][:5] == ("aws", "ecs", "--region", REGION, "register-task-definition")
    assert argv["start"][4:9] == ("update-service", "--cluster", "default", "--service", "shop")
    assert argv["wait_healthy"][4:6] == ("wait", "services-stable")


def test_its_engine_is_the_ecs_of_the_agents_environment(
    at: EcsBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_ECS", raising=False)
    with pytest.raises(EngineUnreachable, match="does not name ECS"):
        EcsTarget().engine(at.host)
    monkeypatch.setenv("AWS_ENDPOINT_URL_ECS", at.ecs.endpoint)
    monkeypatch.setenv("AWS_REGION", REGION)
    assert EcsTarget().engine(at.host) == "ECS 2014-11-13"
