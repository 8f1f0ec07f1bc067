"""Lifecycles, channels and hotfixes from a terminal, as words and as JSON."""

import yaml

from fixtures.shops import Shop

STANDARD = """\
apiVersion: stella/v1
kind: Lifecycle
name: standard
spec:
  default: true
  phases:
    - {name: dev, environments: [dev]}
    - {name: stage, environments: [stage]}
    - {name: prod, environments: [prod]}
  hotfix: {skip: [stage], by: [olga], channels: [urgent]}
---
apiVersion: stella/v1
kind: Environment
name: review
spec: {endsAt: 2099-01-01T00:00:00Z}
"""


def test_a_release_is_shown_on_its_way_and_a_hotfix_is_told(shop: Shop):
    shop.apply()
    shop.apply(STANDARD)
    shop.release("1")
    shop.deployed("1", "dev")
    dan, olga = shop.person("dan"), shop.person("olga")
    (row,) = dan.data("lifecycle", "list")
    assert (row["name"], row["default"]) == ("standard", True)
    assert "dev, stage, prod" in dan("lifecycle", "list").stdout.replace("  ", " ")
    shown = dan("lifecycle", "show", "standard", "--release", "shop@1").stdout
    assert "stage: follows dev, 1 of 1 before what follows, 0 done, may go there" in shown
    assert "what olga asks for with --hotfix may leave out stage" in shown
    blocked = dan("promote", "shop@1", "--env", "prod", "--wait")
    assert blocked.exit_code == 6
    assert "deploy to stage first: 0 of 1 done" in blocked.stdout
    refused = dan("promote", "shop@1", "--env", "prod", "--hotfix", "-m", "down")
    assert refused.exit_code == 1
    assert "ST-PRO-032" in refused.stderr
    asked = olga.data("promote", "shop@1", "--env", "prod", "--hotfix", "-m", "the shop is down")
    told = dan("why", asked["id"]).stdout
    assert "asked for as a hotfix" in told
    shop.until(asked["id"], "waiting")
    told = dan("why", asked["id"]).stdout
    assert "HOTFIX: stage of standard left out, asked for by olga: the shop is down" in told


def test_a_channel_is_given_when_a_release_is_made(shop: Shop):
    shop.apply()
    shop.apply(STANDARD)
    components = [
        word
        for name, reference in shop.push("2").items()
        for word in ("--component", f"{name}={reference}")
    ]
    dan = shop.person("dan")
    made = dan(
        "release", "create", "shop", "--version", "2", "--channel", "urgent", *components
    ).stdout
    assert "channel urgent" in made
    assert "lifecycle standard" in made


def test_the_end_of_an_environment_comes_out_as_it_was_applied(shop: Shop):
    shop.apply()
    shop.apply(STANDARD)
    olga = shop.person("olga")
    assert (
        "it is over at 2099-01-01T00:00:00.000000Z" in olga("environment", "get", "review").stdout
    )
    shown = olga("environment", "get", "review", "-o", "yaml").stdout
    assert next(iter(yaml.safe_load_all(shown)))["spec"]["endsAt"] == "2099-01-01T00:00:00.000000Z"
