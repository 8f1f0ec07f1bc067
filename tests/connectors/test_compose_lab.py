"""The connector ``compose`` on a real Docker Engine with Compose v2."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from fixtures.services import layer_digest, push_service, served
from stella.agent.host import RealHost
from stella.kernel import Digest
from stella.lab import Lab
from stella.lab.network import free_port
from stella.plugin.contract.target import Running, ServicePlan, TargetIntent
from stella.plugin.refusals import PullDigestMismatch, UnhealthyAfterStart
from stella_connectors.compose import LOCK_FILE, ComposeTarget

pytestmark = pytest.mark.lab

COMPOSE = """
services:
  web:
    image: ${WEB}
    ports: ["127.0.0.1:${PORT:?a port}:8080"]
    stop_grace_period: 1s
    environment:
      KEY: ${KEY}
      PRICE: $$5
    depends_on:
      worker: {condition: service_healthy}
  worker:
    image: ${WORKER}
    stop_grace_period: 1s
"""


@pytest.fixture
def target() -> ComposeTarget:
    return ComposeTarget()


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def host(lab: Lab, tmp_path: Path, log: list[str], monkeypatch: pytest.MonkeyPatch) -> RealHost:
    for name, value in lab.host("b").environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SHOP_KEY", "very-secret-value")
    return RealHost(tmp_path, "shop", log=log.append, stop=threading.Event())


Intend = Callable[..., TargetIntent]


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def intend(lab: Lab, request: pytest.FixtureRequest, port: int) -> Iterator[Intend]:
    project = f"c{abs(hash(request.node.name)) % 100000}"

    def make(deployment: str, **services: Digest) -> TargetIntent:
        return TargetIntent(
            deployment=deployment,
            release=f"rel_{deployment}",
            release_digest=Digest.of(repr(services).encode()),
            version="1",
            environment="dev",
            target="host-b",
            project=project,
            services=tuple(
                ServicePlan(name, f"{lab.registry.address}/test/{name}@{digest}", digest, (digest,))
                for name, digest in services.items()
            ),
            config={
                "compose": COMPOSE,
                "env": {"PORT": str(port), "KEY": "env://SHOP_KEY"},
                "wait_timeout_s": 30,
            },
        )

    yield make
    host = lab.host("b")
    left = host.run(["ps", "-aq", "--filter", f"label=com.docker.compose.project={project}"])
    if left.split():
        host.run(["rm", "--force", *left.split()])
    host.run(["network", "prune", "--force"])


def apply(target: ComposeTarget, intent: TargetIntent, host: RealHost) -> None:
    target.apply(intent, target.plan(intent), host)


def seen(target: ComposeTarget, intent: TargetIntent, host: RealHost) -> dict[str, Running]:
    return {str(one.component): one for one in target.inspect(intent.project, host)}


def test_a_project_is_deployed_from_its_lock_file_and_replaced(
    lab: Lab, target: ComposeTarget, host: RealHost, intend: Intend, port: int, log: list[str]
) -> None:
    web1, web2 = push_service(lab, "web", "c1"), push_service(lab, "web", "c2")
    worker = push_service(lab, "worker", "c1")
    first = intend("dep_1", web=web1, worker=worker)
    apply(target, first, host)
    assert served(port) == "web c1"
    before = seen(target, first, host)
    assert {name: one.digest for name, one in before.items()} == {"web": web1, "worker": worker}
    assert all(one.healthy for one in before.values())
    second = intend("dep_2", web=web2, worker=worker)
    apply(target, second, host)
    assert served(port) == "web c2"
    now = seen(target, second, host)
    assert (now["web"].release, now["web"].deployment) == ("rel_dep_2", "dep_2")
    worker_started = "{{.State.StartedAt}}"
    started = lab.host("b").run(["inspect", f"--format={worker_started}", now["worker"].name])
    apply(target, second, host)
    again = lab.host("b").run(["inspect", f"--format={worker_started}", now["worker"].name])
    assert started == again
    environment = lab.host("b").run(["inspect", "--format={{.Config.Env}}", now["web"].name])
    assert "KEY=very-secret-value" in environment
    assert "PRICE=$5" in environment
    assert not any("very-secret-value" in line for line in log)
    assert b"very-secret-value" not in (host.read(LOCK_FILE) or b"")


def test_what_does_not_become_healthy_goes_back_to_the_previous_lock_file(
    lab: Lab, target: ComposeTarget, host: RealHost, intend: Intend, port: int
) -> None:
    good, sick = push_service(lab, "web", "c1"), push_service(lab, "web", "cs", healthy=False)
    worker = push_service(lab, "worker", "c1")
    first = intend("dep_1", web=good, worker=worker)
    apply(target, first, host)
    with pytest.raises(UnhealthyAfterStart):
        apply(target, intend("dep_2", web=sick, worker=worker), host)
    assert served(port) == "web c1"
    now = seen(target, first, host)
    assert (now["web"].digest, now["web"].deployment) == (good, "dep_1")
    lock = yaml.safe_load(host.read(LOCK_FILE) or b"")
    assert lock["x-stella"]["release"] == "rel_dep_1"


def test_a_first_deployment_that_fails_leaves_nothing(
    lab: Lab, target: ComposeTarget, host: RealHost, intend: Intend
) -> None:
    sick = push_service(lab, "web", "cs", healthy=False)
    intent = intend("dep_1", web=sick, worker=push_service(lab, "worker", "c1"))
    with pytest.raises(UnhealthyAfterStart):
        apply(target, intent, host)
    assert seen(target, intent, host) == {}


def test_bytes_changed_in_the_registry_are_a_digest_mismatch_and_the_old_serves(
    lab: Lab, target: ComposeTarget, host: RealHost, intend: Intend, port: int
) -> None:
    good, changed = push_service(lab, "web", "c1"), push_service(lab, "web", "ct")
    worker = push_service(lab, "worker", "c1")
    first = intend("dep_1", web=good, worker=worker)
    apply(target, first, host)
    layer = layer_digest(lab, "web", "ct")
    lab.registry.tamper_blob(layer)
    try:
        with pytest.raises(PullDigestMismatch, match="digest mismatch"):
            apply(target, intend("dep_2", web=changed, worker=worker), host)
    finally:
        lab.registry.tamper_blob(layer)
    assert served(port) == "web c1"


def test_the_versions_of_engine_and_compose_are_told(target: ComposeTarget, host: RealHost) -> None:
    assert ", compose " in target.engine(host)
