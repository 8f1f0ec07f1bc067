"""Steps of strangers' plugins, for real: those that do harm, and versions that change under a run."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fixtures.control import Control, running
from fixtures.databases import Clock
from plugin.packages import wheel_of
from plugin.strangers import eventually, processes_with
from stella.deployment.store import find_deployment
from stella.evidence.verify import verify_packet
from stella.kernel import Digest
from stella.plugin.store import delete_version
from stella.replay import replay_packet

pytestmark = pytest.mark.apart

SECRET = "a-secret-that-nobody-may-see"
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {"do": {"type": "string"}},
}
CODE = """
import os, signal, sys, time
from stella.sdk import Remedy, StepFailed, StepResult

LEAK = []


class Odd(BaseException):
    pass


class Doing:
    def __init__(self, connection):
        self._connection = connection

    def run(self, call):
        do = call.inputs.get("do", "fine")
        if do == "block":
            signal.pthread_sigmask(signal.SIG_BLOCK, set(signal.Signals))
            while True:
                time.sleep(1000)
        if do == "fork":
            for _ in range(200):
                if os.fork() == 0:
                    while True:
                        time.sleep(1000)
        if do == "allocate":
            while True:
                LEAK.append(bytes(32 << 20))
        if do == "print":
            print(os.environ.get("STELLA_HIDDEN", "nothing is hidden here"), "x" * 1_000_000)
            os.write(2, b"\\xff" * 100_000)
            raise RuntimeError(os.environ.get("STELLA_HIDDEN", "nothing is hidden"))
        if do == "raise":
            raise Odd(os.environ.get("STELLA_HIDDEN", "nothing is hidden"))
        if do == "exit":
            os._exit(0)
        if do == "vanish":
            os.kill(os.getpid(), signal.SIGKILL)
        if do == "lie":
            return ("fine", {})
        if do == "huge":
            return StepResult("fine", {"text": "x" * (9 << 20)})
        if do == "reach":
            self._connection.connect("169.254.169.254", 80, 1.0)
        if do == "no":
            raise StepFailed("the answer is no", remedy=Remedy("Ask again."))
        return StepResult(f"{call.key} by {VERSION}", {"version": VERSION, "attempt": call.attempt})

    def undo(self, call):
        pass


PLUGIN = Plugin(steps={"odd-step": Doing})
"""
OUTPUTS = {
    "type": "object",
    "properties": {"version": {"type": "string"}, "attempt": {"type": "integer"}},
}


def wheel(version: str = "1.0.0", **changes: Any) -> dict[str, str]:
    step = {
        "kind": "step",
        "name": "odd-step",
        "title": "Odd",
        "configSchema": SCHEMA,
        "outputSchema": OUTPUTS,
        "schemes": [],
    }
    given = {
        "contributes": [step],
        "version": version,
        "limits": {"timeoutS": 1, "memoryBytes": 200 << 20, "attemptsMax": 1},
        "needs": [{"capability": "network", "hosts": ["odd.example"]}],
        **changes,
    }
    made = wheel_of("odd", f"VERSION = {version!r}\n{CODE}", **given)
    return {"wheel": base64.b64encode(made).decode()}


def environment(before: str, after: str = "fine") -> dict[str, Any]:
    return {
        "apiVersion": "stella/v1",
        "kind": "Environment",
        "name": "dev",
        "spec": {
            "steps": {
                "before": [{"name": "first", "step": "odd-step", "with": {"do": before}}],
                "after": [{"name": "last", "step": "odd-step", "with": {"do": after}}],
            }
        },
    }


def target(host: str, component: str) -> dict[str, Any]:
    return {
        "apiVersion": "stella/v1",
        "kind": "Target",
        "name": f"dev-{host}",
        "spec": {
            "environment": "dev",
            "connector": "docker",
            "agent": f"host-{host}",
            "project": "shop",
            "components": [component],
        },
    }


def applied(control: Control, before: str, after: str = "fine") -> None:
    done = control.apply(environment(before, after), target("a", "web"), target("b", "worker"))
    assert done.is_success, done.text


def steps(control: Control, promotion: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = control.get(f"/deployments/{promotion['deployment']}")["steps"]
    return found


def installed(control: Control, version: str = "1.0.0", **changes: Any) -> None:
    control.post("/plugins", wheel(version, **changes), by="root")
    control.post("/plugins/odd/grant", {}, by="root")
    control.post("/plugins/odd/enable", {"version": version}, by="root")


@pytest.fixture
def mark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stands in the environment of every process that is begun here."""
    monkeypatch.setenv("LC_ALL", f"C.UTF-8-{tmp_path.name}")
    monkeypatch.setenv("STELLA_HIDDEN", SECRET)
    return tmp_path.name


