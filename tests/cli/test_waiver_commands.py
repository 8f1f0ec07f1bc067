"""Waivers on the command line: asked for, agreed to, listed, seen in ``stella why``, ended."""

from fixtures.shops import DOCUMENTS, Shop, target

STRICT = DOCUMENTS.replace("{severityMax: critical}", "{severityMax: low}")
DEV = STRICT + target("dev", "host-a", "web") + target("dev", "host-b", "worker")


def test_a_waiver_goes_from_a_wish_to_the_words_of_why_to_its_end(shop: Shop):
    olga, dan, ann = shop.person("olga"), shop.person("dan"), shop.person("ann")
    shop.apply(DEV)
    release = shop.release("1", old=True)
    wish = ("waiver", "create", "--env", "dev", "--component", "web", "--until", "30d", "-m", "ok")
    made = [dan.data(*wish, "--rule", rule) for rule in ("severity", "known-exploited")]
    assert {one["state"] for one in made} == {"requested"}
    own = dan("waiver", "approve", made[0]["id"])
    assert own.exit_code != 0
    for one in made:
        assert ann.data("waiver", "approve", one["id"], "-m", "fine")["counts"]
    listed = dan("waiver", "list", "--env", "dev", "--state", "standing").stdout
    assert made[0]["id"] in listed
    assert dan("promote", release["id"], "--env", "dev", "--wait").exit_code == 0
    (promotion,) = dan.data("promotion", "list")
    said = dan("why", promotion["id"]).stdout
    assert "  waived  severity: " in said
    assert f"waived by {made[0]['id']} until" in said
    assert olga.data("waiver", "end", made[0]["id"], "-m", "over")["state"] == "ended"
    assert dan(
        "waiver", "create", "--env", "dev", "--rule", "x", "--until", "1h", "-m", "y"
    ).exit_code
