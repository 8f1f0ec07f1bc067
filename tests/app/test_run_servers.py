"""Runs of workflows on a real server: killed at several moments, and gone on with at the next start."""

import signal
import time
from typing import Any

import pytest

from fixtures.hosts import Host, password_in
from stella.client import Client

pytestmark = pytest.mark.program

PAST = "2025-01-01T00:00:00Z"
CHAIN = {
    f"s{number}": {
        "uses": "wait",
        "with": {"until": PAST} if number % 10 else {"seconds": 1},
        "needs": [f"s{number - 1}"] if number else [],
    }
    for number in range(12)
}
ASK = {"uses": "approval", "with": {"by": ["admin"], "mayBeRequester": True}}
RUNS = 3


def apply(client: Client) -> None:
    steps = {**CHAIN, "ask": ASK, "join": {**CHAIN["s0"], "needs": ["s11", "ask"]}}
    document = {
        "apiVersion": "stella/v1",
        "kind": "Workflow",
        "name": "ship",
        "spec": {"steps": steps},
    }
    client.post("/apply", {"documents": [document]})


def until_all(client: Client, holds: Any) -> list[Any]:
    """Every run, once that holds of each."""
    ends_at = time.monotonic() + 120
    while True:
        found = list(client.items("/runs"))
        if len(found) == RUNS and all(map(holds, found)):
            return found
        assert time.monotonic() < ends_at, found
        time.sleep(0.2)


@pytest.mark.parametrize("after_s", [0.05, 0.6])
def test_killed_in_the_middle_every_run_ends_as_if_nothing_had_been(
    host: Host, after_s: float
) -> None:
    with host.serving() as serving:
        password = password_in(host.command("serve", "--reset-admin").stdout)
        with host.login(password) as client:
            apply(client)
            for _ in range(RUNS):
                client.post("/workflows/ship/runs", {})
            time.sleep(after_s)
            serving.process.send_signal(signal.SIGKILL)
        serving.process.wait()
    with host.serving(), host.login(password) as client:
        waiting = until_all(client, lambda one: one["waits"] == 1)
        for one in waiting:
            client.post(f"/runs/{one['id']}/decide", {"step": "ask", "action": "approve"})
        for one in until_all(client, lambda one: one["state"] == "succeeded"):
            nodes = client.get(f"/runs/{one['id']}")["nodes"]
            assert {node["state"] for node in nodes} == {"succeeded"}
            assert max(node["attempts"] for node in nodes) <= 2
        ends = [fact["subject"] for fact in client.items("/facts", kind="NodeEnded")]
        assert len(ends) == len(set(ends)) == RUNS * (len(CHAIN) + 2)
        assert client.get("/audit/verify")["good"]
