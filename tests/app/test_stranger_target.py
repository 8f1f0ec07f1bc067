"""A target connector from a wheel, on the whole way: planned, approved by its digest, ordered, proved."""

import pytest
from sqlalchemy import select

from agent.test_strangers import DOCKER_AS_A_STRANGER, boat_wheel
from fixtures.control_planes import wait_until
from fixtures.shops import DOCUMENTS, HOSTS, Shop, target
from stella.evidence.verify import verify_packet
from stella.fleet.store import target_order
from stella.kernel import Digest
from stella.plugin.contract.core import Capability, Need
from stella.plugin.manage import enable_plugin, grant_plugin, install_plugin
from stella.plugin.order import OrderContent, read_order
from stella.plugin.wheel import read_wheel
from stella.replay import replay_packet

pytestmark = pytest.mark.apart


def use(shop: Shop, version: str, code: str = DOCKER_AS_A_STRANGER) -> Digest:
    """Install and switch on that version; the digest of its wheel."""
    services, content = shop.services, boat_wheel(code, version=version)
    wheel = read_wheel(content)
    with services.database.transaction(actor="system") as tx:
        install_plugin(tx, wheel, frozenset(services.plugging.beside.loaded))
        services.plugging.place(wheel)
        services.blobs.put(content)
        grant_plugin(tx, "boat", [Need(Capability.DOCKER)], is_beside=False)
        enable_plugin(tx, wheel.manifest, version, services.plugging.beside.loaded)
    services.plugging.look()
    return wheel.digest


def orders(shop: Shop) -> list[OrderContent]:
    """Every order of the newest deployment, as it was signed."""
    with shop.services.database.read() as tx:
        rows = tx.rows(select(target_order).order_by(target_order.c.id))
    keys = (shop.services.keys.orders.public,)
    found = [read_order(row["bundle"].encode(), keys) for row in rows]
    return [one for one in found if one.deployment == found[-1].deployment]


def boats(environment: str) -> str:
    return "".join(
        target(environment, host, component).replace("connector: docker", "connector: boat")
        for host, component in zip(HOSTS, ("web", "worker"), strict=True)
    )


def test_what_was_approved_is_what_the_agents_are_given(shop: Shop) -> None:
    first = use(shop, "1.0.0")
    shop.apply(DOCUMENTS + boats("dev"))
    made = shop.release("1.0.0")
    shop.deployed("1.0.0", "dev")

    named = [one.plugin for one in orders(shop)]
    assert {(one.name, one.version, one.wheel) for one in named if one} == {
        ("boat", "1.0.0", first)
    }
    assert all(one and one.granted == (Need(Capability.DOCKER),) for one in named)
    with shop.client("dan") as client:
        (promotion,) = client.get("/promotions", release=made["id"])["items"]
        asked = {"subject": promotion["deployment"]}
        wait_until(lambda: client.get("/evidence", **asked)["items"])  # sealed a moment later
        (ref,) = client.get("/evidence", **asked)["items"]
        packet = client.content(f"/evidence/{ref['id']}/packet")
    assert verify_packet(packet, shop.services.trust_root).good
    assert replay_packet(packet).verdict == "identical"


CAN_TAKE_DOWN = DOCKER_AS_A_STRANGER.replace(
    "    def inspect(self",
    """    def plan_removal(self, intent):
        return self.ours.plan_removal(intent)

    def remove(self, intent, plan, host):
        self.ours.remove(intent, plan, host)

    def inspect(self""",
)


def test_one_that_knows_no_removal_is_refused_until_a_version_that_does_is_used(
    shop: Shop,
) -> None:
    use(shop, "1.0.0")
    shop.apply(DOCUMENTS + boats("dev"))
    shop.release("1.0.0")
    shop.deployed("1.0.0", "dev")
    ordered = len(orders(shop))
    command = ("environment", "take-down", "dev", "--reason", "over", "--wait")
    refused = shop.person("olga")(*command)
    assert refused.exit_code != 0
    assert "ST-TGT-015" in refused.stderr
    assert "dev-a cannot be taken down: its connector boat was written before" in refused.stderr
    assert len(orders(shop)) == ordered, "nothing was ordered"

    newer = use(shop, "2.0.0", CAN_TAKE_DOWN)
    done = shop.person("olga").data(*command)
    assert done["state"] == "succeeded"
    assert {one.plugin.wheel for one in orders(shop) if one.plugin} == {newer}
    assert {one.purpose for one in orders(shop)} == {"take_down"}


def test_another_version_of_it_makes_another_plan(shop: Shop) -> None:
    use(shop, "1.0.0")
    shop.apply(DOCUMENTS + boats("dev"))
    shop.release("1.0.0")

    def planned() -> str:
        said = shop.person("dan").data("promote", "shop@1.0.0", "--env", "dev", "--dry-run")
        digest: str = said["decision"]["planDigest"]
        return digest

    before = planned()
    assert planned() == before
    use(shop, "2.0.0")
    assert planned() != before
    use(shop, "1.0.0")
    assert planned() == before
