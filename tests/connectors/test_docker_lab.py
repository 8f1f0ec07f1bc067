"""The connector ``docker`` on a real Docker Engine."""

import crypt
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from fixtures.services import layer_digest, names_running, push_service, served
from stella.agent.host import RealHost
from stella.kernel import Digest, digest_of
from stella.lab import Lab
from stella.lab.network import free_port
from stella.lab.registry import Notification, Registry, registry_program
from stella.plugin.contract.target import ServicePlan, TargetIntent
from stella.plugin.refusals import (
    EngineUnreachable,
    PortIsTaken,
    PullDigestMismatch,
    PullFailed,
    UnhealthyAfterStart,
)
from stella.sdk.protocol import GivenSecrets, RegistryLogin
from stella_connectors.docker import DockerTarget

pytestmark = pytest.mark.lab


@pytest.fixture
def target() -> DockerTarget:
    return DockerTarget()


class Logged(list[str]):
    def has(self, text: str) -> bool:
        return any(text in line for line in self)


@pytest.fixture
def log() -> Logged:
    return Logged()


@pytest.fixture
def host(lab: Lab, tmp_path: Path, log: Logged, monkeypatch: pytest.MonkeyPatch) -> RealHost:
    for name, value in lab.host("a").environment.items():
        monkeypatch.setenv(name, value)
    return RealHost(tmp_path, "shop", log=log.append, stop=threading.Event())


Intend = Callable[..., TargetIntent]


@pytest.fixture
def intend(lab: Lab, request: pytest.FixtureRequest) -> Iterator[Intend]:
    project = f"p{abs(hash(request.node.name)) % 100000}"

    def make(deployment: str, services: dict[str, Digest], **settings: object) -> TargetIntent:
        return TargetIntent(
            deployment=deployment,
            release="rel_1",
            release_digest=Digest.of(repr(services).encode()),
            version="1",
            environment="dev",
            target="host-a",
            project=project,
            services=tuple(
                ServicePlan(
                    name,
                    f"{lab.registry.address}/test/{name}@{digest}",
                    digest,
                    (digest,),
                    {"stop_timeout_s": 1, **settings},
                )
                for name, digest in services.items()
            ),
        )

    yield make
    left = lab.host("a").run(["ps", "-aq", "--filter", f"label=stella.project={project}"]).split()
    if left:
        lab.host("a").run(["rm", "--force", *left])


def apply(target: DockerTarget, intent: TargetIntent, host: RealHost) -> None:
    target.apply(intent, target.plan(intent), host)


def test_a_release_replaces_the_one_before(
    lab: Lab, target: DockerTarget, host: RealHost, intend: Intend
) -> None:
    one, two = push_service(lab, "web", "1"), push_service(lab, "web", "2")
    port = free_port()
    first = intend("dep_1", {"web": one}, ports=[f"127.0.0.1:{port}:8080"])
    apply(target, first, host)
    assert served(port) == "web 1"
    apply(target, intend("dep_2", {"web": two}, ports=[f"127.0.0.1:{port}:8080"]), host)
    assert served(port) == "web 2"
    (running,) = target.inspect(first.project, host)
    assert (running.component, running.digest, running.healthy) == ("web", two, True)
    assert (running.release, running.deployment) == ("rel_1", "dep_2")


class Private(Registry):
    """The lab's images behind a login. Bcrypt, the one form that docker-registry takes."""

    def __init__(self, lab: Lab, directory: Path, user: str, password: str) -> None:
        super().__init__(directory, program=registry_program())
        self.storage = lab.registry.storage
        directory.mkdir()
        self._users = directory / "htpasswd"
        salted = crypt.crypt(password, crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16))
        self._users.write_text(f"{user}:{salted.replace('$2b$', '$2y$')}\n")

    def _settings(self, notification: Notification | None) -> dict[str, object]:
        auth = {"htpasswd": {"realm": "private", "path": str(self._users)}}
        return {**super()._settings(notification), "auth": auth}

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(f"http://{self.address}/v2/", timeout=1).close()
        except urllib.error.HTTPError as refused:
            return refused.code == 401
        except OSError:
            return False
        raise AssertionError("it lets everybody in")


