"""``kill -9`` of the server or an agent in the middle of a deployment on real hosts."""

import json
import threading
import time
from collections.abc import Iterator

import pytest

from stella.demo.ground import RealGround
from stella.demo.stage import Stage
from stella.demo.summary import Summary, Teller
from stella.demo.walk import Walk
from stella.evidence.packet import read_packet
from stella.evidence.verify import verify_packet
from stella.lab import ShopVersion, probe
from stella.trust import TrustRoot

# The moments are spread over a deployment, which takes about three seconds.
MOMENTS_S = (0.1, 0.6, 1.2, 2.0)


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    missing = probe()
    if missing:
        pytest.skip("the lab cannot run here: " + "; ".join(item.what for item in missing))
    summary = Summary(simulated=False)
    stage = Stage(RealGround())
    made = Walk(
        stage, summary, Teller(summary, colours=False), tmp_path_factory.mktemp("p") / "packets"
    )
    try:
        made.start()
        made.apply()
        for version in (ShopVersion.V2, ShopVersion.V3):
            made.build(version)
            made.release(version)
        made.deploy(ShopVersion.V2, "dev")
        yield made
    finally:
        stage.stop()


def containers(walk: Walk, environment: str, host: str) -> dict[str, str]:
    """Component -> image digest, of each container of the project that runs; no other may be there."""
    assert isinstance(walk.stage.ground, RealGround)
    lab_host = walk.stage.ground.lab_host(host)
    listing = lab_host.run(
        [
            "ps",
            "--all",
            f"--filter=label=stella.project=shop-{environment}",
            '--format={{.Label "stella.component"}} {{.Label "stella.digest"}} {{.State}}',
        ]
    )
    rows = [line.split() for line in listing.splitlines()]
    assert all(state == "running" for _, _, state in rows), rows
    assert len({component for component, _, _ in rows}) == len(rows), rows
    return {component: digest for component, digest, _ in rows}


@pytest.mark.lab
@pytest.mark.parametrize("moment_s", MOMENTS_S)
@pytest.mark.parametrize("victim", ["server", "host-a"])
def test_a_deployment_ends_right_whenever_one_is_killed(
    walk: Walk, victim: str, moment_s: float
) -> None:
    before = walk.admin.get("/environments/dev")["current"]["release"]["version"]
    wanted = ShopVersion.V3 if before == ShopVersion.V2.value else ShopVersion.V2
    asked = walk.request(wanted, "dev")
    time.sleep(moment_s)
    walk.stage.kill(victim)
    if victim == "server":
        walk.stage.run_server()
    else:
        walk.stage.start_agent(victim)

    ended = walk.approved_and_ended(asked)

    assert ended["state"] == "deployed", ended
    release = walk.admin.get(f"/releases/shop@{wanted.value}")
    expected = {one["name"]: one["digest"] for one in release["components"]}
    assert containers(walk, "dev", "a") == expected
    deployment = walk.admin.get(f"/deployments/{ended['deployment']}")
    assert [one["state"] for one in deployment["targets"]] == ["succeeded"]
    packet = walk.packet_of(ended["deployment"])
    root = TrustRoot.from_json(walk.admin.content("/trust/root"))
    verification = verify_packet(packet, root)
    assert verification.good, [one for one in verification.checks if not one.good]
    facts = json.loads(read_packet(packet).entries["facts.json"])
    fences = [one["data"]["fence"] for one in facts if one["kind"] == "OrderTaken"]
    assert fences in ([1], [1, 2]), "each time that an agent took it is told"
    kinds = [one["kind"] for one in walk.admin.items("/facts", subject=ended["deployment"])]
    assert kinds.count("DeploymentStarted") == kinds.count("DeploymentSucceeded") == 1
    assert walk.admin.get("/audit/verify")["good"]


@pytest.mark.lab
def test_a_stopped_agent_makes_a_deployment_wait_and_then_go_on(walk: Walk) -> None:
    walk.stage.kill("host-a")
    before = walk.admin.get("/environments/dev")["current"]["release"]["version"]
    wanted = ShopVersion.V3 if before == ShopVersion.V2.value else ShopVersion.V2
    asked = walk.request(wanted, "dev")
    ended: list[dict] = []
    waiting = threading.Thread(target=lambda: ended.append(walk.approved_and_ended(asked)))
    waiting.start()
    time.sleep(2)
    assert walk.admin.get(f"/promotions/{asked['id']}")["state"] == "deploying"
    walk.stage.start_agent("host-a")
    waiting.join(timeout=120)
    assert [one["state"] for one in ended] == ["deployed"]
