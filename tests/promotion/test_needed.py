"""What a policy needs is looked up for it alone, stands in the decision's input, and is replayed."""

import json
from typing import Any

from api.test_simulate import draft, simulated
from fixtures.control import Control
from fixtures.road import BASE, PACKAGES
from image.images import Layer, build, push
from promotion.test_rules import proves
from stella.kernel import Digest
from stella.promotion.store import find_promotion

LAX = {"severityMax": "critical", "knownExploited": "pass", "unmatched": "pass"}
DENY = {**LAX, "licenceDeny": ["AGPL-*"], "licenceUnknown": "pass"}


def metadata(name: str, licence: str) -> bytes:
    return (
        f"Metadata-Version: 2.4\nName: {name}\nVersion: 1\nLicense-Expression: {licence}\n".encode()
    )


def sealed(control: Control, version: str, **licences: str) -> Any:
    """A release whose web has a package under each licence, and a broken database of rpm."""
    files = {
        f"{PACKAGES}/{name}-1.dist-info/METADATA": metadata(name, licence)
        for name, licence in licences.items()
    }
    layer = Layer.of({"var/lib/rpm/rpmdb.sqlite": b"broken", **files})
    components = {
        "web": str(push(control.registry, build(BASE, layer), "shop/web", version)),
        "worker": control.push("worker", version, {}),
    }
    return control.post("/releases", {"name": "shop", "version": version, "components": components})


def reasons(promotion: Any) -> dict[str, str]:
    (gate,) = [one for one in promotion["decision"]["gates"] if one["name"] == "policy"]
    return {one["rule"]: one["message"] for one in gate["reasons"]}


def told(control: Control, promotion: Any) -> dict[str, Any]:
    """What the scan of web holds beside what every policy is told."""
    with control.database.read() as tx:
        given = find_promotion(tx, promotion["id"]).input
    assert given is not None
    document = json.loads(control.services.blobs.get(Digest(given)))
    (scan,) = next(
        one["scans"] for one in document["release"]["components"] if one["name"] == "web"
    )
    return {name: scan[name] for name in ("licences", "partial", "fixes") if name in scan}


def test_who_asks_for_nothing_is_told_nothing(control: Control):
    control.environment("dev", parameters=LAX)
    asked = control.asked(sealed(control, "1.0.0", a="AGPL-3.0-only")["id"], "dev")
    assert asked["decision"]["outcome"] == "pass"
    assert told(control, asked) == {}


def test_a_licence_that_is_denied_blocks_and_the_input_says_what_was_known(control: Control):
    control.environment("dev", parameters=DENY)
    asked = control.asked(sealed(control, "1.0.0", a="AGPL-3.0-only", b="MIT")["id"], "dev")
    assert reasons(asked) == {
        "licence": "web: linux/amd64 has 1 packages under AGPL-3.0-only, such as a 1, "
        "which may not pass"
    }
    licences = told(control, asked)["licences"]
    assert [one["text"] for one in licences["stated"]] == ["", "AGPL-3.0-only", "MIT"]
    assert told(control, asked).keys() == {"licences"}
    (waivable,) = asked["decision"]["unblock"]["waivable"]
    assert (waivable["rule"], waivable["component"]) == ("licence", "web")
    free = control.asked(sealed(control, "2.0.0", a="AGPL-3.0-only OR MIT")["id"], "dev")
    assert free["decision"]["outcome"] == "pass"


def test_what_could_not_be_read_blocks_where_it_is_asked_for(control: Control):
    control.environment("dev", parameters={**LAX, "sbomIncomplete": "blocked"})
    asked = control.asked(sealed(control, "1.0.0")["id"], "dev")
    (gap,) = told(control, asked)["partial"]["examples"]
    assert gap["path"] == "/var/lib/rpm/rpmdb.sqlite"
    assert reasons(asked)["sbom-complete"].startswith(
        "web: linux/amd64 has 1 places that could not be read, such as /var/lib/rpm/rpmdb.sqlite"
    )


def test_a_packet_is_replayed_by_what_the_policy_was_told(control: Control):
    asking = {**DENY, "fixAvailableFrom": "low", "fixAvailableDays": 9, "licenceDeny": ["GPL-1.0"]}
    control.environment("dev", parameters=asking)
    sealed(control, "1.0.0", a="AGPL-3.0-only")
    asked = control.deployed("shop@1.0.0", "dev")
    assert told(control, asked).keys() == {"licences", "fixes"}
    with control.database.read() as tx:
        proves(control, find_promotion(tx, asked["id"]))


def test_a_draft_is_told_what_the_policy_of_then_did_not_need(control: Control):
    control.environment("dev", parameters=LAX)
    asked = control.asked(sealed(control, "1.0.0", a="AGPL-3.0-only")["id"], "dev")
    assert told(control, asked) == {}
    lax = draft(sbomIncomplete="blocked", severityMax="critical", unmatched="pass")
    for where in ({}, {"environment": "dev", "release": "shop@1.0.0"}):
        (flip,) = simulated(control, lax, **where)["flips"]
        assert (flip["before"], flip["after"]) == ("pass", "blocked")
        assert [one["rule"] for one in flip["reasons"]] == ["sbom-complete"]
