"""VEX on a server: who may say what, what it changes, and how it is proven."""

import json
from datetime import timedelta
from typing import Any

import pytest

from fixtures.control import Control
from fixtures.road import OLD
from stella.app.heard import weigh_what_turned
from stella.evidence import names
from stella.evidence.packet import read_packet
from stella.evidence.verify import verify_packet
from stella.image import attach_artifact, parse_reference
from stella.kernel import Digest, time_text
from stella.plugin.contract.registry import Descriptor
from stella.replay import replay_packet
from stella.trust import Algorithm, Signer, new_signer
from stella.vex import (
    Gap,
    OpenVex,
    Product,
    Statement,
    Status,
    Target,
    openvex_bytes,
    parse_vex,
    schema_faults,
    sign_vex,
)
from stella.vex.apply import take_attached_vex
from stella.vex.attached import Attached, publish_vex

STRICT = {"parameters": {"severityMax": "medium"}}


def scanned(control: Control) -> tuple[Any, list[Any]]:
    """The scan of an image with findings in it, and those that are too severe."""
    reference = control.push("web", "1.0.0", OLD)
    control.post("/scans", {"reference": reference})
    (scan,) = [one for one in control.get("/scans")["items"] if one["counts"]]
    return scan, severe(control, scan)


def severe(control: Control, scan: Any) -> list[Any]:
    found = control.get(f"/scans/{scan['id']}/findings", limit=500)["items"]
    return [one for one in found if one["severity"] in {"high", "critical"} or one["kev"]]


def statement(finding: Any, scan: Any, **changes: Any) -> dict[str, Any]:
    return {
        "vulnerability": finding["id"],
        "products": [scan["platformDigest"]],
        "subcomponents": [finding["purl"]],
        "status": "not_affected",
        "justification": "vulnerable_code_not_in_execute_path",
        **changes,
    }


def document(finding: Any, status: str = "not_affected", **changes: Any) -> bytes:
    said = Statement(
        (finding["id"],),
        (Product(Target((finding["purl"],))),),
        Status(status),
        impact="never called",
        at="2020-01-01T00:00:00.000000Z",
    )
    return openvex_bytes(OpenVex(author="a vendor", at=said.at, statements=(said,), **changes))


def states(control: Control, scan: Any) -> dict[tuple[str, str], str]:
    found = control.get(f"/scans/{scan['id']}/findings", limit=500)["items"]
    return {(one["id"], one["purl"]): one["vex"] for one in found}


def issuer(control: Control, name: str, **spec: Any) -> Any:
    made = {"apiVersion": "stella/v1", "kind": "VexIssuer", "name": name, "spec": spec}
    return control.ask("POST", "/apply", {"documents": [made]}, by="root")


def settle_all(control: Control, scan: Any, **changes: Any) -> None:
    for finding in severe(control, scan):
        control.post("/vex/statements", statement(finding, scan, **changes), by="ann")


def test_a_statement_changes_the_finding_it_is_about_and_no_other_without_a_scan(control: Control):
    scan, (first, *_) = scanned(control)
    before = states(control, scan)
    made = control.post("/vex/statements", statement(first, scan), by="ann")
    assert (made["issuer"], made["basis"], made["author"]) == ("stella", "signature", "ann")
    after = states(control, scan)
    changed = {key for key in before if before[key] != after[key]}
    assert changed == {(first["id"], first["purl"])}
    assert {after[key] for key in changed} == {"not_affected"}
    weighed = control.get(f"/scans/{scan['id']}")
    assert sum(weighed["counts"].values()) == sum(scan["counts"].values()) - 1
    assert weighed["at"] == scan["at"]
    told = [one for one in control.facts(scan["id"]) if one.kind == "FindingsWeighed"]
    assert [one.data["platform_digest"] for one in told] == [scan["platformDigest"]]
    (shown,) = [one for one in severe(control, scan) if one["id"] == first["id"]][:1]
    assert shown["vexWhy"]["voices"][0]["counts"]


