"""The listener where a proxy ends the TLS: the requests' own signatures stand alone."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import httpx
import pytest

from fixtures.control_planes import EnrolledAgent, Plane, listening_plane, now
from stella.sdk.protocol import HEARTBEAT_PATH, AgentReport, to_wire
from stella.trust import Signer, new_signer, sign_request


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """One for all: what is refused leaves nothing behind."""
    with listening_plane(tmp_path_factory.mktemp("plane")) as made:
        yield made


@pytest.fixture(scope="module")
def agent(plane: Plane) -> EnrolledAgent:
    return plane.enroll()


@pytest.fixture(scope="module")
def behind_a_proxy(plane: Plane, agent: EnrolledAgent) -> str:
    plane.stop()
    plane.port = 0
    plane.settings = replace(plane.settings, proxy_terminates_tls=True)
    plane.start()
    return f"http://127.0.0.1:{plane.port}"


def beat(url: str, agent: EnrolledAgent, key: Signer, body: bytes, signed: bytes) -> httpx.Response:
    headers = {
        "X-Stella-Agent": agent.identity.agent,
        **sign_request(
            key,
            method="POST",
            path=HEARTBEAT_PATH,
            body=signed,
            now=now(),
            nonce=secrets.token_hex(8),
        ),
    }
    return httpx.post(url + HEARTBEAT_PATH, content=body, headers=headers)


BODY = json.dumps(to_wire(AgentReport("1"))).encode()


def test_a_signed_request_is_enough_there(behind_a_proxy: str, agent: EnrolledAgent) -> None:
    answer = beat(behind_a_proxy, agent, agent.state.key(), BODY, BODY)
    assert answer.status_code == 200
    assert set(answer.json()) == {"serverTime", "heartbeatS"}
    assert answer.headers["X-Stella-Time"].endswith("Z")


@pytest.mark.parametrize("change", ["key", "body"])
def test_a_request_of_another_key_or_body_is_refused(
    behind_a_proxy: str, agent: EnrolledAgent, change: str
) -> None:
    key = new_signer() if change == "key" else agent.state.key()
    signed = b"{}" if change == "body" else BODY
    answer = beat(behind_a_proxy, agent, key, BODY, signed)
    assert (answer.status_code, answer.json()["code"]) == (401, "ST-TRU-006")
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "body", [b"", b"[1", b"[]", b'{"version": 1}', b"[" * 100_000, b'{"version": "\\ud800"}']
)
def test_nonsense_is_refused_in_one_form(
    behind_a_proxy: str, agent: EnrolledAgent, body: bytes
) -> None:
    answer = beat(behind_a_proxy, agent, agent.state.key(), body, body)
    assert (answer.status_code, answer.json()["code"]) == (422, "ST-PLG-001")


def test_a_request_beyond_bounds_is_refused(behind_a_proxy: str, agent: EnrolledAgent) -> None:
    body = b" " * 2_000_001
    answer = beat(behind_a_proxy, agent, agent.state.key(), body, body)
    assert answer.json()["code"] == "ST-FLT-010"


@pytest.mark.long
def test_the_agent_runs_without_what_only_a_server_needs() -> None:
    program = (
        "import sys, stella.agent.run, stella.agent.enroll, stella.agent.host, stella.cli.agent\n"
        "from stella.plugin import load_plugins; load_plugins()\n"
        "print([m for m in ('sqlalchemy', 'fastapi', 'uvicorn', 'dbos') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr
