"""Findings with VEX: only what is spoken of changes, and documents without it keep their bytes."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from advisory.records import FROM_0, fixed, osv
from finding.inventories import component, inventory, snapshot_of
from stella.finding import (
    Findings,
    Vex,
    apply_vex,
    findings_document,
    is_open,
    judged_document,
    match_inventory,
    openvex_of,
    parse_findings,
)
from stella.image import parse_reference
from stella.kernel import Digest
from stella.sbom import to_cyclonedx
from stella.trust import Algorithm, new_signer
from stella.vex import (
    Basis,
    Heard,
    Issuer,
    OpenVex,
    Voices,
    hear,
    image_subject,
    openvex_bytes,
    parse_vex,
    schema_faults,
    sign_vex,
    weighing_bytes,
    weighing_of,
)
from stella.vex.errors import MalformedWeighing
from vex.sayings import EARLY, NOW, VENDOR, heard, product, statement

INVENTORY = inventory(component("pypi", "foo", "1.0"), component("pypi", "bar", "1.0"))
SBOM = to_cyclonedx(INVENTORY, "1")


@pytest.fixture
def found(tmp_path: Path) -> Findings:
    records = (
        osv("GHSA-foo", "foo", FROM_0, fixed("2"), aliases=["CVE-2026-1"]),
        osv("CVE-2026-9", "bar", FROM_0, fixed("2")),
    )
    return match_inventory(INVENTORY, snapshot_of(tmp_path, *records))


def judged(found: Findings, *said: Heard) -> Findings:
    return apply_vex(found, Voices(said), image_subject(INVENTORY, SBOM), NOW)


def test_only_the_finding_that_is_spoken_of_changes(found: Findings) -> None:
    bar, foo = judged(
        found, heard(VENDOR, statement("not_affected", product("pkg:pypi/foo")))
    ).findings
    assert bar == found.findings[0]
    assert (foo.vex, is_open(foo)) == (Vex.NOT_AFFECTED, False)
    assert foo.vex_why is not None
    assert [one.issuer for one in foo.vex_why.voices] == ["vendor"]
    assert replace(foo, vex=Vex.NONE, vex_why=None) == found.findings[1]


def test_documents_without_vex_keep_their_bytes_and_those_with_it_are_read_again(
    found: Findings,
) -> None:
    plain = findings_document(found)
    assert b"vexWhy" not in plain
    assert findings_document(judged(found)) == plain
    spoken = judged(found, heard(VENDOR, statement("affected", product("pkg:pypi/foo"))))
    assert parse_findings(findings_document(spoken)) == spoken
    assert b'"vex":"affected"' in findings_document(spoken)


def test_a_bom_link_to_the_images_own_bill_of_materials_is_about_it(found: Findings) -> None:
    serial = json.loads(SBOM)["serialNumber"].removeprefix("urn:uuid:")
    vex = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "vulnerabilities": [
            {
                "id": "CVE-2026-9",
                "analysis": {"state": "not_affected", "justification": "code_not_present"},
                "affects": [{"ref": f"urn:cdx:{serial}/1#pkg:pypi/bar@1.0"}],
            }
        ],
    }
    document = parse_vex(json.dumps(vex).encode())
    bar, _ = judged(found, Heard(document, VENDOR, Basis.VOUCHED)).findings
    assert bar.vex is Vex.NOT_AFFECTED


def test_every_finding_goes_out_in_openvex_under_investigation_until_somebody_decides(
    found: Findings,
) -> None:
    said = heard(VENDOR, statement("not_affected", product("pkg:pypi/foo"), impact="unused"))
    place = parse_reference("registry.example/shop/web:1")
    content = openvex_of([(judged(found, said), place)], author="me", at=EARLY)
    assert content is not None
    assert schema_faults(content) == ()
    bar, foo = parse_vex(content).statements
    assert (bar.names, bar.status) == (("CVE-2026-9",), "under_investigation")
    assert (foo.names, foo.status, foo.impact) == (
        ("GHSA-foo", "CVE-2026-1"),
        "not_affected",
        "unused",
    )
    # What goes out says the same when it comes in again.
    back = judged(found, Heard(parse_vex(content), VENDOR, Basis.VOUCHED))
    assert [one.vex for one in back.findings] == ["under_investigation", "not_affected"]
    assert openvex_of([(replace(found, findings=()), None)], author="me", at=EARLY) is None


def signed(signer) -> bytes:
    said = statement("not_affected", product("pkg:pypi/foo"))
    return sign_vex(signer, openvex_bytes(OpenVex("me", EARLY, (said,))))


def test_what_was_weighed_gives_the_same_document_again(found: Findings) -> None:
    signer = new_signer(Algorithm.ED25519)
    issuer = Issuer("builder", 80, (signer.public,))
    documents = [signed(signer), openvex_bytes(OpenVex("you", EARLY, (statement(),)))]
    said = [hear(documents[0], [issuer]), hear(documents[1], [], VENDOR)]
    assert [one.basis for one in said] == [Basis.SIGNATURE, Basis.VOUCHED]
    record = weighing_bytes(weighing_of(INVENTORY.subject.text, said))
    assert record == weighing_bytes(weighing_of(INVENTORY.subject.text, said[::-1]))
    by_digest = {Digest.of(one).text: one for one in documents}
    again = judged_document(findings_document(found), SBOM, record, by_digest, NOW)
    assert again == findings_document(judged(found, *said))
    assert b'"vex":"not_affected"' in again


def test_what_was_weighed_and_then_changed_is_refused(found: Findings) -> None:
    signer, other = (new_signer(Algorithm.ED25519) for _ in range(2))
    content = signed(signer)
    said = hear(content, [Issuer("builder", 80, (signer.public,))])
    digest, matched = Digest.of(content).text, findings_document(found)

    def again(record: bytes, documents: dict[str, bytes]) -> None:
        judged_document(matched, SBOM, record, documents, NOW)

    record = weighing_bytes(weighing_of(INVENTORY.subject.text, [said]))
    again(record, {digest: content})
    with pytest.raises(MalformedWeighing, match="not here"):
        again(record, {})
    with pytest.raises(MalformedWeighing, match="not here"):
        again(record, {digest: content + b" "})
    stranger = Heard(said.document, Issuer("builder", 80, (other.public,)), Basis.SIGNATURE)
    with pytest.raises(MalformedWeighing, match="not signed by builder"):
        again(weighing_bytes(weighing_of(INVENTORY.subject.text, [stranger])), {digest: content})
    with pytest.raises(MalformedWeighing):
        again(record.replace(b'"weight":80', b'"weight":800'), {digest: content})


def test_a_signature_of_nobody_known_decides_nothing() -> None:
    said = hear(signed(new_signer(Algorithm.ED25519)), [VENDOR])
    assert (said.basis, said.issuer.weight) == (Basis.NONE, 0)