def test_findings_go_out_as_openvex_and_sarif_with_what_was_said(control: Control):
    scan, (first, *_) = scanned(control)
    control.post("/vex/statements", statement(first, scan), by="ann")
    answer = control.ask("GET", f"/scans/{scan['id']}/findings/openvex")
    said = parse_vex(answer.content)
    assert schema_faults(answer.content) == ()
    settled = [one.names[0] for one in said.statements if one.status is Status.NOT_AFFECTED]
    assert settled == [first["id"]]
    assert len(said.statements) > 1
    assert control.refused("GET", "/scans/scn_absent/findings/openvex") == "ST-FIN-003"
    (run,) = control.ask("GET", f"/scans/{scan['id']}/findings/sarif").json()["runs"]
    assert [one for one in run["results"] if one.get("suppressions")]


def test_a_withdrawn_document_counts_no_more(control: Control):
    scan, (first, *_) = scanned(control)
    before = states(control, scan)
    made = control.post("/vex/statements", statement(first, scan), by="ann")
    ended = control.post(f"/vex/{made['id']}/withdraw", {"reason": "it is called"}, by="ann")
    assert (ended["state"], ended["reason"]) == ("withdrawn", "it is called")
    assert states(control, scan) == before
    assert control.get(f"/scans/{scan['id']}")["counts"] == scan["counts"]
    again = control.refused("POST", f"/vex/{made['id']}/withdraw", {"reason": "x"}, by="ann")
    assert again == "ST-VEX-003"


@pytest.mark.parametrize("more", [b"", b"\n"])
def test_what_was_withdrawn_does_not_come_back_beside_an_image(control: Control, more: bytes):
    scan, (first, *_) = scanned(control)
    made = control.post("/vex/statements", statement(first, scan), by="ann")
    content = control.ask("GET", f"/vex/{made['id']}/document", by="ann").content
    control.post(f"/vex/{made['id']}/withdraw", {"reason": "it is called"}, by="ann")
    unsigned = json.loads(content)
    unsigned["dsseEnvelope"]["signatures"] = [{"sig": "AAAA"}]
    beside = (content + more, json.dumps(unsigned).encode())
    with control.database.transaction(actor="system") as tx:
        take_attached_vex(
            tx,
            control.services.blobs,
            Attached(beside, ()),
            own_keys=control.services.deciding.own_keys,
            scan=scan["id"],
            reference=scan["reference"],
            image=scan["image"],
        )
    (strange,) = [one for one in control.get("/vex")["items"] if one["state"] == "standing"]
    assert strange["issuer"] == ""


def test_a_new_scan_hears_what_was_said_before(control: Control):
    scan, (first, *_) = scanned(control)
    control.post("/vex/statements", statement(first, scan), by="ann")
    control.post("/scans", {"reference": scan["reference"]})
    (anew,) = [one for one in control.get("/scans")["items"] if one["counts"]]
    assert states(control, anew)[first["id"], first["purl"]] == "not_affected"


def test_whose_word_counts_is_configured(control: Control):
    scan, (first, *_) = scanned(control)
    key = (first["id"], first["purl"])
    signer = new_signer(Algorithm.ED25519)
    signed = sign_vex(signer, document(first)).decode()

    made = control.post("/vex", {"document": signed}, by="ann")
    assert (made["issuer"], made["basis"]) == ("", "none")
    assert states(control, scan)[key] == "none"
    # Once the key is known, what it signed before counts.
    assert issuer(control, "vendor", weight="trusted", keys=[_pem(signer)]).is_success
    assert states(control, scan)[key] == "not_affected"
    # Somebody of the same weight says otherwise.
    assert issuer(control, "other", weight=100).is_success
    unsigned = {"document": document(first, "affected").decode(), "issuer": "other"}
    assert control.post("/vex", unsigned, by="ann")["basis"] == "vouched"
    assert states(control, scan)[key] == "conflict"
    assert issuer(control, "other", weight="known").is_success
    assert states(control, scan)[key] == "not_affected"
    assert {one["name"]: one["trust"] for one in control.get("/vex-issuers")["items"]} == {
        "other": "known",
        "vendor": "trusted",
    }
    assert control.ask("DELETE", "/vex-issuers/vendor", by="root").status_code == 204
    assert states(control, scan)[key] == "affected"