@pytest.fixture
def plane(mark: str, clock: Clock, tmp_path: Path) -> Iterator[Control]:
    """A control plane with the odd plugin in version 1.0.0; afterwards no process is left of it."""
    with running(tmp_path / "control", clock) as control:
        installed(control)
        yield control
        control.services.plugging.close()
        control.services.close_policies()
    eventually(lambda: not processes_with(mark))


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        ("block", "was not done after 1 s"),
        ("fork", ""),
        ("allocate", "emory"),
        ("print", "RuntimeError"),
        ("raise", "Odd"),
        ("exit", ""),
        ("vanish", ""),
        ("lie", "returned"),
        ("huge", ""),
        ("reach", ""),
    ],
)
def test_harm_in_a_step_ends_its_deployment_as_errored_and_the_next_one_works(
    plane: Control, harm: str, why: str, tmp_path: Path
) -> None:
    applied(plane, harm)
    ended = plane.asked(plane.sealed("2.0.0")["id"], "dev")

    assert ended["state"] == "errored"
    first, last, *_ = steps(plane, ended)
    assert (first["state"], last["state"]) == ("errored", "cancelled")
    assert why in first["message"], first
    assert first["code"].startswith("ST-")
    deployment = plane.get(f"/deployments/{ended['deployment']}")
    assert {one["state"] for one in deployment["targets"]} == {"cancelled"}

    applied(plane, "fine")
    assert plane.deployed(plane.sealed("2.0.1")["id"], "dev")["state"] == "deployed"
    plane.seal()
    for told in (json.dumps(plane.get("/facts")), *written(tmp_path)):
        assert SECRET not in told


def written(folder: Path) -> Iterator[str]:
    """What the server wrote, as far as it is text; the plugin's own code aside."""
    for path in folder.rglob("*"):
        if path.is_file() and "plugins" not in path.parts:
            yield path.read_bytes().decode("latin-1")


def test_a_verdict_of_a_stranger_is_a_failure(plane: Control) -> None:
    applied(plane, "no")
    ended = plane.asked(plane.sealed("2.0.0")["id"], "dev")
    assert ended["state"] == "failed"
    first, *_ = steps(plane, ended)
    assert (first["state"], first["code"], first["message"]) == (
        "failed",
        "ST-STP-001",
        "the answer is no",
    )


def test_a_run_that_waits_keeps_the_version_that_it_began_with(plane: Control) -> None:
    applied(plane, "fine")
    waiting = plane.asked(plane.sealed("2.0.0")["id"], "dev")
    assert waiting["state"] == "deploying"

    installed(plane, "1.1.0")
    assert plane.get("/plugins/odd")["version"] == "1.1.0"
    assert plane.refused("DELETE", "/plugins/odd/versions/1.0.0", by="root") == "ST-PLG-008"
    plane.finish("host-a")
    plane.finish("host-b")

    first, last, *_ = steps(plane, waiting)
    assert (first["outputs"]["version"], last["outputs"]["version"]) == ("1.0.0", "1.0.0")
    assert {first["version"], last["version"]} == {"1.0.0"}
    assert plane.get(f"/promotions/{waiting['id']}")["state"] == "deployed"
    plane.ask("DELETE", "/plugins/odd/versions/1.0.0", by="root").raise_for_status()
    again = plane.deployed(plane.sealed("2.0.1")["id"], "dev")
    assert {one["outputs"]["version"] for one in steps(plane, again)} == {"1.1.0"}


def test_what_a_run_or_an_environment_needs_is_not_switched_off(plane: Control) -> None:
    applied(plane, "fine")
    waiting = plane.asked(plane.sealed("2.0.0")["id"], "dev")
    bare = {**environment("fine"), "spec": {}}
    plane.apply(bare).raise_for_status()
    assert plane.refused("POST", "/plugins/odd/disable", by="root") == "ST-PLG-008"
    plane.finish("host-a")
    plane.finish("host-b")
    assert plane.get(f"/promotions/{waiting['id']}")["state"] == "deployed"
    applied(plane, "fine")
    assert plane.refused("POST", "/plugins/odd/disable", by="root") == "ST-PLG-008"
    plane.apply(bare).raise_for_status()
    plane.post("/plugins/odd/disable", by="root")
    refusal = plane.apply(environment("fine")).text
    assert "no plugin brings the step 'odd-step'" in refusal


