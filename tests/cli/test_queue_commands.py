"""Queues, holds and several at once from a terminal, as words and as JSON."""

import json

import yaml

from fixtures.shops import Shop, target

RULES = """\
apiVersion: stella/v1
kind: Environment
name: {name}
spec:
  promotions: {{expiresAfter: 72, supersede: older}}
  approvals: [{{rule: one, approvers: [approver]}}]
"""


def stocked(shop: Shop) -> None:
    """Two environments that ask the same people, and two versions that nothing is held against."""
    names = ("east", "west")
    targets = [
        target(name, host, component)
        for name in names
        for host, component in (("host-a", "web"), ("host-b", "worker"))
    ]
    shop.apply("---\n".join(RULES.format(name=name) for name in names) + "".join(targets))
    for version in ("1", "2"):
        shop.release(version)


def test_several_are_asked_for_approved_by_one_word_and_wait_in_line(shop: Shop):
    stocked(shop)
    shop.resting.set()
    dan, ann = shop.person("dan"), shop.person("ann")
    asked = dan.data("promote", "shop@1", "--env", "west", "--env", "east", "-m", "everywhere")
    assert [one["environment"] for one in asked] == ["east", "west"]
    ids = [one["id"] for one in asked]
    for one in ids:
        shop.until(one, "waiting")
    both = dan("promote", "shop@2", "--env", "west", "--env", "east", "--wait")
    assert both.exit_code == 2
    assert "one --env at a time" in both.stderr
    one_plan = ann("approve", *ids, "-m", "fine", "--plan", "sha256:00")
    assert one_plan.exit_code == 2
    approved = ann.data("approve", *ids, "-m", "the same everywhere")
    assert sorted(one["id"] for one in approved) == sorted(ids)
    running = shop.until(ids[0], "deploying")

    wish = ("promote", "shop@2", "--env", "east", "--priority", "high", "--expires", "1d")
    second = dan.data(*wish)
    shop.until(second["id"], "waiting")
    unlike = ann("approve", second["id"], ids[1], "-m", "fine")
    assert unlike.exit_code == 1
    assert "ST-PRO-0" in unlike.stderr
    ann.data("approve", second["id"], "-m", "fine")
    shop.until(second["id"], "queued")
    told = dan("why", second["id"]).stdout
    assert f"waits for {running['id']} of shop 1, position 1" in told
    assert "it ends by itself where it has not begun by" in told
    (row,) = dan.data("environment", "queue", "east")
    assert (row["id"], row["priority"], row["queue"]["position"]) == (second["id"], "high", 1)
    assert "high" in dan("environment", "queue", "east").stdout
    shop.resting.clear()
    shop.until(second["id"], "deployed")


def test_an_environment_is_held_and_let_go_on(shop: Shop):
    stocked(shop)
    olga = shop.person("olga")
    held = olga.data("environment", "hold", "east", "-m", "look first")
    assert held["hold"]["reason"] == "look first"
    assert "held since" in olga("environment", "get", "east").stdout
    listed = {one["name"]: one["hold"] for one in olga.data("environment", "list")}
    assert (listed["east"] is None, listed["west"] is None) == (False, True)
    again = olga("environment", "hold", "east", "-m", "look first")
    assert again.exit_code == 1
    assert "ST-ENV-006" in again.stderr
    assert olga.data("environment", "resume", "east", "-m", "fine")["hold"] is None
    denied = shop.person("dan")("environment", "hold", "east", "-m", "look first")
    assert denied.exit_code == 5


def test_the_rules_of_requests_come_out_as_they_were_applied(shop: Shop):
    stocked(shop)
    shown = shop.person("olga")("environment", "get", "east", "-o", "yaml").stdout
    first = next(iter(yaml.safe_load_all(shown)))
    assert first["spec"]["promotions"] == {"expiresAfter": 72, "supersede": "older"}
    table = shop.person("olga")("environment", "get", "east").stdout
    assert "supersedes older ones" in table
    assert "a request ends after 72 h" in table
    assert json.loads(shop.person("olga")("environment", "get", "east", "-o", "json").stdout)