def test_what_lies_beside_an_image_is_heard_when_it_is_scanned(control: Control):
    scan, (first, *_) = scanned(control)
    key = (first["id"], first["purl"])
    signer = new_signer(Algorithm.ED25519)
    issuer(control, "vendor", weight="trusted", keys=[_pem(signer)])
    reference = parse_reference(scan["reference"])
    publish_vex(control.registry, reference, document(first), signer)
    control.post("/scans", {"reference": scan["reference"]})
    (anew,) = [one for one in control.get("/scans")["items"] if one["counts"]]
    assert states(control, anew)[key] == "not_affected"
    (row,) = control.get("/vex")["items"]
    assert (row["issuer"], row["basis"]) == ("vendor", "signature")
    # What somebody has withdrawn stays so, though it still lies there.
    control.post(f"/vex/{row['id']}/withdraw", {"reason": "not for us"}, by="ann")
    control.post("/scans", {"reference": scan["reference"]})
    (last,) = [one for one in control.get("/scans")["items"] if one["counts"]]
    assert states(control, last)[key] == "none"


def test_what_nobody_known_signed_is_kept_as_long_as_it_lies_beside_the_image(control: Control):
    scan, (first, second, *_) = scanned(control)
    signer = new_signer(Algorithm.ED25519)

    def beside(*contents: bytes, gaps: tuple[Gap, ...] = ()) -> list[Any]:
        with control.database.transaction(actor="system") as tx:
            take_attached_vex(
                tx,
                control.services.blobs,
                Attached(contents, gaps),
                own_keys=control.services.deciding.own_keys,
                scan=scan["id"],
                reference=scan["reference"],
                image=scan["image"],
            )
        control.settle()
        found = control.get("/vex")["items"]
        assert all(one["source"] == f"image:{scan['image']}" for one in found)
        return sorted(one["digest"] for one in found if one["state"] == "standing")

    bare, signed = document(first), sign_vex(signer, document(second))
    assert len(beside(bare, signed)) == 2
    assert len(beside(bare, signed)) == 2, "once is enough"
    assert len(beside(gaps=(Gap("x", "its referrers cannot be read"),))) == 2
    assert beside(bare) == [Digest.of(bare).text]
    assert beside() == []
    assert {one["state"] for one in control.get("/vex")["items"]} == {"gone"}
    assert len(beside(bare)) == 1, "it was not withdrawn here, so it may come back"


def test_what_cannot_be_read_beside_an_image_is_told_and_no_scan_fails(control: Control):
    scan, _ = scanned(control)
    manifest = control.registry.manifests["shop/web", scan["platformDigest"]]
    subject = Descriptor(manifest.media_type, manifest.digest, len(manifest.content))
    kind = "application/vnd.openvex+json"
    reference = parse_reference(scan["reference"])
    attach_artifact(control.registry, reference, subject, kind, b"broken", kind)
    control.post("/scans", {"reference": scan["reference"]})
    (anew,) = [one for one in control.get("/scans")["items"] if one["counts"]]
    assert anew["state"] == "done"
    (told,) = [one for one in control.facts(anew["id"]) if one.kind == "VexUnread"]
    assert "no JSON" in str(told.data["gaps"])


def test_a_new_revision_takes_back_what_it_no_longer_says(control: Control):
    scan, (first, second, *_) = scanned(control)
    issuer(control, "vendor", weight="trusted")
    for version, finding in ((1, first), (2, second)):
        content = document(finding, id="urn:vendor:1", version=version).decode()
        control.post("/vex", {"document": content, "issuer": "vendor"}, by="ann")
    found = states(control, scan)
    assert found[second["id"], second["purl"]] == "not_affected"
    assert found[first["id"], first["purl"]] == "none"


