from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.benches import intent_maker, push_simulated
from stella.kernel import Digest, Json
from stella.plugin.contract.target import Action, Running, ServicePlan, TargetIntent
from stella.plugin.refusals import BadTargetConfig, PortIsTaken
from stella.sdk.testing import SimulatedEngine, SimulatedHost
from stella_connectors.docker import DockerTarget
from stella_connectors.docker.commands import hub_name

DIGEST = Digest("sha256:" + "a" * 64)
IMAGE = f"r.example/shop/web@{DIGEST}"


def intend(settings: dict[str, Json] | None = None, **config: Json) -> TargetIntent:
    make = intent_maker("docker", "r.example", "shop")
    service = ServicePlan("web", IMAGE, DIGEST, (DIGEST,), settings or {})
    return replace(make("dep_1", {}), services=(service,), config=config)


def test_the_plan_is_the_very_commands() -> None:
    plan = DockerTarget().plan(intend({"ports": ["8080"], "env": {"B": "2", "A": "1"}}))
    name = "shop-web-aaaaaaaa-" + plan.actions[2].argv[4].rpartition("-")[2]
    assert plan.actions == (
        Action("pull", "web", ("docker", "pull", "--quiet", IMAGE)),
        Action(
            "verify", "web", ("docker", "image", "inspect", "--format={{json .RepoDigests}}", IMAGE)
        ),
        Action(
            "start",
            "web",
            (
                "docker",
                "run",
                "--detach",
                "--pull=never",
                f"--name={name}",
                "--label=stella.project=shop",
                "--label=stella.component=web",
                f"--label=stella.digest={DIGEST}",
                "--label-file=stella.labels",
                "--restart=unless-stopped",
                "--publish=8080",
                "--env",
                "A=1",
                "--env",
                "B=2",
                IMAGE,
            ),
        ),
        Action(
            "wait_healthy",
            "web",
            ("docker", "container", "inspect", "--format={{json .State}}", name),
        ),
        Action("retire", "shop"),
        Action("place_sticker", "stella.version.json"),
    )
    assert plan.files == {
        "stella.labels": "stella.release=rel_1\nstella.version=1\n"
        "stella.environment=dev\nstella.target=host\n"
    }


def test_every_setting_has_its_flag() -> None:
    plan = DockerTarget().plan(
        intend(
            {
                "volumes": ["data:/data"],
                "networks": ["shop"],
                "user": "1000",
                "memory": "64m",
                "cpus": "0.5",
                "init": True,
                "read_only": True,
                "restart": "always",
                "command": ["/serve", "--fast"],
                "health": {"command": "true"},
            }
        )
    )
    (start,) = [action for action in plan.actions if action.verb == "start"]
    assert start.argv[9:] == (
        "--restart=always",
        "--volume=data:/data",
        "--network=shop",
        "--network-alias=web",
        "--user=1000",
        "--memory=64m",
        "--cpus=0.5",
        "--init",
        "--read-only",
        "--health-cmd=true",
        "--health-interval=5s",
        "--health-timeout=5s",
        "--health-retries=3",
        "--health-start-period=10s",
        IMAGE,
        "/serve",
        "--fast",
    )
    assert plan.actions[2] == Action(
        "network",
        "shop",
        ("docker", "network", "create", "--label=stella.project=shop", "shop"),
    )


@pytest.mark.parametrize(
    ("port", "is_fixed"),
    [
        ("8080:80", True),
        ("127.0.0.1:8080:80", True),
        ("[::1]:8080:80/tcp", True),
        ("8000-8010:8000-8010", True),
        ("80", False),
        ("127.0.0.1::80", False),
        ("53/udp", False),
    ],
)
def test_only_for_a_fixed_port_the_old_one_makes_room_first(port: str, is_fixed: bool) -> None:
    plan = DockerTarget().plan(intend({"ports": [port]}))
    assert ("stop_old" in [action.verb for action in plan.actions]) is is_fixed


@pytest.mark.parametrize("port", ["http", "1.2.3.4", "80:80:80:80", "-1:80", "80/sctp6", ""])
def test_what_is_no_port_is_refused(port: str) -> None:
    with pytest.raises(BadTargetConfig):
        DockerTarget().plan(intend({"ports": [port]}))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"port": ["80"]}, "port"),
        ({"ports": "80"}, "ports"),
        ({"env": {"A": 1}}, "env.A"),
        ({"health": {}}, "health"),
        ({"memory": "lots"}, "memory"),
        ({"networks": ["a", "b"]}, "networks"),
    ],
)
def test_a_setting_that_it_does_not_know_is_named(settings: dict[str, Json], told: str) -> None:
    with pytest.raises(BadTargetConfig, match=told):
        DockerTarget().plan(intend(settings))


