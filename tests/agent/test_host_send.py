"""A connector's HTTP exchanges, which the agent does: bounded, verified, masked, ended by a stop."""

import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.test_strangers import boat_wheel, unpacked
from connectors.registries import Answer, played_registry, served_tls
from fixtures.control_planes import Plane, wait_until
from stella.agent.host import RealHost, Stopped
from stella.agent.send import references_in
from stella.plugin.contract.target import AwsSigning, HostRequest, HostResponse
from stella.plugin.refusals import SecretUnresolved, ServiceRefused, ServiceUnreachable
from stella.sdk.apart.opened import plugin_apart
from stella.sdk.apart.process import PluginProcess
from stella.sdk.protocol import GivenSecrets
from stella.sdk.testing import SimulatedEngine, SimulatedHost
from stella.trust import create_authority, new_signer

SECRET = "canary-7d1f"


class Service:
    """Keeps what it was asked; answers with what it is told to."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answer = Answer(200, b"{}")
        self.go = threading.Event()
        self.go.set()

    def play(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        named = {name.lower(): text for name, text in headers.items()}
        self.asked.append((method, path, named, body))
        self.go.wait(20)
        return self.answer


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def log() -> list[str]:
    return []


@pytest.fixture
def stop() -> threading.Event:
    return threading.Event()


@pytest.fixture
def host(tmp_path: Path, log: list[str], stop: threading.Event) -> RealHost:
    return RealHost(tmp_path / "projects", "shop", log=log.append, stop=stop)


def test_its_references_are_resolved_for_the_exchange_and_masked_afterwards(
    host: RealHost, service: Service, log: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOMAD_TOKEN", SECRET)
    host.ask = lambda references, _: GivenSecrets(dict.fromkeys(references, "of-a-store"))
    service.answer = Answer(404, b"job not found", {"X-Nomad-Index": "7"})
    with played_registry(service.play) as at:
        monkeypatch.setenv("NOMAD_ADDR", f"http://{at}/")
        headers = {"X-Nomad-Token": "env://NOMAD_TOKEN", "X-More": "vault://v/a#b"}
        asked = HostRequest("PUT", "env://NOMAD_ADDR", "/v1/jobs?a=b", headers, b"body")
        answer = host.send(asked)
    assert (answer.status, answer.body) == (404, b"job not found")
    assert answer.headers["x-nomad-index"] == "7"
    ((method, path, received, body),) = service.asked
    assert (method, path, body) == ("PUT", "/v1/jobs?a=b", b"body")
    assert (received["x-nomad-token"], received["x-more"]) == (SECRET, "of-a-store")
    host.log(f"it said {SECRET} and of-a-store")
    assert log == ["it said *** and ***"]
    assert SECRET not in repr(answer)


def test_what_cannot_be_resolved_is_named_and_nothing_is_sent(
    host: RealHost, service: Service
) -> None:
    with played_registry(service.play) as at:
        asked = HostRequest("GET", f"http://{at}", "/", {"X-Token": "env://NOT_THERE"})
        with pytest.raises(SecretUnresolved, match="env://NOT_THERE"):
            host.send(asked)
    assert service.asked == []


def test_aws_takes_its_signature(
    host: RealHost, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    with played_registry(service.play) as at:
        signing = AwsSigning("ecs", "eu-central-1")
        host.send(HostRequest("POST", f"http://{at}", "/", {}, b"{}", signing=signing))
    authorization = service.asked[0][2]["authorization"]
    assert "Credential=AKIDEXAMPLE/" in authorization
    assert "/eu-central-1/ecs/aws4_request" in authorization
    assert references_in(HostRequest("POST", "https://x", "/", signing=signing)) == {
        "env://AWS_ACCESS_KEY_ID",
        "env://AWS_SECRET_ACCESS_KEY",
    }


def test_an_authority_is_verified_and_only_a_given_one_counts(
    host: RealHost, service: Service, tmp_path: Path
) -> None:
    authority = create_authority(tmp_path, new_signer(), datetime.now(UTC))
    (tmp_path / "ca.pem").write_bytes(authority.certificate)
    context = served_tls(authority, "127.0.0.1", tmp_path)
    with played_registry(service.play, over=context) as at:
        trusted = HostRequest("GET", f"https://{at}", "/", ca=f"file://{tmp_path}/ca.pem")
        assert host.send(trusted).status == 200
        with pytest.raises(ServiceUnreachable, match="certificate"):
            host.send(HostRequest("GET", f"https://{at}", "/"))


def test_a_stop_ends_an_exchange_at_once(
    host: RealHost, service: Service, stop: threading.Event
) -> None:
    service.go.clear()
    with played_registry(service.play) as at:
        threading.Timer(0.1, stop.set).start()
        begun = time.monotonic()
        with pytest.raises(Stopped):
            host.send(HostRequest("GET", f"http://{at}", "/", timeout_s=60))
        with pytest.raises(Stopped):
            host.send(HostRequest("GET", f"http://{at}", "/"))
        assert time.monotonic() - begun < 10
        service.go.set()


def test_time_and_size_are_bounded_and_a_redirect_leads_nowhere_else(
    host: RealHost, service: Service
) -> None:
    with played_registry(service.play) as at:
        service.answer = Answer(200, b"x" * 2000)
        with pytest.raises(ServiceUnreachable, match="more than"):
            host.send(HostRequest("GET", f"http://{at}", "/", bytes_max=1000))
        service.answer = Answer(307, b"", {"location": "http://127.0.0.2:1/"})
        with pytest.raises(ServiceUnreachable, match="another host"):
            host.send(HostRequest("GET", f"http://{at}", "/"))
        service.go.clear()
        with pytest.raises(ServiceUnreachable, match=r"within 1 s|time"):
            host.send(HostRequest("GET", f"http://{at}", "/", timeout_s=1))
        service.go.set()


@pytest.mark.parametrize(
    "asked",
    [
        HostRequest("GET", "http://nomad.example.com", "/"),
        HostRequest("GET", "ftp://nomad.example.com", "/"),
        HostRequest("GET", "https://a:b@nomad.example.com", "/"),
        HostRequest("GET", "http://127.0.0.1:1/v1?", "/"),
        HostRequest("GET", "http://127.0.0.1:1#", "/"),
        HostRequest("GE T", "http://127.0.0.1:1", "/"),
        HostRequest("GET", "http://127.0.0.1:1", "/a b"),
        HostRequest("GET", "http://127.0.0.1:1", "/", {"X-A": "one\r\nX-B: two"}),
        HostRequest("GET", "https://127.0.0.1:1", "/", ca="no PEM"),
    ],
    ids=["plain", "scheme", "user", "query", "fragment", "method", "path", "header", "authority"],
)
def test_what_cannot_be_sent_is_refused(host: RealHost, asked: HostRequest) -> None:
    with pytest.raises(ServiceRefused):
        host.send(asked)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "168.63.129.16", "fe80::1%2", "::ffff:169.254.170.2", "fd00:ec2::254"],
)
def test_where_clouds_hand_out_credentials_nothing_is_asked(
    host: RealHost, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    def looked_up(_host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        return [(0, 0, 0, "", (address, port))]

    monkeypatch.setattr("stella.agent.send.socket.getaddrinfo", looked_up)
    asked = HostRequest("GET", "https://nomad.example.com", "/", timeout_s=2)
    with pytest.raises(ServiceRefused, match="hand out credentials"):
        host.send(asked)


def test_a_name_is_reached_where_one_of_its_addresses_may_be(
    host: RealHost, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with played_registry(service.play) as at:
        endpoint = f"http://nomad.example.com:{at.rpartition(':')[2]}"
        found = ["169.254.1.1", "127.0.0.1"]
        monkeypatch.setattr("stella.agent.send._addresses", lambda *_: found)
        assert host.send(HostRequest("GET", endpoint, "/", plain_http=True)).status == 200


ASKING = """
from stella.sdk import HostRequest
class Boat:
    def plan(self, intent): ...
    def apply(self, intent, plan, host): ...
    def inspect(self, project, host): return iter(())
    def engine(self, host):
        answer = host.send(HostRequest("GET", {endpoint!r}, "/v1", {headers!r}, b"a", timeout_s=5))
        return f"{{answer.status}} {{answer.headers['x']}} {{answer.body.decode()}}"