def test_a_private_image_is_pulled_with_the_login_that_the_control_plane_gives(
    lab: Lab,
    target: DockerTarget,
    host: RealHost,
    intend: Intend,
    log: Logged,
    tmp_path: Path,
) -> None:
    password = f"canary-pull-{tmp_path.name}"
    digest = push_service(lab, "web", f"private-{digest_of(str(tmp_path)).hex[:12]}")
    private = Private(lab, tmp_path / "private", "puller", password)
    private.start()
    asked: list[tuple[str, ...]] = []

    def ask(references: Sequence[str], registries: Sequence[str]) -> GivenSecrets:
        assert not references
        asked.append(tuple(registries))
        return GivenSecrets({}, (RegistryLogin(private.address, "puller", given[0]),))

    try:
        intent = intend("dep_1", {"web": digest})
        (service,) = intent.services
        image = service.image.replace(lab.registry.address, private.address)
        intent = replace(intent, services=(replace(service, image=image),))
        with pytest.raises(PullFailed, match="no basic auth credentials"):
            apply(target, intent, host)
        host.ask, given = ask, ["wrong"]
        with pytest.raises(PullFailed):
            apply(target, intent, host)
        given = [password]
        apply(target, intent, host)
    finally:
        private.stop()
    assert names_running(lab.host("a"), intent.project)
    assert asked == [(private.address,)] * 2
    assert not log.has(password)
    held = [one for one in tmp_path.rglob("*") if one.is_file() and one.stat().st_size < 1 << 20]
    assert [one for one in held if password.encode() in one.read_bytes()] == []


def test_the_same_plan_again_starts_nothing_anew(
    lab: Lab, target: DockerTarget, host: RealHost, intend: Intend
) -> None:
    intent = intend("dep_1", {"web": push_service(lab, "web", "1")})
    apply(target, intent, host)
    before = names_running(lab.host("a"), intent.project), _started(lab, intent.project)
    apply(target, intent, host)
    apply(target, replace(intent, deployment="dep_2"), host)
    assert (names_running(lab.host("a"), intent.project), _started(lab, intent.project)) == before


def test_bytes_changed_in_the_registry_are_a_digest_mismatch_and_the_old_serves(
    lab: Lab, target: DockerTarget, host: RealHost, intend: Intend
) -> None:
    one, two = push_service(lab, "web", "1"), push_service(lab, "web", "tampered")
    port = free_port()
    ports = [f"127.0.0.1:{port}:8080"]
    apply(target, intend("dep_1", {"web": one}, ports=ports), host)
    layer = layer_digest(lab, "web", "tampered")
    lab.registry.tamper_blob(layer)
    try:
        with pytest.raises(PullDigestMismatch, match="digest mismatch"):
            apply(target, intend("dep_2", {"web": two}, ports=ports), host)
    finally:
        lab.registry.tamper_blob(layer)
    assert served(port) == "web 1"


def test_a_manifest_changed_in_the_registry_is_a_digest_mismatch_or_no_image(
    lab: Lab, target: DockerTarget, host: RealHost, intend: Intend
) -> None:
    digest = push_service(lab, "web", "manifest")
    lab.registry.tamper_blob(digest)
    try:
        with pytest.raises((PullDigestMismatch, PullFailed)):
            apply(target, intend("dep_1", {"web": digest}), host)
    finally:
        lab.registry.tamper_blob(digest)


def test_an_image_that_is_not_there_cannot_be_pulled(
    target: DockerTarget, host: RealHost, intend: Intend
) -> None:
    with pytest.raises(PullFailed):
        apply(target, intend("dep_1", {"web": Digest.of(b"nothing")}), host)


