import pytest

from fixtures.fleets import Fleet
from stella.fleet import (
    AgentNameTaken,
    AgentState,
    EnrolmentTokenRefused,
    UnusableName,
    enroll,
    find_agent,
    find_agent_by_name,
    list_agents,
    make_token,
    renew_certificate,
    revoke,
)
from stella.trust import BadCertificate, make_csr, new_signer, read_certificate


def test_a_token_enrols_one_agent_with_a_certificate_in_its_name(fleet: Fleet) -> None:
    agent, key = fleet.enroll("host-a")
    assert (agent.name, agent.state) == ("host-a", AgentState.OFFLINE)
    assert agent.key.key_id == key.key_id
    assert fleet.facts("host-a") == ["EnrolmentTokenMade"]
    assert fleet.facts(agent.id) == ["AgentEnrolled"]


def test_the_certificate_names_the_agent_whatever_the_request_says(fleet: Fleet) -> None:
    token, key = fleet.token(), new_signer()
    with fleet.database.transaction(actor="system") as tx:
        enrolled = enroll(tx, fleet.authority, token, make_csr(key, "somebody else"))
    view = read_certificate(enrolled.certificate)
    assert view.subject == enrolled.agent_id
    assert enrolled.ca == fleet.authority.certificate


def test_the_same_key_may_ask_again_because_the_answer_may_be_lost(fleet: Fleet) -> None:
    token, csr = fleet.token(), make_csr(new_signer(), "host-a")
    ids = []
    for _ in range(2):
        with fleet.database.transaction(actor="system") as tx:
            ids.append(enroll(tx, fleet.authority, token, csr).agent_id)
    assert ids[0] == ids[1]
    assert fleet.facts(ids[0]) == ["AgentEnrolled"]


def test_a_used_token_is_refused_to_another_key(fleet: Fleet) -> None:
    token = fleet.token()
    with fleet.database.transaction(actor="system") as tx:
        enroll(tx, fleet.authority, token, make_csr(new_signer(), "host-a"))
    with (
        pytest.raises(EnrolmentTokenRefused, match="used before"),
        fleet.database.transaction(actor="system") as tx,
    ):
        enroll(tx, fleet.authority, token, make_csr(new_signer(), "host-a"))


@pytest.mark.parametrize("token", ["ste_" + "w" * 40, "", "ste_"])
def test_a_wrong_token_is_refused(fleet: Fleet, token: str) -> None:
    fleet.token()
    with (
        pytest.raises(EnrolmentTokenRefused),
        fleet.database.transaction(actor="system") as tx,
    ):
        enroll(tx, fleet.authority, token, make_csr(new_signer(), "host-a"))


def test_an_expired_token_is_refused(fleet: Fleet) -> None:
    token = fleet.token(hours=1)
    fleet.clock.go_on(hours=1)
    with (
        pytest.raises(EnrolmentTokenRefused, match="too old"),
        fleet.database.transaction(actor="system") as tx,
    ):
        enroll(tx, fleet.authority, token, make_csr(new_signer(), "host-a"))


def test_what_is_no_certificate_request_uses_no_token_up(fleet: Fleet) -> None:
    token = fleet.token()
    with pytest.raises(BadCertificate), fleet.database.transaction(actor="system") as tx:
        enroll(tx, fleet.authority, token, b"nonsense")
    with fleet.database.transaction(actor="system") as tx:
        assert enroll(tx, fleet.authority, token, make_csr(new_signer(), "x")).agent_id


def test_a_name_in_use_gets_no_second_token_until_it_is_revoked(fleet: Fleet) -> None:
    agent, _ = fleet.enroll("host-a")
    with pytest.raises(AgentNameTaken), fleet.database.transaction(actor="usr_1") as tx:
        make_token(tx, "host-a", secret="t" * 40)
    with fleet.database.transaction(actor="usr_1") as tx:
        revoke(tx, agent.id, "the host was replaced")
        token = make_token(tx, "host-a", secret="t" * 40).token
        again = enroll(tx, fleet.authority, token, make_csr(new_signer(), "host-a"))
        found = find_agent_by_name(tx, "host-a")
        assert found is not None
        assert found.id == again.agent_id
        assert [one.state for one in list_agents(tx)] == [AgentState.REVOKED, AgentState.OFFLINE]


@pytest.mark.parametrize("name", ["", "Host", "a b", "../x", "a" * 64, "-a"])
def test_a_name_that_is_none_is_refused(fleet: Fleet, name: str) -> None:
    with pytest.raises(UnusableName), fleet.database.transaction(actor="usr_1") as tx:
        make_token(tx, name, secret="t" * 40)


def test_a_certificate_is_renewed_for_the_same_key_only(fleet: Fleet) -> None:
    agent, key = fleet.enroll()
    fleet.clock.go_on(hours=16)
    with fleet.database.transaction(actor=agent.id) as tx:
        renewed = renew_certificate(tx, fleet.authority, agent, make_csr(key, "host-a"))
        until = read_certificate(renewed.certificate).not_after
        assert find_agent(tx, agent.id).certificate_expires_at == until
    assert until > agent.certificate_expires_at
    with (
        pytest.raises(BadCertificate, match="no other"),
        fleet.database.transaction(actor=agent.id) as tx,
    ):
        renew_certificate(tx, fleet.authority, agent, make_csr(new_signer(), "host-a"))