PLUGIN = Plugin(targets={{"boat": Boat}})
"""


@pytest.mark.apart
@pytest.mark.parametrize(
    ("needs", "endpoint", "headers", "said"),
    [
        ([{"capability": "network"}], "https://nomad.example.com", {}, "200 y of the fake"),
        (
            [{"capability": "network", "hosts": ["nomad.example.com"]}],
            "https://nomad.example.com",
            {},
            "200 y of the fake",
        ),
        ([{"capability": "docker"}], "https://nomad.example.com", {}, None),
        (
            [{"capability": "network", "hosts": ["other.example.com"]}],
            "https://nomad.example.com",
            {},
            None,
        ),
        ([{"capability": "network"}], "https://nomad.example.com", {"X": "env://A"}, None),
        (
            [{"capability": "network"}, {"capability": "read_secret"}],
            "env://NOMAD_ADDR",
            {"X": "env://A"},
            "200 y of the fake",
        ),
        (
            [
                {"capability": "network", "hosts": ["nomad.example.com"]},
                {"capability": "read_secret"},
            ],
            "env://NOMAD_ADDR",
            {},
            None,
        ),
    ],
)
def test_a_strangers_connector_has_the_same_door_as_far_as_it_was_granted(
    tmp_path: Path,
    needs: list[dict[str, object]],
    endpoint: str,
    headers: dict[str, str],
    said: str | None,
) -> None:
    asked: list[HostRequest] = []

    def answer(request: HostRequest) -> HostResponse:
        asked.append(request)
        return HostResponse(200, {"x": "y"}, b"of the fake")

    code = ASKING.format(endpoint=endpoint, headers=headers)
    process = PluginProcess(unpacked(tmp_path / "wheel", boat_wheel(code, needs=needs)))
    engine = SimulatedEngine(tmp_path / "engine")
    host = SimulatedHost(engine, tmp_path / "projects", "shop", answer=answer)
    try:
        connector = plugin_apart(process).targets["boat"]()
        if said is None:
            with pytest.raises(Exception, match=r"PermissionError|does not ask"):
                connector.engine(host)
            assert asked == []
        else:
            assert connector.engine(host) == said
            assert asked[0] == HostRequest("GET", endpoint, "/v1", headers, b"a", timeout_s=5)
    finally:
        process.close()


def test_a_simulated_host_reaches_what_it_was_given_and_nothing_else(tmp_path: Path) -> None:
    host = SimulatedHost(SimulatedEngine(tmp_path / "engine"), tmp_path / "projects", "shop")
    with pytest.raises(ServiceUnreachable, match="simulated"):
        host.send(HostRequest("GET", "https://nomad.example.com", "/"))


def test_an_agent_names_no_connector_that_its_host_is_not_set_up_for(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NOMAD_ADDR", "AWS_ENDPOINT_URL_ECS"):
        monkeypatch.delenv(name, raising=False)
    agent = plane.enroll()

    def named() -> set[str]:
        report = plane.agent(agent.identity.agent).report
        return {one.kind for one in report.connectors} if report else set()

    with agent.running():
        wait_until(named)
    assert named() == {"docker", "compose"}

    def real(project: str, log: Callable[[str], None], stop: threading.Event) -> RealHost:
        return RealHost(agent.state.projects, project, log=log, stop=stop)

    service = Service()
    service.answer = Answer(200, b'{"config": {"Version": {"Version": "1.9.3"}}}')
    with played_registry(service.play) as at:
        monkeypatch.setenv("NOMAD_ADDR", f"http://{at}")
        with agent.running(open_host=real):
            wait_until(lambda: "nomad" in named())
    report = plane.agent(agent.identity.agent).report
    assert report is not None
    assert [one.engine for one in report.connectors if one.kind == "nomad"] == ["1.9.3"]
