"""`stella environment take-down` from a terminal: foreseen, done, waited for, listed."""

from fixtures.shops import Shop
from stella.plugin.order import OrderOutcome


def test_it_is_foreseen_done_and_listed(shop: Shop):
    shop.apply()
    shop.release("1.0.0")
    shop.deployed("1.0.0", "dev")
    olga = shop.person("olga")
    command = ("environment", "take-down", "dev")

    shown = olga(*command, "--dry-run")
    assert shown.exit_code == 0, shown.stderr
    assert "dev-a: web of shop 1.0.0 in project shop-dev, docker on host-a" in shown.stdout
    assert "  stop web  docker stop --time=" in shown.stdout
    plan = olga.data(*command, "--dry-run")["planDigest"]
    assert plan in shown.stdout

    silent = olga(*command)
    assert (silent.exit_code, "say why" in silent.stderr) == (2, True)
    other = olga(*command, "--reason", "over", "--plan", "sha256:0")
    assert (other.exit_code, "ST-DEP-008" in other.stderr) == (1, True), other.stderr
    denied = shop.person("dan")(*command, "--reason", "over")
    assert denied.exit_code != 0

    shop.outcomes["host-b"] = OrderOutcome.FAILED
    failed = olga(*command, "--reason", "over", "--plan", plan, "--wait")
    assert failed.exit_code == 7, failed.stdout + failed.stderr
    assert "dev-b: failed, worker of shop 1.0.0" in failed.stdout
    assert "ST-TGT-001 digest mismatch" in failed.stdout
    del shop.outcomes["host-b"]
    done = olga(*command, "--reason", "over", "--wait")
    assert done.exit_code == 0, done.stdout + done.stderr

    listed = olga.data("environment", "take-downs", "dev")
    assert [one["state"] for one in listed] == ["succeeded", "failed"]
    assert "nothing runs there" in olga("environment", "get", "dev").stdout
    nothing = olga(*command, "--dry-run")
    assert (nothing.exit_code, "against it: nothing runs there" in nothing.stdout) == (6, True)
    again = olga(*command, "--reason", "over")
    assert (again.exit_code, "ST-DEP-005" in again.stderr) == (1, True)


def test_a_packet_from_the_server_verifies_and_replays_at_home(shop: Shop, tmp_path):
    shop.apply()
    shop.release("1.0.0")
    shop.deployed("1.0.0", "dev")
    olga = shop.person("olga")
    done = olga.data("environment", "take-down", "dev", "--reason", "over", "--wait")
    with shop.client("dan") as client:
        while not (found := client.get("/evidence", subject=done["id"])["items"]):
            assert not shop.services.stopping.wait(0.02)
    file = tmp_path / "packet.stella.tar"
    with shop.client("dan") as client:
        file.write_bytes(client.content(f"/evidence/{found[0]['id']}/packet"))
    verified = olga("evidence", "verify", str(file))
    assert verified.exit_code == 0, verified.stdout
    replayed = olga("replay", str(file))
    assert replayed.exit_code == 0, replayed.stdout + replayed.stderr