@pytest.mark.parametrize("is_fixed", [True, False])
def test_what_does_not_become_healthy_is_removed_and_the_old_serves(
    lab: Lab, target: DockerTarget, host: RealHost, intend: Intend, log: Logged, is_fixed: bool
) -> None:
    good, sick = push_service(lab, "web", "1"), push_service(lab, "web", "sick", healthy=False)
    port = free_port()
    ports = [f"127.0.0.1:{port}:8080"] if is_fixed else ["8080"]
    first = intend("dep_1", {"web": good}, ports=ports)
    apply(target, first, host)
    with pytest.raises(UnhealthyAfterStart, match="health check fails"):
        apply(target, intend("dep_2", {"web": sick}, ports=ports), host)
    (running,) = target.inspect(first.project, host)
    assert (running.digest, running.deployment) == (good, "dep_1")
    if is_fixed:
        assert served(port) == "web 1"
        assert log.has("starting ")


def test_a_service_that_ends_at_once_is_refused(
    lab: Lab, target: DockerTarget, host: RealHost, intend: Intend
) -> None:
    intent = intend(
        "dep_1", {"web": push_service(lab, "web", "1")}, command=["/bin/busybox", "false"]
    )
    with pytest.raises(UnhealthyAfterStart, match="ended"):
        apply(target, intent, host)
    assert list(target.inspect(intent.project, host)) == []


def test_a_port_of_somebody_else_is_one_clear_refusal(
    lab: Lab, target: DockerTarget, host: RealHost, intend: Intend
) -> None:
    digest = push_service(lab, "web", "1")
    port = free_port()
    ports = [f"127.0.0.1:{port}:8080"]
    other = replace(intend("dep_1", {"web": digest}, ports=ports), project="somebody")
    apply(target, other, host)
    try:
        mine = intend("dep_2", {"web": digest}, ports=ports)
        with pytest.raises(PortIsTaken):
            apply(target, mine, host)
        assert list(target.inspect(mine.project, host)) == []
    finally:
        lab.host("a").run(["rm", "--force", *names_running(lab.host("a"), "somebody")])


def test_a_component_that_left_the_release_is_retired(
    lab: Lab, target: DockerTarget, host: RealHost, intend: Intend
) -> None:
    web, worker = push_service(lab, "web", "1"), push_service(lab, "worker", "1")
    intent = intend("dep_1", {"web": web, "worker": worker})
    apply(target, intent, host)
    assert [one.component for one in target.inspect(intent.project, host)] == ["web", "worker"]
    apply(target, intend("dep_2", {"web": web}), host)
    assert [one.component for one in target.inspect(intent.project, host)] == ["web"]


def test_services_of_one_network_find_each_other_and_secrets_stay_out_of_sight(
    lab: Lab,
    target: DockerTarget,
    host: RealHost,
    intend: Intend,
    log: Logged,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SHOP_KEY", "very-secret-value")
    intent = intend(
        "dep_1",
        {"web": push_service(lab, "web", "1")},
        networks=["shop-net"],
        env={"KEY": "env://SHOP_KEY", "PLAIN": "x"},
    )
    plan = target.plan(intent)
    assert "very-secret-value" not in repr(plan)
    target.apply(intent, plan, host)
    (name,) = names_running(lab.host("a"), intent.project)
    inspected = lab.host("a").run(["inspect", name])
    assert "KEY=very-secret-value" in inspected
    assert "shop-net" in inspected
    assert not log.has("very-secret-value")


def test_an_engine_that_is_gone_is_told_apart_from_a_bad_release(
    target: DockerTarget, host: RealHost, intend: Intend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(EngineUnreachable):
        apply(target, intend("dep_1", {"web": Digest.of(b"x")}), host)


def _started(lab: Lab, project: str) -> list[str]:
    names = names_running(lab.host("a"), project)
    return lab.host("a").run(["inspect", "--format={{.State.StartedAt}}", *names]).split()