@pytest.mark.parametrize(
    ("granted", "why"),
    [
        ([], "not granted network any more"),
        (
            [{"capability": "network", "hosts": ["odd.example", "more.example"]}],
            "for other hosts now",
        ),
    ],
    ids=["taken back", "wider"],
)
def test_another_grant_than_the_approved_one_ends_the_step_as_errored(
    plane: Control, granted: list[dict[str, Any]], why: str
) -> None:
    applied(plane, "fine")
    waiting = plane.asked(plane.sealed("2.0.0")["id"], "dev")
    plane.post("/plugins/odd/grant", {"granted": granted}, by="root")
    plane.finish("host-a")
    plane.finish("host-b")
    _, last, *_ = steps(plane, waiting)
    assert (last["state"], last["code"]) == ("errored", "ST-PLG-010")
    assert why in last["message"]


def test_the_same_version_from_another_wheel_is_another_plan(plane: Control) -> None:
    applied(plane, "fine")
    release = plane.sealed("2.0.0")

    def planned() -> str:
        asked = {"release": release["id"], "environment": "dev"}
        digest: str = plane.ask("POST", "/promotions/preview", asked).json()["decision"][
            "planDigest"
        ]
        return digest

    before = planned()
    assert planned() == before
    plane.apply({**environment("fine"), "spec": {}}).raise_for_status()
    plane.post("/plugins/odd/disable", by="root")
    plane.ask("DELETE", "/plugins/odd/versions/1.0.0", by="root").raise_for_status()
    installed(plane, title="Odd, but not the same")
    applied(plane, "fine")
    assert planned() != before


def test_what_a_stranger_did_is_proved_and_replayed(plane: Control) -> None:
    applied(plane, "fine")
    done = plane.deployed(plane.sealed("2.0.0")["id"], "dev")
    with plane.services.database.read() as tx:
        kept = find_deployment(tx, done["deployment"]).plan
    plan = json.loads(plane.services.blobs.get(Digest(kept)))
    assert {one["pluginWheel"]["granted"]["network"][0] for one in plan["steps"]} == {"odd.example"}
    (ref,) = plane.get("/evidence", subject=done["deployment"])["items"]
    packet = plane.ask("GET", f"/evidence/{ref['id']}/packet").content
    assert verify_packet(packet, plane.services.trust_root).good
    assert replay_packet(packet).verdict == "identical"


def test_the_same_version_from_another_wheel_is_not_run_for_an_old_plan(plane: Control) -> None:
    applied(plane, "fine")
    waiting = plane.asked(plane.sealed("2.0.0")["id"], "dev")
    with plane.services.database.transaction(actor="system") as tx:  # no route lets it happen
        delete_version(tx, "odd", "1.0.0")
    plane.services.plugging.forget("odd", "1.0.0")
    installed(plane, title="Odd, but not the same")
    plane.finish("host-a")
    plane.finish("host-b")
    _, last, *_ = steps(plane, waiting)
    assert (last["state"], last["code"]) == ("errored", "ST-PLG-010")
    assert "another wheel" in last["message"]


def test_the_api_shows_steps_where_they_are_planned_taken_and_set(plane: Control) -> None:
    applied(plane, "fine", "no")
    (environment,) = plane.get("/environments")["items"]
    assert environment["steps"] == [
        {"name": "first", "phase": "before", "step": "odd-step", "inputs": {"do": "fine"}},
        {"name": "last", "phase": "after", "step": "odd-step", "inputs": {"do": "no"}},
    ]
    release = plane.sealed("2.0.0")
    preview = plane.ask(
        "POST", "/promotions/preview", {"release": release["id"], "environment": "dev"}
    ).json()
    assert [(one["name"], one["version"]) for one in preview["plan"]["steps"]] == [
        ("first", "1.0.0"),
        ("last", "1.0.0"),
    ]
    (by, _) = [one["broughtBy"] for one in preview["plan"]["steps"]]
    assert (by["name"], by["version"], by["wheel"][:7]) == ("odd", "1.0.0", "sha256:")
    assert by["granted"] == {"network": ["odd.example"]}
    waiting = plane.asked(release["id"], "dev")
    assert [one["inputs"] for one in waiting["plan"]["steps"]] == [{"do": "fine"}, {"do": "no"}]
