import ssl
import stat
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from fixtures.control_planes import Plane, now
from stella.agent.enroll import enroll_here
from stella.agent.errors import (
    AlreadyEnrolled,
    ControlPlaneRefused,
    ControlPlaneUnreachable,
    StateUnusable,
    UntrustedControlPlane,
)
from stella.agent.state import Identity, StateDirectory, Trust
from stella.api.agent_listener import enrol_command
from stella.fleet.errors import ListenerPortTaken
from stella.trust import Authority, create_authority, new_signer


def enroll(plane: Plane, state: StateDirectory, **given: object) -> Identity:
    options = {
        "url": plane.url,
        "token": "ste_none",
        "fingerprint": plane.authority.fingerprint,
        "name": "host-a",
        "now": now,
        **given,
    }
    return enroll_here(state, **options)


@pytest.fixture
def state(tmp_path: Path) -> StateDirectory:
    return StateDirectory(tmp_path / "agent")


def test_an_agent_keeps_its_key_to_itself(plane: Plane, state: StateDirectory) -> None:
    identity = enroll(plane, state, token=plane.token())
    assert plane.agent(identity.agent).name == "host-a"
    assert identity.trust is Trust.OWN
    assert stat.S_IMODE(state.root.stat().st_mode) == 0o700
    assert stat.S_IMODE((state.root / "agent.key").stat().st_mode) == 0o600
    assert plane.agent(identity.agent).key.key_id == state.key().key_id


def test_a_wrong_token_is_refused_and_leaves_no_agent_but_a_fact(
    plane: Plane, state: StateDirectory
) -> None:
    with pytest.raises(ControlPlaneRefused, match="unknown or too old"):
        enroll(plane, state)
    assert not (state.root / "agent.json").exists()
    assert plane.facts("enrolment") == ["EnrolmentRefused"]


def test_a_flood_of_wrong_tokens_is_refused_and_told_sixty_times_a_minute(plane: Plane) -> None:
    body = {"token": "x" * 43, "csr": "none"}
    with httpx.Client(verify=False, base_url=plane.url) as nobody:
        answers = [nobody.post("/agent/v1/enroll", json=body) for _ in range(80)]
    assert {one.status_code for one in answers} == {401}
    assert len(plane.facts("enrolment")) == 60


def test_who_has_another_fingerprint_never_sees_the_token(
    plane: Plane, state: StateDirectory
) -> None:
    token = plane.token()
    with pytest.raises(UntrustedControlPlane, match="fingerprint"):
        enroll(plane, state, token=token, fingerprint="ab" * 32)
    assert enroll(plane, state, token=token).agent


def test_without_a_fingerprint_the_machine_has_to_trust_who_answers(
    plane: Plane, state: StateDirectory
) -> None:
    with pytest.raises(ControlPlaneUnreachable, match="certificate"):
        enroll(plane, state, token=plane.token(), fingerprint=None)


def test_an_authority_of_another_name_with_the_right_text_is_not_enough(
    plane: Plane, state: StateDirectory, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    other = create_authority(tmp_path / "other", new_signer(), now())
    with pytest.raises(UntrustedControlPlane):
        enroll(plane, state, token=plane.token(), fingerprint=other.fingerprint)


def test_plain_http_is_refused(plane: Plane, state: StateDirectory) -> None:
    with pytest.raises(UntrustedControlPlane, match="https"):
        enroll(plane, state, url=f"http://127.0.0.1:{plane.port}")


def test_a_directory_holds_one_agent(plane: Plane, state: StateDirectory) -> None:
    enroll(plane, state, token=plane.token())
    with pytest.raises(AlreadyEnrolled):
        enroll(plane, state, token=plane.token("host-b"))


def test_an_answer_that_was_lost_is_asked_for_again_with_the_same_key(
    plane: Plane, state: StateDirectory
) -> None:
    token = plane.token()
    first = enroll(plane, state, token=token)
    (state.root / "agent.json").unlink()  # as if it had been killed just before
    assert enroll(plane, state, token=token).agent == first.agent
    assert plane.facts(first.agent) == ["AgentEnrolled"]


def test_nobody_there_is_one_clear_refusal(plane: Plane, state: StateDirectory) -> None:
    plane.stop()
    with pytest.raises(ControlPlaneUnreachable):
        enroll(plane, state, token="ste_x")


def test_a_directory_that_others_may_look_into_is_refused(
    plane: Plane, state: StateDirectory
) -> None:
    state.create()
    state.root.chmod(0o755)
    with pytest.raises(StateUnusable, match="look into"):
        enroll(plane, state, token=plane.token())


def test_something_else_that_answers_is_no_control_plane(
    plane: Plane, state: StateDirectory
) -> None:
    with pytest.raises(ControlPlaneUnreachable, match="no control plane"):
        enroll(plane, state, url=plane.url + "/elsewhere")


def test_a_taken_port_is_one_clear_refusal(plane: Plane) -> None:
    with pytest.raises(ListenerPortTaken):
        replace(plane, server=None).start()


def test_without_a_client_certificate_only_enrolment_is_answered(plane: Plane) -> None:
    agent = plane.enroll()
    context = ssl.create_default_context(cafile=str(agent.state.root / "ca.pem"))
    with httpx.Client(verify=context, base_url=plane.url) as client:
        assert client.get("/agent/v1/ca").status_code == 200
        for path in ("heartbeat", "orders/next", "orders/ord_1/log", "orders/ord_1/result"):
            answer = client.post(f"/agent/v1/{path}", content=b"{}")
            assert answer.status_code in {401, 422}, path
        assert client.get("/docs").status_code == 404


def test_the_command_to_copy_names_the_fingerprint(plane: Plane) -> None:
    authority: Authority = plane.authority
    command = enrol_command(plane.url, "ste_1", authority)
    assert command.endswith(f"--token ste_1 --ca-fingerprint {authority.fingerprint}")