def test_every_reason_is_told_at_once() -> None:
    with pytest.raises(BadTargetConfig) as refusal:
        DockerTarget().plan(intend({"memory": "lots", "init": "yes"}))
    assert len(refusal.value.facts["reasons"]) == 2


def test_settings_stand_in_the_targets_configuration_as_well() -> None:
    one = DockerTarget().plan(intend({"ports": ["80"]}))
    other = DockerTarget().plan(intend(services={"web": {"ports": ["80"]}}))
    assert one == other


def test_a_secret_is_named_and_never_written() -> None:
    plan = DockerTarget().plan(intend({"env": {"KEY": "env://SHOP_KEY"}}))
    (start,) = [action for action in plan.actions if action.verb == "start"]
    at = start.argv.index("--env")
    assert start.argv[at + 1] == "KEY"
    assert "SHOP_KEY" not in " ".join(start.argv)


def test_other_settings_of_the_same_image_replace_the_container(tmp_path: Path) -> None:
    engine = SimulatedEngine(tmp_path)
    host = SimulatedHost(engine, tmp_path / "projects", "shop")
    digest = push_simulated(engine.registry, "1")
    make = intent_maker("docker", engine.registry.host, "shop")
    target = DockerTarget()

    def apply(deployment: str, settings: dict[str, Json]) -> list[Running]:
        intent = make(deployment, {"web": digest})
        (service,) = intent.services
        intent = replace(intent, services=(replace(service, settings=settings),))
        target.apply(intent, target.plan(intent), host)
        return list(target.inspect("shop", host))

    (first,) = apply("dep_1", {"env": {"A": "1"}})
    (second,) = apply("dep_2", {"env": {"A": "2"}})
    assert first.name != second.name
    assert second.deployment == "dep_2"


def test_a_port_of_another_project_is_told(tmp_path: Path) -> None:
    engine = SimulatedEngine(tmp_path)
    digest = push_simulated(engine.registry, "1")
    target = DockerTarget()
    for project, refused in (("one", False), ("two", True)):
        host = SimulatedHost(engine, tmp_path / "projects", project)
        intent = intent_maker("docker", engine.registry.host, project)("dep_1", {"web": digest})
        (service,) = intent.services
        service = replace(service, settings={"ports": ["8080:80"]})
        intent = replace(intent, services=(service,))
        if refused:
            with pytest.raises(PortIsTaken):
                target.apply(intent, target.plan(intent), host)
            assert list(target.inspect(project, host)) == []
        else:
            target.apply(intent, target.plan(intent), host)


@pytest.mark.parametrize("is_stopped", [False, True])
def test_a_network_stays_where_a_container_of_another_project_is_on_it(
    tmp_path: Path, is_stopped: bool
) -> None:
    engine = SimulatedEngine(tmp_path)
    digest = push_simulated(engine.registry, "1")
    target = DockerTarget()
    placed: dict[str, tuple[TargetIntent, SimulatedHost]] = {}
    lines: list[str] = []
    for project in ("one", "two"):
        host = SimulatedHost(engine, tmp_path / "projects", project, log=lines.append)
        intent = intent_maker("docker", engine.registry.host, project)("dep_1", {"web": digest})
        (service,) = intent.services
        settings: dict[str, Json] = {"networks": ["shared"]}
        intent = replace(intent, services=(replace(service, settings=settings),))
        target.apply(intent, target.plan(intent), host)
        placed[project] = (intent, host)
    (other,) = target.inspect("two", placed["two"][1])
    if is_stopped:
        engine.run(("docker", "stop", other.name), tmp_path)

    intent, host = placed["one"]
    target.remove(intent, target.plan_removal(intent), host)
    assert list(target.inspect("one", host)) == []
    listed = ("docker", "network", "ls", "--format={{.Name}}")
    assert engine.run(listed, tmp_path).split() == ["shared"]
    assert any(f"shared stays: {other.name} uses it" in line for line in lines)

    engine.run(("docker", "rm", "--force", other.name), tmp_path)
    target.remove(intent, target.plan_removal(intent), host)
    assert engine.run(listed, tmp_path).split() == []


@pytest.mark.parametrize(
    ("image", "listed"),
    [
        ("docker.io/library/nginx@sha256:1", "nginx@sha256:1"),
        ("docker.io/bitnami/redis@sha256:1", "bitnami/redis@sha256:1"),
        (
            "registry.example.com/library/nginx@sha256:1",
            "registry.example.com/library/nginx@sha256:1",
        ),
    ],
)
def test_an_image_is_known_by_the_name_that_the_engine_writes(image: str, listed: str) -> None:
    assert hub_name(image) == listed
