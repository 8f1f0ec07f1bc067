"""What of the agent's own machine a reference leads to: never its key; for others, what is there for them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.test_broken_connectors import beside
from agent.test_reached_looks import Seeing
from fixtures.control_planes import EnrolledAgent, Plane
from fixtures.ssh_hosts import Reaching, SshHost
from stella.agent.secrets import OwnSecrets
from stella.fleet import Order, OrderState
from stella.plugin.contract.target import Host, TargetIntent, TargetPlan
from stella.plugin.refusals import SecretUnresolved

Intend = Callable[..., TargetIntent]


@pytest.fixture
def own(tmp_path: Path) -> OwnSecrets:
    state, directory = tmp_path / "state", tmp_path / "secrets"
    for one in (state / "projects", directory / "prod", tmp_path / "secrets-of-others"):
        one.mkdir(parents=True)
        (one / "a").write_text("of a file\n")
    (state / "agent.key").write_text("the agent's own")
    (directory / "to-key").symlink_to(state / "agent.key")
    (directory / "to-others").symlink_to(tmp_path / "secrets-of-others" / "a")
    return OwnSecrets(state, directory)


@pytest.mark.parametrize(
    "path",
    ["state/agent.key", "secrets/to-key", "secrets/../state/agent.key", "state/projects/a"],
)
@pytest.mark.parametrize("is_reached", [True, False])
def test_nothing_of_the_agents_own_directory_is_given(
    path: str, own: OwnSecrets, tmp_path: Path, *, is_reached: bool
) -> None:
    for root in (tmp_path, Path(f"/proc/self/root{tmp_path}")):
        value = f"file://{root}/{path}"
        with pytest.raises(SecretUnresolved, match="own directory"):
            own.resolved(value, named=frozenset({value}) if is_reached else None)


@pytest.mark.parametrize(
    "path",
    ["secrets-of-others/a", "secrets/to-others", "secrets/../secrets-of-others/a"],
)
def test_for_a_host_that_is_reached_files_lie_in_one_place(
    path: str, own: OwnSecrets, tmp_path: Path
) -> None:
    value, good = f"file://{tmp_path}/{path}", f"file://{own.directory}/prod/a"
    with pytest.raises(SecretUnresolved, match="it lies below"):
        own.resolved(value, named=frozenset({value}))
    assert own.resolved(good, named=frozenset({good})) == "of a file"
    with pytest.raises(SecretUnresolved, match="does not name"):
        own.resolved(good, named=frozenset({value}))
    assert own.resolved(value) == "of a file", "on the agent's own machine"


def test_for_a_host_that_is_reached_variables_have_their_names(
    own: OwnSecrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("STELLA_SECRET_A", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "of a variable")
    good, bad = "env://STELLA_SECRET_A", "env://AWS_SECRET_ACCESS_KEY"
    assert own.resolved(good, named=frozenset({good})) == "of a variable"
    with pytest.raises(SecretUnresolved, match="begins with STELLA_SECRET_"):
        own.resolved(bad, named=frozenset({bad}))
    assert own.resolved(bad) == "of a variable", "on the agent's own machine"


@pytest.mark.server
def test_a_host_is_given_what_its_order_names_alone(
    ssh_host: SshHost, reaching: Reaching, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "AB":
        monkeypatch.setenv(f"STELLA_SECRET_{name}", name * 8)
    host = reaching(ssh_host.reach(), named=["env://STELLA_SECRET_A"])
    for name in "AB":
        asked = {"X": f"env://STELLA_SECRET_{name}"}
        if name == "A":
            assert (
                host.run(["sh", "-c", 'echo "$X"'], timeout_s=9, environment=asked)
                == b"A" * 8 + b"\n"
            )
            continue
        with pytest.raises(SecretUnresolved, match="does not name"):
            host.run(["true"], timeout_s=9, environment=asked)


class BringingBack(Seeing):
    """It fails where it is told to, and brings back what was there: with the secret that was noted there."""

    def apply(self, intent: TargetIntent, plan: TargetPlan, host: Host) -> None:
        del plan
        wanted = str(intent.services[0].settings["password"])
        before = (host.read("password") or b"").decode()
        if intent.services[0].settings.get("fails"):
            wanted = before
        host.run(["sh", "-c", 'echo "$X" > given'], timeout_s=9, environment={"X": wanted})
        host.write("password", wanted.encode())
        host.write("runs", b"x")
        if intent.services[0].settings.get("fails"):
            raise RuntimeError("it does not become healthy")


@pytest.mark.server
def test_what_a_failure_brings_back_is_given_and_what_a_host_makes_up_is_not(
    plane: Plane,
    agent: EnrolledAgent,
    intend: Intend,
    ssh_host: SshHost,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("ONE", "TWO", "OTHER"):
        monkeypatch.setenv(f"STELLA_SECRET_{name}", f"the value {name}")
    connector: Any = BringingBack()
    place = ssh_host.projects / "brings-back"

    def deployed(name: str, **settings: Any) -> Order:
        intent = replace(intend(name, "1"), project="brings-back")
        service = replace(intent.services[0], settings=settings)
        intent = replace(intent, services=(service,))
        planned = connector.plan(intent)
        return plane.ended(plane.issue(intent, planned=planned, reach=ssh_host.reach()))

    with agent.running(plugins=beside(connector)):
        first = deployed("dep_1", password="env://STELLA_SECRET_ONE")
        assert first.state is OrderState.SUCCEEDED, first.result
        for name in ("dep_2", "dep_3"):
            (place / "given").write_text("")
            deployed(name, password="env://STELLA_SECRET_TWO", fails=True)
            assert (place / "given").read_text() == "the value ONE\n"
        (place / "password").write_text("env://STELLA_SECRET_OTHER")
        (place / "given").write_text("")
        fourth = deployed("dep_4", password="env://STELLA_SECRET_TWO", fails=True)
        assert (place / "given").read_text() == ""
        assert fourth.result is not None
        assert fourth.result.code == "ST-TGT-012"
