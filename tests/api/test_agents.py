"""Agents as people see them: enrolled by a token that is shown once, revoked for good."""

import pytest

from fixtures.control import Control
from stella.fleet import enroll
from stella.plugin.order import AgentReport
from stella.trust import make_csr, new_signer


def test_a_token_is_shown_once_and_enrols_one_agent(control: Control):
    key = {"Idempotency-Key": "k"}
    made = control.ask("POST", "/agents/tokens", {"name": "host-c"}, by="olga", headers=key)
    assert made.status_code == 201
    token = made.json()["token"]
    assert token in made.json()["command"]
    assert control.services.authority.fingerprint in made.json()["command"]
    again = control.ask("POST", "/agents/tokens", {"name": "host-c"}, by="olga", headers=key)
    assert (again.status_code, again.json()["code"]) == (409, "ST-API-004")
    control.seal()
    assert token not in control.ask("GET", "/facts", limit=1000).text
    with control.database.transaction(actor="system") as tx:
        enroll(tx, control.authority, token, make_csr(new_signer(), "host-c"))
    names = [one["name"] for one in control.get("/agents")["items"]]
    assert names == ["host-a", "host-b", "host-c"]


@pytest.mark.parametrize("name", ["", "Host", "a b", "../a", "a\n", "a" * 64, "-a"])
def test_a_name_that_no_agent_can_have_is_refused(standing: Control, name: str):
    assert standing.refused("POST", "/agents/tokens", {"name": name}, "olga") == "ST-FLT-011"


def test_a_taken_name_is_refused_until_its_agent_is_revoked(control: Control):
    wish = ("POST", "/agents/tokens", {"name": "host-a"}, "olga")
    assert control.refused(*wish) == "ST-FLT-005"
    agent = next(one for one in control.get("/agents")["items"] if one["name"] == "host-a")
    path = f"/agents/{agent['id']}"
    assert control.refused("POST", f"{path}/revoke", {"reason": "x"}, "dan") == "ST-IDN-004"
    gone = control.post(f"{path}/revoke", {"reason": "the host was sold"}, "olga")
    assert (gone["state"], gone["revokedReason"]) == ("revoked", "the host was sold")
    assert control.refused("POST", f"{path}/revoke", {"reason": "x"}, "olga") == "ST-KER-002"
    assert control.post("/agents/tokens", {"name": "host-a"}, "olga")["token"]
    assert control.get(path) == gone
    for path in ("/agents/agt_1", "/agents/agt_1/revoke"):
        method = "POST" if path.endswith("revoke") else "GET"
        body = {"reason": "x"} if method == "POST" else None
        assert control.refused(method, path, body, "olga") == "ST-FLT-001"


@pytest.mark.parametrize("by", ["dan", "ann", "vic"])
def test_only_operators_enrol(standing: Control, by: str):
    body = {"name": "host-x"}
    assert standing.refused("POST", "/agents/tokens", body, by) == "ST-IDN-004"


def test_an_agent_shows_its_targets_and_what_it_reported(control: Control):
    control.environment("dev")
    control.report("host-a", AgentReport("1.2.3"))
    (agent, other) = control.get("/agents")["items"]
    assert (agent["state"], agent["version"], agent["targets"]) == ("online", "1.2.3", ["dev-a"])
    assert (other["version"], other["connectors"]) == (None, [])
    target = next(one for one in control.get("/targets")["items"] if one["name"] == "dev-a")
    assert target["agentState"] == "online"


def test_what_an_agent_did_is_told_by_its_name(control: Control):
    with control.database.read() as tx:
        from stella.fleet import find_agent_by_name

        agent = find_agent_by_name(tx, "host-a")
    assert agent is not None
    with control.database.transaction(actor=agent.id) as tx:
        from stella.fleet.facts import AgentCameOnline

        tx.add(AgentCameOnline(agent.id, "host-a"))
    control.seal()
    (fact,) = control.get("/facts", kind="AgentCameOnline")["items"]
    assert fact["actor"] == {"id": agent.id, "name": "host-a", "roles": []}
