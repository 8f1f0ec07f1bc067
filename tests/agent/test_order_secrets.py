"""Secrets that an order names in a store: asked for by the command that needs them, for this one use."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from agent.test_broken_connectors import beside
from fixtures.control_planes import EnrolledAgent, Plane, now
from stella.agent.control_plane import ControlPlane
from stella.agent.errors import ControlPlaneRefused, LeaseLost
from stella.agent.host import RealHost
from stella.api.services import Outside
from stella.app.deployed_secrets import DeployedSecrets
from stella.fleet import OrderState, find_agent_by_name, take_order
from stella.hub.errors import SecretNotDeployed
from stella.kernel import Json, Remedy
from stella.plugin.contract.deployed import docker_login
from stella.plugin.contract.target import Host, Running, TargetIntent, TargetPlan
from stella.record import facts_about
from stella.sdk.protocol import RegistryLogin, SecretsReply, SecretsRequest, order_path
from stella.trust import OneTimeKey

Intend = Callable[..., TargetIntent]
REFERENCE = "vault://main/kv/shop/db#password"
SECRET = "canary-deployed-7a1c9e44"
LOGIN = "canary-login-03be11d2"
OWN, FILED = "canary-agent-env-4410c2a7", "canary-agent-file-e1b07d55"


@dataclass
class Store:
    """Where secrets lie: what is given for which environment, and what was asked for."""

    values: dict[str, str]
    asked: list[tuple[str, str]] = field(default_factory=list)

    def deployed(self, reference: str, environment: str) -> str:
        self.asked.append((reference, environment))
        if reference not in self.values:
            raise SecretNotDeployed(
                "the integration main gives no secrets to hosts of dev", remedy=Remedy("Let it.")
            )
        return self.values[reference]

    def pull_login(self, registry: str, environment: str) -> RegistryLogin | None:
        self.asked.append((registry, environment))
        return RegistryLogin(registry, "puller", LOGIN)


@dataclass
class Telling:
    """A target that shows what its commands were given, by a file and by all that it says."""

    seen: Path

    def opened(self) -> "Telling":
        return self

    def plan(self, intent: TargetIntent) -> TargetPlan:
        return TargetPlan("docker", intent.target, ())

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        del plan
        registry = intent.services[0].image.partition("/")[0]
        given = {
            "PASSWORD": cast("str", intent.services[0].settings["password"]),
            "DOCKER_CONFIG": docker_login(registry),
            **cast("dict[str, str]", intent.services[0].settings.get("more", {})),
        }
        script = (
            f'exec 3> {self.seen}; echo "$PASSWORD" >&3;'
            'cat "$DOCKER_CONFIG/config.json" >&3; echo >&3;'
            'echo "$DOCKER_CONFIG" >&3; echo "told: $PASSWORD" >&2;'
            'echo "own: $OWN and $FILED, $(echo $FILED)" >&2;'
            f'[ ! -e {self.seen}.fail ] || {{ echo "not $PASSWORD" >&2; exit 1; }}'
        )
        host.run(["sh", "-c", script], timeout_s=10, environment=given)

    def inspect(self, project: str, host: Host) -> tuple[Running, ...]:
        del project, host
        return ()

    def engine(self, host: Host) -> str:
        del host
        return "1"


@pytest.fixture
def store() -> Store:
    return Store({REFERENCE: SECRET})


@pytest.fixture
def asked(plane: Plane, store: Store) -> Plane:
    """The control plane with that store behind it."""
    plane.stop()
    plane.secrets = DeployedSecrets(cast("Outside", store), [plane.signer.public]).ask
    plane.start()
    return plane


def with_secret(intent: TargetIntent, reference: str = REFERENCE) -> TargetIntent:
    (service,) = intent.services
    return replace(intent, services=(replace(service, settings={"password": reference}),))


def carried_out(plane: Plane, agent: EnrolledAgent, intent: TargetIntent, seen: Path) -> Any:
    def real(project: str, log: Callable[[str], None], stop: threading.Event) -> RealHost:
        return RealHost(agent.state.projects, project, log=log, stop=stop)

    telling = Telling(seen)
    with agent.running(open_host=real, plugins=beside(cast("Any", telling))):
        return plane.ended(plane.issue(intent, planned=telling.plan(intent)))


def test_a_command_is_given_its_secret_and_a_login_and_nothing_keeps_them(
    asked: Plane,
    agent: EnrolledAgent,
    intend: Intend,
    store: Store,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG")
    seen, filed = tmp_path / "seen", tmp_path / "filed"
    monkeypatch.setenv("SHOP_OWN", OWN)
    filed.write_text(f"{FILED}\n")
    intent = with_secret(intend("dep_1", "1"))
    (service,) = intent.services
    own: Json = {"OWN": "env://SHOP_OWN", "FILED": f"file://{filed}"}
    service = replace(service, settings={**service.settings, "more": own})
    intent = replace(intent, services=(service,))
    order = carried_out(asked, agent, intent, seen)
    assert order.state is OrderState.SUCCEEDED, order.result
    password, config, directory = seen.read_text().split("\n")[:3]
    assert password == SECRET
    assert "auths" in config
    assert not Path(directory).exists()
    registry = intent.services[0].image.partition("/")[0]
    assert store.asked == [(REFERENCE, "dev"), (registry, "dev")]
    assert "told: ***" in "\n".join(asked.log("dep_1"))
    assert "SecretsAsked" in asked.facts(order.id)
    assert "own: *** and ***, ***" in "\n".join(asked.log("dep_1"))
    seen.unlink()
    filed.unlink()
    asked.database.close()
    held = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert len(held) > 5
    for canary in (SECRET, LOGIN, OWN, FILED):
        assert canary not in caplog.text
        assert [one for one in held if canary.encode() in one.read_bytes()] == []


def test_a_refusal_of_the_store_is_how_the_order_ends(
    asked: Plane, agent: EnrolledAgent, intend: Intend, store: Store, tmp_path: Path
) -> None:
    store.values.clear()
    order = carried_out(asked, agent, with_secret(intend("dep_1", "1")), tmp_path / "seen")
    assert order.result is not None
    assert (order.state, order.result.code) == (OrderState.ERRORED, "ST-TGT-012")
    assert "gives no secrets to hosts of dev" in order.result.message
    assert not (tmp_path / "seen").exists(), "the command was not run"


def test_what_a_failing_command_says_is_told_without_the_secret(
    asked: Plane, agent: EnrolledAgent, intend: Intend, tmp_path: Path
) -> None:
    (tmp_path / "seen.fail").touch()
    order = carried_out(asked, agent, with_secret(intend("dep_1", "1")), tmp_path / "seen")
    assert order.result is not None
    assert order.result.code == "ST-TGT-004", order.result
    assert "not ***" in order.result.message


def ask(plane: Plane, agent: EnrolledAgent, order: str, **more: Any) -> SecretsReply | None:
    line = ControlPlane(agent.state, agent.identity, now)
    request = SecretsRequest(**{"fence": 1, "key": OneTimeKey().public, **more})
    try:
        return line.post(order_path(order, "secrets"), request, SecretsReply)
    finally:
        line.close()


def test_an_order_gives_nothing_that_it_does_not_name(
    asked: Plane, agent: EnrolledAgent, intend: Intend, store: Store
) -> None:
    intent = with_secret(intend("dep_1", "1"))
    order = asked.issue(intent, planned=TargetPlan("docker", intent.target, ()))
    with pytest.raises(LeaseLost, match="fence 0"):  # nobody holds it yet
        ask(asked, agent, order.id, references=(REFERENCE,))
    with asked.database.transaction(actor="test") as tx:
        found = find_agent_by_name(tx, "host-a")
        assert found is not None
        take_order(tx, found)
    for more in (
        {"references": ("vault://main/kv/other#password",)},
        {"registries": ("registry.example",)},
    ):
        with pytest.raises(ControlPlaneRefused, match="names no"):
            ask(asked, agent, order.id, **more)
    assert store.asked == []
    other = asked.enroll("host-b")
    with pytest.raises(LeaseLost, match="addressed to another agent"):
        ask(asked, other, order.id, references=(REFERENCE,))
    with pytest.raises(ControlPlaneRefused):
        ask(asked, agent, order.id, references=(REFERENCE,), key="none")
    with asked.database.read() as tx:
        kinds = [one.kind for one in facts_about(tx, [order.id])]
    assert "SecretsAsked" in kinds


def test_a_killed_agents_logins_are_removed_at_its_next_start(
    asked: Plane, agent: EnrolledAgent
) -> None:
    from stella.agent.registry_login import RegistryLogins

    logins = RegistryLogins(agent.state.projects)
    with logins.opened() as one:
        left = Path(one.directory(RegistryLogin("r.example", "a", LOGIN)))
        assert (left.stat().st_mode & 0o777, (left / "config.json").stat().st_mode & 0o777) == (
            0o700,
            0o600,
        )
        other = RegistryLogins(agent.state.projects / "other")
        other.remove_left()
        assert left.exists(), "another agent's"
        with agent.running():
            deadline = 200
            while left.exists() and deadline:
                deadline -= 1
                threading.Event().wait(0.02)
        assert not left.exists()


def test_everything_else_of_the_users_docker_directory_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import json

    from stella.agent.registry_login import RegistryLogins

    own = tmp_path / "own"
    (own / "cli-plugins").mkdir(parents=True)
    (own / "config.json").write_text(
        json.dumps({"auths": {"b.example": {"auth": "eA=="}}, "credsStore": "pass"})
    )
    monkeypatch.setenv("DOCKER_CONFIG", str(own))
    with RegistryLogins(tmp_path).opened() as logins:
        made = Path(logins.directory(RegistryLogin("docker.io", token="t")))
        config = json.loads((made / "config.json").read_text())
        assert (made / "cli-plugins").samefile(own / "cli-plugins")
    hub = "https://index.docker.io/v1/"
    assert config["auths"] == {"b.example": {"auth": "eA=="}, hub: {"registrytoken": "t"}}
    assert (config["credsStore"], config["credHelpers"]) == ("pass", {hub: ""})
    assert own.exists(), "what was linked to stays"
    assert (own / "cli-plugins").exists()
