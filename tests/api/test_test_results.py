"""Test results on a server: who may hand them in, whose word counts, what waits, and how it is proven."""

import json
from typing import Any

from api.test_vex import issuer
from fixtures.control import Control
from fixtures.databases import Clock
from promotion.test_rules import proves
from stella.image import parse_reference
from stella.kernel import Digest, Json
from stella.promotion.store import find_promotion
from stella.tested import sign_tested
from stella.tested.attached import publish_tests
from stella.tested.hearing import bare_tested
from stella.trust import Algorithm, Signer, new_signer

LAX = {"severityMax": "critical", "knownExploited": "pass", "unmatched": "pass"}
UNIT = {**LAX, "testSuites": ["unit"]}


def statement(image: str, result: str = "PASSED", suite: str = "unit", **more: Json) -> bytes:
    said: dict[str, Json] = {"result": result, "configuration": [{"name": suite}], **more}
    return bare_tested("web", Digest(image), said)


def digests(release: Any) -> list[str]:
    return [one["digest"] for one in release["components"]]


def hand_in(control: Control, content: bytes, by: str = "dan") -> Any:
    return control.post("/test-results", {"document": content.decode()}, by=by)


def known(control: Control, signer: Signer, name: str = "ci") -> None:
    assert issuer(control, name, weight="unknown", keys=[signer.public.pem.decode()]).is_success


def reasons(promotion: Any) -> list[str]:
    (gate,) = [one for one in promotion["decision"]["gates"] if one["name"] == "policy"]
    return [one["message"] for one in gate["reasons"] if one["rule"] == "test-results"]


def test_signed_results_let_a_release_pass_and_its_packet_proves_them(control: Control):
    control.environment("dev", parameters=UNIT)
    release = control.sealed("1.0.0")
    signer = new_signer(Algorithm.ED25519)
    known(control, signer)
    for digest in digests(release):
        made = hand_in(control, sign_tested(signer, statement(digest)))
        assert (made["signer"], made["result"], made["suites"]) == ("ci", "PASSED", ["unit"])
    promotion = control.deployed("shop@1.0.0", "dev")
    with control.database.read() as tx:
        proves(control, find_promotion(tx, promotion["id"]))
        given = find_promotion(tx, promotion["id"]).input
    said = json.loads(control.services.blobs.get(Digest(str(given))))
    tests = [scan["tests"] for one in said["release"]["components"] for scan in one["scans"]]
    assert [len(one["results"]) for one in tests] == [1] * len(tests)


def test_without_a_result_that_counts_it_is_unknown_and_says_why(control: Control):
    control.environment("dev", parameters=UNIT)
    release = control.sealed("1.0.0")
    web = digests(release)[0]
    asked = control.asked(release["id"], "dev")
    assert asked["decision"]["outcome"] == "unknown"
    assert "has no result of the tests unit that counts" in reasons(asked)[0]
    unsigned = hand_in(control, statement(web))
    strange = hand_in(control, sign_tested(new_signer(Algorithm.ED25519), statement(web)))
    (told, *_) = [one for one in reasons(control.asked(release["id"], "dev")) if ":" in one[5:]]
    assert f"{unsigned['id']} is not signed" in told
    assert f"{strange['id']} is signed by nobody who is known" in told


def test_a_failed_result_blocks_with_the_failed_tests_until_a_newer_one_passes(
    control: Control, clock: Clock
):
    control.environment("dev", parameters=UNIT)
    release = control.sealed("1.0.0")
    signer = new_signer(Algorithm.ED25519)
    known(control, signer)
    for digest in digests(release):
        hand_in(control, sign_tested(signer, statement(digest)))
    web = digests(release)[0]
    failed = [f"unit: cart.test_{number}" for number in range(30)]
    clock.go_on(minutes=1)
    bad = hand_in(control, sign_tested(signer, statement(web, "FAILED", failedTests=failed)))
    assert (bad["failed"], len(bad["failedTests"])) == (30, 20)
    asked = control.asked(release["id"], "dev")
    assert asked["decision"]["outcome"] == "blocked"
    (reason,) = reasons(asked)
    assert "unit: cart.test_0, unit: cart.test_1" in reason
    assert "and 25 more" in reason
    clock.go_on(minutes=1)
    hand_in(control, sign_tested(signer, statement(web, url="https://ci.example/2")))
    assert control.asked(release["id"], "dev")["decision"]["outcome"] == "pass"


