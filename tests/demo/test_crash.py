"""``kill -9`` of the server at any moment: what it was about ends right, and each packet is one."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from stella.client import Refused
from stella.client.errors import ServerUnreachable
from stella.demo.simulated import SimulatedGround
from stella.demo.stage import Stage
from stella.demo.summary import Summary, Teller
from stella.demo.walk import Walk
from stella.evidence import verify_packet
from stella.lab import ShopVersion
from stella.trust import TrustRoot

pytestmark = pytest.mark.demo

ENDINGS = frozenset({"deployed", "failed", "errored", "blocked"})


class OnPostgres(SimulatedGround):
    """Simulated hosts, and a control plane that keeps its records elsewhere."""

    def __init__(self, url: str) -> None:
        super().__init__(("a test",))
        self.url = url

    def prepare(self, directory: Path) -> Mapping[str, object]:
        return {**super().prepare(directory), "database_url": self.url}


@contextmanager
def standing(ground: SimulatedGround, packets: Path) -> Iterator[Walk]:
    """A shop, whose version 2 runs in dev."""
    summary = Summary(simulated=True)
    stage = Stage(ground)
    made = Walk(stage, summary, Teller(summary, colours=False), packets)
    try:
        made.start()
        made.apply()
        made.build(ShopVersion.V2)
        made.release(ShopVersion.V2)
        made.deploy(ShopVersion.V2, "dev")
        yield made
    finally:
        stage.stop()


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    """A shop on simulated hosts, whose version 2 runs in dev and stage."""
    packets = tmp_path_factory.mktemp("p") / "packets"
    with standing(SimulatedGround(("a test",)), packets) as made:
        made.deploy(ShopVersion.V2, "stage")
        yield made


def killed_during(walk: Walk, moment_s: float, what: Callable[[], object]) -> None:
    """``what`` is asked for; the server is killed so long afterwards, and started again."""

    def ask() -> None:
        with suppress(Refused, ServerUnreachable):  # the answer may be what the kill took
            what()

    asking = threading.Thread(target=ask)
    asking.start()
    time.sleep(moment_s)
    walk.stage.kill("server")
    walk.stage.run_server()
    asking.join()


def ended(walk: Walk, promotion: str) -> dict[str, Any]:
    def over() -> dict[str, Any] | None:
        found: dict[str, Any] = walk.admin.get(f"/promotions/{promotion}")
        return found if found["state"] in ENDINGS else None

    done: dict[str, Any] = walk.until("the promotion has ended", over)
    return done


def told(walk: Walk, subject: str, kind: str) -> int:
    """How many facts of that kind there are, once there is one: the sealer comes a moment later."""

    def count() -> int:
        return sum(one["kind"] == kind for one in walk.admin.items("/facts", subject=subject))

    number: int = walk.until(f"{kind} is told", count)
    return number


@pytest.mark.parametrize("moment_s", [0.01, 0.05, 0.15])
def test_a_scan_ends_and_each_platform_is_known_once(walk: Walk, moment_s: float) -> None:
    reference = f"{walk.stage.ground.registry}/shop/web:2.0.0"
    killed_during(walk, moment_s, lambda: walk.admin.post("/scans", {"reference": reference}))
    walk.until(
        "no scan is under way",
        lambda: all(one["state"] != "pending" for one in walk.admin.items("/scans")),
    )
    scans = list(walk.admin.items("/scans"))
    assert {one["state"] for one in scans} == {"done"}
    assert max(Counter(one["image"] for one in scans).values()) == 1


@pytest.mark.parametrize("moment_s", [0.01, 0.04, 0.1])
def test_a_release_is_sealed_once_or_not_at_all(walk: Walk, moment_s: float) -> None:
    version = f"9.{round(moment_s * 100)}.0"
    images = {name: f"{walk.stage.ground.registry}/shop/{name}:2.0.0" for name in ("web", "worker")}
    body = {"name": "shop", "version": version, "components": images}
    killed_during(walk, moment_s, lambda: walk.acting("dana").post("/releases", body))
    sealed = [one for one in walk.admin.items("/releases") if one["version"] == version]
    if not sealed:
        sealed = [walk.acting("dana").post("/releases", body)]
    (release,) = sealed
    assert told(walk, release["id"], "ReleaseSealed") == 1


@pytest.mark.parametrize("moment_s", [0.02, 0.1, 0.3, 0.6])
def test_a_promotion_deploys_once_and_has_one_packet_of_each_kind(
    walk: Walk, moment_s: float
) -> None:
    kill_while_promoting(walk, moment_s)


@pytest.mark.parametrize(
    "empty_database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_on_postgresql_too(empty_database_url: str, tmp_path: Path) -> None:
    """One server after the other, each killed, on the same records."""
    with standing(OnPostgres(empty_database_url), tmp_path / "packets") as walk:
        for moment_s in (0.02, 0.3):
            kill_while_promoting(walk, moment_s)
        assert walk.admin.get("/audit/verify")["good"]
        assert not (walk.stage.data / "stella.db").exists()


def kill_while_promoting(walk: Walk, moment_s: float) -> None:
    asked = walk.request(ShopVersion.V2, "dev")
    time.sleep(moment_s)
    walk.stage.kill("server")
    walk.stage.run_server()
    done = ended(walk, asked["id"])
    assert done["state"] == "deployed"
    root = TrustRoot.from_json(walk.admin.content("/trust/root"))
    for subject in (done["id"], done["deployment"]):
        assert verify_packet(walk.packet_of(subject), root).good  # there is exactly one
        assert told(walk, subject, "EvidenceSealed") == 1
    assert told(walk, done["deployment"], "DeploymentStarted") == 1


@pytest.mark.parametrize("moment_s", [0.005, 0.03, 0.08])
def test_an_approval_counts_once_or_not_at_all(walk: Walk, moment_s: float) -> None:
    asked = walk.request(ShopVersion.V2, "prod")
    path = f"/promotions/{asked['id']}"
    walk.until("people are asked", lambda: walk.admin.get(path)["state"] == "waiting")
    body = {"planDigest": walk.admin.get(path)["planDigest"], "comment": "looked at it"}

    def approve() -> None:
        for name in ("ann", "ben"):
            walk.acting(name).post(f"{path}/approve", body)

    killed_during(walk, moment_s, approve)
    for name in ("ann", "ben"):
        with suppress(Refused):  # it counted before
            walk.acting(name).post(f"{path}/approve", body)
    assert ended(walk, asked["id"])["state"] == "deployed"
    assert told(walk, asked["id"], "ApprovalGiven") == 2
    assert walk.packet_of(asked["id"])
    assert walk.admin.get("/audit/verify")["good"]