def test_the_same_document_twice_is_one(control: Control):
    _, (first, *_) = scanned(control)
    body = {"document": document(first).decode()}
    one, two = (control.post("/vex", body, by="ann") for _ in range(2))
    assert one == two
    assert control.count("vex_document") == 1
    shown = control.get(f"/vex/{one['id']}")
    assert shown["said"][0]["names"] == [first["id"]]
    answer = control.ask("GET", f"/vex/{one['id']}/document")
    assert answer.content == document(first)


def test_vex_lets_a_release_pass_and_the_packet_proves_it(control: Control):
    control.environment("dev", **STRICT)
    release = control.sealed("1.0.0", OLD)
    assert control.asked(release["id"], "dev")["state"] == "blocked"
    for scan in control.get("/scans")["items"]:
        settle_all(control, scan)
    passed = control.asked(release["id"], "dev")
    assert passed["state"] != "blocked", passed["decision"]
    control.finish("host-a")
    control.finish("host-b")
    (ref,) = control.get("/evidence", subject=passed["id"])["items"]
    packet = control.ask("GET", f"/evidence/{ref['id']}/packet").content
    entries = read_packet(packet).entries
    assert [name for name in entries if name.startswith(names.VEX_DOCUMENTS)]
    found = verify_packet(packet, control.services.trust_root)
    assert found.good, found
    replayed = replay_packet(packet)
    assert replayed.verdict == "identical", replayed
    assert [one.verdict for one in replayed.steps if one.name.startswith("vex")] == ["identical"]


def test_a_statement_that_has_ended_by_the_decision_lets_nothing_pass(control: Control):
    rules = {"approvals": [{"rule": "one", "approvers": ["approver"]}], **STRICT}
    control.environment("dev", **rules)
    release = control.sealed("1.0.0", OLD)
    ends = time_text(control.clock.at + timedelta(hours=1))
    for scan in control.get("/scans")["items"]:
        settle_all(control, scan, expires=ends)
    waiting = control.asked(release["id"], "dev")
    assert waiting["state"] == "waiting"
    control.clock.go_on(hours=2)
    said = {"planDigest": waiting["planDigest"], "comment": "looks right"}
    control.ask("POST", f"/promotions/{waiting['id']}/approve", said, by="ann")
    blocked = control.get(f"/promotions/{waiting['id']}")
    assert blocked["state"] == "blocked"
    (gate,) = [one for one in blocked["decision"]["gates"] if one["name"] == "policy"]
    voices = [one["finding"]["vexWhy"]["voices"][0] for one in gate["reasons"] if one["finding"]]
    assert {one["why"] for one in voices} == {f"expired at {ends}"}


def turned(control: Control) -> int:
    """What time alone has changed, with all that follows from it."""
    changed = weigh_what_turned(control.services)
    control.settle()
    return changed


def test_a_statement_that_ends_counts_no_more_in_lists_and_standings(control: Control):
    rules = {"approvals": [], **STRICT}
    control.environment("dev", **rules)
    release = control.sealed("1.0.0", OLD)
    before = {one["id"]: one["counts"] for one in control.get("/scans")["items"]}
    ends = time_text(control.clock.at + timedelta(hours=1))
    for scan in control.get("/scans")["items"]:
        settle_all(control, scan, expires=ends)
    settled = {one["id"]: one["counts"] for one in control.get("/scans")["items"]}
    assert settled != before
    control.deployed(release["id"], "dev")
    column = control.get("/matrix")["environments"][0]
    assert column["standing"]["outcome"] == "pass"
    control.clock.go_on(minutes=59)
    assert turned(control) == 0
    assert {one["id"]: one["counts"] for one in control.get("/scans")["items"]} == settled
    control.clock.go_on(minutes=1)
    assert turned(control) == sum(any(counts.values()) for counts in before.values())
    assert {one["id"]: one["counts"] for one in control.get("/scans")["items"]} == before
    column = control.get("/matrix")["environments"][0]
    assert column["standing"]["outcome"] == "blocked"
    assert turned(control) == 0, "once it has ended it is over"


