"""The right verdict on every document, with the place of the fault."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbom.format.documents import SPDX, XML, bom, checked, component
from stella.sbom import MalformedSbom, UnsupportedSbom
from stella.sbom.format import Format

CYCLONEDX = "conformance/cyclonedx/tools/src/test/resources"


@pytest.mark.conformance
@pytest.mark.parametrize("version", ["1.5", "1.6", "1.7"])
@pytest.mark.parametrize("ending", ["json", "xml"])
def test_every_public_cyclonedx_case_has_the_verdict_in_its_name(
    shared: Path, version: str, ending: str
):
    cases = sorted((shared / CYCLONEDX / version).glob(f"*.{ending}"))
    assert len(cases) > 50
    wrong = [case.name for case in cases if is_valid(case) != case.name.startswith("valid-")]
    assert wrong == []


@pytest.mark.conformance
def test_every_public_spdx_document_is_valid(shared: Path):
    cases = sorted((shared / "conformance/spdx-examples").rglob("*.json"))
    cases.append(shared / "conformance/spdx-3.0.1/examples/jsonld/package_sbom.json")
    assert len(cases) == 25
    assert [case.name for case in cases if not is_valid(case)] == []


def is_valid(case: Path) -> bool:
    refusal = refusal_of(case.read_bytes())
    named = any(word in str(refusal) for word in ("at `", "twice", "is not read"))
    assert refusal is None or named, f"{case} has no place in {refusal}"
    return refusal is None


def refusal_of(content: object) -> MalformedSbom | UnsupportedSbom | None:
    """How the content is refused; anything else that is raised is a crash."""
    try:
        checked(content)
    except (MalformedSbom, UnsupportedSbom) as refusal:
        return refusal
    return None


@pytest.mark.parametrize(
    ("content", "format_", "version"),
    [
        (bom(), Format.CYCLONEDX_JSON, "1.7"),
        (bom(specVersion="1.4"), Format.CYCLONEDX_JSON, "1.4"),
        (bom(specVersion="1.2"), Format.CYCLONEDX_JSON, "1.2"),
        (XML, Format.CYCLONEDX_XML, "1.7"),
        (XML.replace("/1.7", "/1.4"), Format.CYCLONEDX_XML, "1.4"),
        (XML.encode("utf-16"), Format.CYCLONEDX_XML, "1.7"),
        ("\ufeff" + XML, Format.CYCLONEDX_XML, "1.7"),
        (SPDX, Format.SPDX_JSON, "3.0.1"),
    ],
)
def test_the_format_is_found_by_the_content(content: object, format_: Format, version: str):
    document, remarks = checked(content)
    assert (document.format, document.version, remarks) == (format_, version, ())


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (component(type="thing"), "$.components[0].type"),
        (component(name=None), "$.components[0]"),
        (component(hashes=[{"alg": "SHA-256", "content": "00"}]), "$.components[0].hashes[0]"),
        (component(licenses=[{"license": {"id": "No-Such"}}]), "$.components[0].licenses"),
        (component(versionRange="vers:pypi/1.0", version=None), "$.components[0]"),
        (bom(serialNumber="1"), "$.serialNumber"),
        (bom(metadata={"timestamp": "yesterday"}), "$.metadata.timestamp"),
        (bom(strange=1), "$"),
        (XML.replace('type="library"', 'type="thing"'), "/bom/components[1]/component[1]/@type"),
        (XML.replace("<name>requests</name>", ""), "/bom/components[1]/component[1]"),
        (XML.replace("Apache-2.0", "No-Such"), "/licenses[1]/license[1]/id[1]"),
        (XML.replace("<version>", "<strange/><version>"), "component[1]` line 6"),
        (XML.replace("<version>2.19.0</version>", "<versionRange>vers:pypi/1</versionRange>"), "line 4"),
        (XML.replace('ref="a"/>', "/>"), "/bom/dependencies[1]/dependency[1]"),
        (XML.replace('ref="a"/>', 'ref="a" own="1"/>'), "/bom/dependencies[1]/dependency[1]"),
    ],
)  # fmt: skip
def test_a_fault_is_refused_with_its_place(content: object, place: str):
    with pytest.raises(MalformedSbom) as refused:
        checked(content)
    assert place in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        {"type": "software_Parcel"},
        {"type": "Artifact"},
        {"name": 1},
        {"name": ["requests"]},
        {"spdxId": "no uri"},
        {"creationInfo": "_:nothing"},
        {"creationInfo": "https://a.test/us"},
        {"strange": "x"},
        {"software_primaryPurpose": "thing"},
        {"builtTime": "yesterday"},
        {"verifiedUsing": [{"type": "Hash", "algorithm": "sha256"}]},
        {"extension": [{"type": "software_File", "spdxId": "https://a.test/f"}]},
    ],
)
def test_an_spdx_package_that_breaks_the_model_is_refused(change: dict[str, object]):
    graph = SPDX["@graph"]
    with pytest.raises(MalformedSbom) as refused:
        checked({**SPDX, "@graph": [*graph[:2], {**graph[2], **change}]})
    assert "@graph[2]" in str(refused.value)


def test_extensions_of_others_are_theirs():
    package = {**SPDX["@graph"][2], "extension": [{"type": "https://a.test/Own", "any": 1}]}
    checked({**SPDX, "@graph": [*SPDX["@graph"][:2], package]})


@pytest.mark.parametrize("version", ["1.1", "2.0", None, 1.7])
def test_other_versions_are_not_read(version: object):
    with pytest.raises(UnsupportedSbom):
        checked(bom(specVersion=version))


def test_a_repeated_reference_is_refused_in_both_forms():
    nested = component(components=[{"type": "file", "bom-ref": "a", "name": "x"}])
    again = XML.replace(
        "</component>", '</component><component type="file" bom-ref="a"><name>b</name></component>'
    )
    for content in (nested, again):
        with pytest.raises(MalformedSbom, match="bom-ref"):
            checked(content)


def test_references_that_lead_nowhere_are_remarked():
    for content in (
        bom(dependencies=[{"ref": "a", "dependsOn": ["b"]}]),
        XML.replace('ref="a"/>', 'ref="a"><dependency ref="b"/></dependency>'),
    ):
        assert checked(content)[1] == (
            "1 references to components that are not in the document: b",
        )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe\x00",
        b"<bom/>",
        b'{"a": ' * 100_000,
        b'{"bomFormat": "CycloneDX", "specVersion": "1.7", "x": ' + b"[" * 150 + b"]" * 150 + b"}",
        b'<?xml version="1.0" encoding="klingon"?><bom/>',
        b"<bom xmlns='http://cyclonedx.org/schema/bom/1.7'>" + b"<a>" * 200,
        b"<a>" * 1_000_000,
        b'<!DOCTYPE bom [<!ENTITY a "b">]><bom xmlns="http://cyclonedx.org/schema/bom/1.7"/>',
        b'<!DOCTYPE bom SYSTEM "file:///etc/passwd"><bom/>',
        b'{"spdxVersion": "SPDX-9"}',
        b'{"@context": 1, "@graph": []}',
        b'{"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": [1]}',
    ],
)
def test_what_is_no_document_is_refused(content: bytes):
    with pytest.raises((MalformedSbom, UnsupportedSbom)):
        checked(content)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(
    st.sampled_from(["bomFormat", "specVersion", "metadata", "components", "dependencies"]), values
)
def test_wrong_types_anywhere_are_refused_or_taken(key: str, value: object):
    refusal = refusal_of(bom(**{key: value}))
    assert refusal is None or str(refusal)


@given(
    st.sampled_from(["type", "spdxId", "creationInfo", "name", "verifiedUsing", "extension"]),
    values,
)
def test_wrong_types_in_spdx_are_refused_or_taken(key: str, value: object):
    graph = SPDX["@graph"]
    refusal = refusal_of({**SPDX, "@graph": [*graph[:2], {**graph[2], key: value}]})
    assert refusal is None or str(refusal)


@given(st.integers(0, len(XML) - 1), st.sampled_from(["<", ">", "&", '"', "a", "\x00", "é", ""]))
def test_a_broken_character_never_crashes_the_xml(at: int, character: str):
    refusal = refusal_of(XML[:at] + character + XML[at + 1 :])
    assert refusal is None or str(refusal)
