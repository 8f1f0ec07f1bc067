"""Targets on hosts that are reached: the way is approved, signed, and nobody moves a host by the way."""

from typing import Any

from environment.test_reach import KEY, SSH
from fixtures.control import Control
from stella.plugin.order import AgentReport, read_order
from stella.plugin.reached import read_reach

OTHER = KEY.replace("AAAAIB", "AAAAIC")


def target(**ssh: Any) -> dict[str, Any]:
    return {
        "apiVersion": "stella/v1",
        "kind": "Target",
        "name": "dev-a",
        "spec": {
            "environment": "dev",
            "connector": "docker",
            "agent": "host-a",
            "project": "shop-dev",
            "components": ["web"],
            "reach": {"ssh": {**SSH, **ssh}},
        },
    }


def ready(control: Control) -> str:
    control.environment("dev")
    applied = control.apply(target())
    assert applied.is_success, applied.text
    return str(control.sealed("2.0.0")["id"])


def test_another_host_key_or_account_is_another_plan(control: Control) -> None:
    release = ready(control)
    preview = {"release": release, "environment": "dev"}
    digests = set()
    for ssh in ({}, {"hostKey": OTHER}, {"user": "root"}, {"key": "env://OTHER"}, {"sudo": True}):
        assert control.apply(target(**ssh)).is_success
        shown = control.post("/promotions/preview", preview)
        digests.add(shown["decision"]["planDigest"])
    assert len(digests) == 5


def test_the_order_says_the_way_and_the_packet_holds(control: Control) -> None:
    release = ready(control)
    promotion = control.asked(release, "dev")
    taken = control.take("host-a")
    assert taken is not None
    order = read_order(taken.bundle, [control.work.order_signer.public])
    spec = target()["spec"]["reach"]
    assert order.reach == read_reach(spec)
    (shown,) = (one for one in control.get("/environments/dev")["targets"] if one["reach"])
    assert shown["reach"]["ssh"]["hostKey"] == KEY
    control.finish("host-a")
    control.finish("host-b")
    done = control.get(f"/promotions/{promotion['id']}")
    assert done["state"] == "deployed", done
    (ref,) = control.get(f"/deployments/{done['deployment']}")["evidence"]
    packet = control.get(f"/evidence/{ref['id']}")
    assert packet["verification"]["good"], packet["verification"]

    moved = control.apply(target(host="10.0.0.8"))
    assert moved.json()["code"] == "ST-ENV-019", moved.text
    assert control.apply(target(hostKey=OTHER)).is_success
    shown = control.get("/environments/dev/take-down")
    control.post(
        "/environments/dev/take-down",
        {"reason": "over", "planDigest": shown["planDigest"]},
        by="olga",
    )
    taken = control.take("host-a")
    assert taken is not None
    removal = read_order(taken.bundle, [control.work.order_signer.public])
    assert removal.reach is not None
    assert removal.reach.ssh is not None
    assert removal.reach.ssh.host_key == OTHER


def test_an_agent_that_cannot_go_that_way_is_given_no_order(control: Control) -> None:
    release = ready(control)
    control.report("host-a", AgentReport("1", (), (), reaches=()))
    promotion = control.asked(release, "dev")
    done = control.get(f"/promotions/{promotion['id']}")
    assert done["state"] == "errored", done
    assert "ST-FLT-014" in str(control.get(f"/deployments/{done['deployment']}"))


def test_one_project_on_one_host_is_one_targets_by_whichever_agents(control: Control) -> None:
    """They would remove each other's containers, and no lease keeps two agents apart there."""
    ready(control)
    first, second = target(), target(host="web-1.example.com", user="other")
    first["spec"]["project"] = second["spec"]["project"] = "shop-far"
    second["name"], second["spec"]["agent"] = "dev-other", "host-b"
    assert control.apply(first).is_success
    refused = control.apply(second)
    assert "has the project 'shop-far' on that host" in refused.json()["title"], refused.text
    second["spec"]["reach"]["ssh"]["hostKey"] = OTHER
    assert control.apply(second).is_success