def test_a_statement_of_a_later_time_counts_from_then_on(control: Control):
    scan, (first, *_) = scanned(control)
    issuer(control, "vendor", weight="trusted")
    from_then = time_text(control.clock.at + timedelta(hours=1))
    content = json.loads(document(first))
    content["statements"][0]["timestamp"] = from_then
    given = {"document": json.dumps(content), "issuer": "vendor"}
    control.post("/vex", given, by="ann")
    assert states(control, scan)[first["id"], first["purl"]] == "none"
    control.clock.go_on(hours=1)
    assert turned(control) == 1
    assert states(control, scan)[first["id"], first["purl"]] == "not_affected"
    told = [one for one in control.facts(scan["id"]) if one.kind == "FindingsWeighed"]
    assert told[-1].actor == "system"


def test_what_waits_for_approval_is_judged_anew_when_vex_changes(control: Control):
    rules = {"approvals": [{"rule": "one", "approvers": ["approver"]}], **STRICT}
    control.environment("dev", **rules)
    release = control.sealed("1.0.0", OLD)
    for scan in control.get("/scans")["items"]:
        settle_all(control, scan)
    waiting = control.asked(release["id"], "dev")
    assert waiting["state"] == "waiting"
    (one, *_) = control.get("/vex")["items"]
    control.post(f"/vex/{one['id']}/withdraw", {"reason": "wrong"}, by="bob")
    assert control.get(f"/promotions/{waiting['id']}")["state"] == "blocked"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"justification": ""}, "ST-VEX-002"),
        ({"status": "fine"}, "ST-VEX-002"),
        ({"justification": "because"}, "ST-VEX-002"),
        ({"products": ["urllib3"]}, "ST-VEX-002"),
        ({"expires": "2001-01-01T00:00:00Z"}, "ST-VEX-002"),
        ({"expires": "soon"}, "ST-KER-005"),
    ],
)
def test_a_statement_that_would_not_count_is_refused(standing: Control, body: Any, code: str):
    base = {"id": "CVE-2026-1", "purl": "pkg:pypi/foo"}
    given = {**statement(base, {"platformDigest": "sha256:" + "a" * 64}), **body}
    assert standing.refused("POST", "/vex/statements", given, by="ann") == code
    assert standing.count("vex_document") == 0


def test_who_may_not_is_refused(standing: Control):
    base = {"id": "CVE-2026-1", "purl": "pkg:pypi/foo"}
    given = statement(base, {"platformDigest": "sha256:" + "a" * 64})
    for who in ("dan", "vic"):
        assert standing.refused("POST", "/vex/statements", given, by=who) == "ST-IDN-004"
    assert standing.refused("POST", "/vex", {"document": "{}"}, by="ann") == "ST-VEX-001"
    unknown = {"document": "{}", "issuer": "nobody"}
    assert standing.refused("POST", "/vex", unknown, by="ann") == "ST-VEX-004"
    made = {"apiVersion": "stella/v1", "kind": "VexIssuer", "name": "v", "spec": {}}
    assert standing.ask("POST", "/apply", {"documents": [made]}, by="olga").status_code == 403
    for spec in ({"weight": 101}, {"weight": "much"}, {"keys": ["no key"]}, {"kees": []}):
        assert issuer(standing, "v", **spec).json()["code"] == "ST-VEX-005"
    assert issuer(standing, "stella", weight=1).json()["code"] == "ST-VEX-005"


def _pem(signer: Signer) -> str:
    return signer.public.pem.decode()


def test_a_document_that_readers_would_read_differently_is_refused(control: Control):
    scan, (first, *_) = scanned(control)
    said = document(first).replace(b'"status":', b'"status":"affected","status":', 1)
    assert control.refused("POST", "/vex", {"document": said.decode()}, by="ann") == "ST-VEX-001"
    signed = sign_vex(new_signer(Algorithm.ED25519), document(first))
    twice = signed.replace(b'"dsseEnvelope":', b'"dsseEnvelope":{},"dsseEnvelope":', 1)
    assert twice != signed
    assert control.refused("POST", "/vex", {"document": twice.decode()}, by="ann") == "ST-VEX-001"
    assert control.get("/vex")["items"] == []
    assert states(control, scan)[first["id"], first["purl"]] == "none"
