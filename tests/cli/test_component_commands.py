"""Components and their versions on the command line."""

from fixtures.shops import Shop

COMPONENT = """\
apiVersion: stella/v1
kind: Component
name: web
spec:
  image: {image}
  mirrors: [registry.test/mirror/web]
"""


def test_a_version_is_told_and_listed(shop: Shop) -> None:
    web = shop.release("1")["components"][0]
    repository = web["reference"].rpartition(":")[0]
    shop.apply(COMPONENT.format(image=repository))
    dan = shop.person("dan")
    listed = dan("component", "list").stdout
    assert "registry.test/mirror/web" in listed
    told = dan("component", "tell", "web", "7.0.0", web["reference"], "--build", "shop/web 12")
    assert told.exit_code == 0, told.stderr
    assert web["digest"] in told.stdout
    shown = dan("component", "versions", "web").stdout
    assert shown.split().index("7.0.0") < shown.split().index("told")
    assert "shop/web 12" in shown
    refused = dan("component", "tell", "web", "seven", web["reference"])
    assert "ST-REL-013" in refused.stderr
