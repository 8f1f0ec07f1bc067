import pytest

from fixtures.fleets import Fleet
from stella.fleet import (
    AgentState,
    NotAnAgent,
    ReportTooLarge,
    RevokedAgent,
    find_agent,
    heartbeat,
    mark_offline,
    revoke,
)
from stella.kernel import Digest, IllegalMove
from stella.plugin.contract.target import Running
from stella.plugin.order import AgentReport, ConnectorState, ProjectState
from stella.trust import BadRequestSignature, new_signer


def test_a_signed_request_brings_an_agent_online_once(fleet: Fleet) -> None:
    agent, key = fleet.enroll()
    for _ in range(3):
        heard = fleet.hear(fleet.headers(agent, key))
    assert heard.state is AgentState.ONLINE
    assert fleet.facts(agent.id) == ["AgentEnrolled", "AgentCameOnline"]


def test_the_same_request_twice_is_refused(fleet: Fleet) -> None:
    agent, key = fleet.enroll()
    headers = fleet.headers(agent, key)
    fleet.hear(headers)
    with pytest.raises(BadRequestSignature, match="made before"):
        fleet.hear(headers)


def test_a_request_of_another_body_path_or_key_is_refused(fleet: Fleet) -> None:
    agent, key = fleet.enroll()
    with pytest.raises(BadRequestSignature):
        fleet.hear(fleet.headers(agent, key, body=b'{"a":1}'), body=b'{"a":2}')
    with pytest.raises(BadRequestSignature):
        fleet.hear(fleet.headers(agent, key, path="/agent/v1/orders/next"))
    with pytest.raises(BadRequestSignature):
        fleet.hear(fleet.headers(agent, new_signer()))


def test_an_agent_that_nobody_enrolled_is_refused(fleet: Fleet) -> None:
    agent, key = fleet.enroll()
    headers = {**fleet.headers(agent, key), "X-Stella-Agent": "agt_unknown"}
    with pytest.raises(NotAnAgent):
        fleet.hear(headers)


@pytest.mark.parametrize("minutes", [-3, 3])
def test_a_clock_that_differs_too_much_is_refused(fleet: Fleet, minutes: int) -> None:
    agent, key = fleet.enroll()
    fleet.clock.go_on(minutes=minutes)
    headers = fleet.headers(agent, key)
    fleet.clock.go_on(minutes=-minutes)
    with pytest.raises(BadRequestSignature, match="from now"):
        fleet.hear(headers)


def test_a_revoked_agent_is_refused_and_is_revoked_once(fleet: Fleet) -> None:
    agent, key = fleet.enroll()
    with fleet.database.transaction(actor="usr_1") as tx:
        assert revoke(tx, agent.id, "the host was sold").state is AgentState.REVOKED
    with pytest.raises(RevokedAgent, match="the host was sold"):
        fleet.hear(fleet.headers(agent, key))
    with pytest.raises(IllegalMove), fleet.database.transaction(actor="usr_1") as tx:
        revoke(tx, agent.id, "again")


def test_who_is_silent_goes_offline_and_comes_back(fleet: Fleet) -> None:
    agent, key = fleet.enroll()
    fleet.hear(fleet.headers(agent, key))
    with fleet.database.transaction(actor="system") as tx:
        assert mark_offline(tx, after_s=90) == 0
    fleet.clock.go_on(seconds=91)
    with fleet.database.transaction(actor="system") as tx:
        assert mark_offline(tx, after_s=90) == 1
        assert mark_offline(tx, after_s=90) == 0
        assert find_agent(tx, agent.id).state is AgentState.OFFLINE
    fleet.hear(fleet.headers(agent, key))
    assert fleet.facts(agent.id) == [
        "AgentEnrolled",
        "AgentCameOnline",
        "AgentWentOffline",
        "AgentCameOnline",
    ]


def test_a_heartbeat_says_what_runs_by_digest(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    running = Running("web", "shop-web-1", "x", Digest.of(b"x"), "running", healthy=True)
    report = AgentReport(
        "0.1.0",
        (ConnectorState("docker", "1.0.0", "20.10.24"),),
        (ProjectState("shop", "docker", "host-a", (running,)),),
    )
    with fleet.database.transaction(actor=agent.id) as tx:
        heartbeat(tx, agent, report)
    with fleet.database.read() as tx:
        assert find_agent(tx, agent.id).report == report


def test_a_report_beyond_bounds_is_refused(fleet: Fleet) -> None:
    agent, _ = fleet.enroll()
    report = AgentReport("x" * 1_100_000)
    with pytest.raises(ReportTooLarge), fleet.database.transaction(actor=agent.id) as tx:
        heartbeat(tx, agent, report)
