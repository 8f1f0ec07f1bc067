"""Break-glass on the command line: asked for, agreed to, shown, and plain in the words of ``why``."""

from fixtures.shops import DOCUMENTS, Shop, target

EMERGENCY = DOCUMENTS.replace(
    "{severityMax: critical}", "{severityMax: low}\n  breakGlass: {by: [developer, ann]}"
)
DEV = EMERGENCY + target("dev", "host-a", "web") + target("dev", "host-b", "worker")


def test_two_people_let_a_promotion_through_and_why_says_so(shop: Shop):
    dan, ann = shop.person("dan"), shop.person("ann")
    shop.apply(DEV)
    release = shop.release("1", old=True)
    assert dan("promote", release["id"], "--env", "dev", "--wait").exit_code != 0
    (blocked,) = dan.data("promotion", "list")
    assert blocked["state"] == "blocked"
    glass = ("promotion", "break-glass")
    assert dan(*glass, "show", blocked["id"]).exit_code != 0
    made = dan.data(*glass, "request", blocked["id"], "-m", "the shop is down", "--until", "30m")
    assert (made["state"], made["planDigest"]) == ("requested", blocked["planDigest"])
    assert "nobody agreed to it yet" in dan("why", blocked["id"]).stdout
    assert dan(*glass, "agree", blocked["id"]).exit_code != 0
    assert ann.data(*glass, "agree", blocked["id"], "-m", "go")["stands"]
    shop.until(blocked["id"], "deployed")
    said = dan("why", blocked["id"]).stdout
    assert "PASSED BY BREAK-GLASS of dan and ann, though gates did not: the shop is down" in said
    assert "BLOCKED  policy" in said
    assert "it would go if you" not in said
    assert made["id"] in dan(*glass, "show", blocked["id"]).stdout
    assert dan.data(*glass, "end", blocked["id"], "-m", "over")["state"] == "ended"