def test_an_old_word_that_is_handed_in_again_is_no_newer_one(control: Control, clock: Clock):
    control.environment("dev", parameters=UNIT)
    release = control.sealed("1.0.0")
    signer = new_signer(Algorithm.ED25519)
    passed = {digest: sign_tested(signer, statement(digest)) for digest in digests(release)}
    web = digests(release)[0]
    # While nobody knows the key, a copy is one more of a stranger.
    early = [hand_in(control, content) for content in (passed[web], passed[web] + b"\n")]
    assert len({one["id"] for one in early}) == 2
    known(control, signer)
    made = {digest: hand_in(control, content) for digest, content in passed.items()}
    clock.go_on(minutes=1)
    hand_in(control, sign_tested(signer, statement(web, "FAILED")))
    clock.go_on(minutes=1)
    for content, by in ((passed[web], "root"), (passed[web] + b" ", "dan")):
        assert hand_in(control, content, by)["id"] in {one["id"] for one in early}
    assert control.asked(release["id"], "dev")["decision"]["outcome"] == "blocked"
    # Withdrawn are all copies of what the issuer said.
    control.post(f"/test-results/{made[web]['id']}/withdraw", {"reason": "it lied"}, by="ann")
    listed = control.get("/test-results", image=web)["items"]
    assert {(one["result"], one["state"]) for one in listed} == {
        ("PASSED", "withdrawn"),
        ("FAILED", "standing"),
    }


def test_who_hands_a_bare_one_in_counts_where_they_are_named(control: Control):
    control.environment("dev", parameters={**UNIT, "testResultBy": ["upload:dan"]})
    release = control.sealed("1.0.0")
    for digest in digests(release):
        hand_in(control, statement(digest), by="root")
    assert control.asked(release["id"], "dev")["decision"]["outcome"] == "unknown"
    for digest in digests(release):
        hand_in(control, statement(digest), by="dan")
    promotion = control.deployed("shop@1.0.0", "dev")
    with control.database.read() as tx:
        proves(control, find_promotion(tx, promotion["id"]))


def test_what_waits_is_judged_anew_when_a_result_comes_or_goes(control: Control):
    signer = new_signer(Algorithm.ED25519)
    known(control, signer)
    people = [{"rule": "two", "approvers": ["approver"], "count": 1}]
    control.environment("dev", parameters=UNIT, approvals=people)
    release = control.sealed("1.0.0")
    for digest in digests(release):
        made = hand_in(control, sign_tested(signer, statement(digest)))
    waiting = control.asked(release["id"], "dev")
    assert waiting["state"] == "waiting"
    assert (
        control.refused("POST", f"/test-results/{made['id']}/withdraw", {"reason": "x"}, by="dan")
        == "ST-IDN-004"
    )
    control.post(f"/test-results/{made['id']}/withdraw", {"reason": "it lied"}, by="ann")
    control.settle()
    assert control.get(f"/promotions/{waiting['id']}")["state"] == "blocked"
    # The same word does not come back by other bytes around it.
    content = control.ask("GET", f"/test-results/{made['id']}/document").content
    assert hand_in(control, content + b"\n")["state"] == "withdrawn"
    assert (
        control.refused("POST", f"/test-results/{made['id']}/withdraw", {"reason": "x"}, by="ann")
        == "ST-TST-003"
    )


def test_what_lies_beside_an_image_is_taken_when_it_is_scanned(control: Control):
    signer = new_signer(Algorithm.ED25519)
    known(control, signer)
    release = control.sealed("1.0.0")
    component = release["components"][0]
    reference = parse_reference(component["reference"])
    publish_tests(control.registry, reference, statement(component["digest"]), signer)
    for _ in range(2):
        control.post("/scans", {"reference": component["reference"]})
        control.settle()
    (row,) = control.get("/test-results", image=component["digest"])["items"]
    assert (row["source"], row["signer"], row["by"]) == ("attached", "ci", "Stella")
    assert control.get(f"/test-results/{row['id']}") == row


def test_who_may_only_look_hands_nothing_in_and_what_is_none_is_refused(control: Control):
    body = {"document": statement("sha256:" + "a" * 64).decode()}
    assert control.refused("POST", "/test-results", body, by="vic") == "ST-IDN-004"
    assert control.refused("POST", "/test-results", {"document": "{}"}) == "ST-TST-002"
    assert control.refused("GET", "/test-results/tst_absent") == "ST-TST-003"
    one = hand_in(control, statement("sha256:" + "a" * 64))
    assert hand_in(control, statement("sha256:" + "a" * 64)) == one
