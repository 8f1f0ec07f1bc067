"""SPDX in and out: valid, deterministic, and nothing is lost on the way there and back."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbom.format.documents import BOM, COMPONENT, SPDX, bom, checked
from stella.sbom import MalformedSbom, UnsupportedSbom
from stella.sbom.format import (
    Format,
    check_document,
    cyclonedx_tree,
    read_document,
    read_inventory,
    write_document,
)
from stella.sbom.format.schemas import schema_table

CYCLONEDX = "conformance/cyclonedx/tools/src/test/resources"


def converted(content: Any, format_: Format) -> bytes:
    """Written in that format; what is written is valid."""
    made = write_document(cyclonedx_tree(checked(content)[0]), format_)
    assert made.lost == 0
    check_document(read_document(made.content))
    return made.content


@pytest.mark.conformance
@pytest.mark.parametrize("version", ["1.5", "1.6", "1.7"])
def test_no_public_cyclonedx_case_loses_anything_on_its_way_through_spdx(
    shared: Path, version: str
):
    cases = sorted((shared / CYCLONEDX / version).glob("valid-*.json"))
    assert len(cases) > 35
    for case in cases:
        content = case.read_bytes()
        back = json.loads(converted(converted(content, Format.SPDX_JSON), Format.CYCLONEDX_JSON))
        wanted = json.loads(content) | {"specVersion": "1.7", "$schema": back["$schema"]}
        assert back == wanted, case.name


@pytest.mark.conformance
@pytest.mark.parametrize("between", [Format.CYCLONEDX_JSON, Format.CYCLONEDX_XML])
def test_no_public_spdx_document_loses_anything_on_its_way_through_cyclonedx(
    shared: Path, between: Format
):
    cases = sorted((shared / "conformance/spdx-examples").rglob("*.json"))
    cases.append(shared / "conformance/spdx-3.0.1/examples/jsonld/package_sbom.json")
    assert len(cases) == 25
    for case in cases:
        content = case.read_bytes()
        back = converted(converted(content, between), Format.SPDX_JSON)
        assert json.loads(back) == json.loads(content), case.name


@pytest.mark.conformance
def test_the_classes_are_those_of_the_published_model(shared: Path):
    """Class, base, and for each property how many values it may have."""
    path = shared / "conformance/spdx-3.0.1/rdf/spdx-model.json-ld"
    terms = {one["@id"]: one for one in json.loads(path.read_text()) if "@id" in one}
    shacl, rdfs = "http://www.w3.org/ns/shacl#", "http://www.w3.org/2000/01/rdf-schema#"
    compared = 0
    for name, known in schema_table("spdx-3.0.1").items():
        term = terms[iri_of(name)]
        bases = [one["@id"] for one in term.get(f"{rdfs}subClassOf", [])]
        assert bases == ([iri_of(known["base"])] if known["base"] else []), name
        published = {}
        for entry in term.get(f"{shacl}property", []):
            shape = terms[entry["@id"]]
            if (
                f"{shacl}minCount" in shape
                or f"{shacl}maxCount" in shape
                or (f"{shacl}nodeKind" in shape)
            ):
                least = int(shape.get(f"{shacl}minCount", [{"@value": 0}])[0]["@value"])
                is_list = f"{shacl}maxCount" not in shape
                published[shape[f"{shacl}path"][0]["@id"]] = [is_list, least > 0]
        ours = {iri_of(key): value[1:] for key, value in known["properties"].items()}
        assert {key: published.get(key) for key in ours} == ours, name
        compared += len(ours)
    assert compared > 150


def iri_of(name: str) -> str:
    profile, _, word = name.rpartition("_")
    named = {
        "": "Core",
        "ai": "AI",
        "simplelicensing": "SimpleLicensing",
        "expandedlicensing": "ExpandedLicensing",
    }
    folder = named.get(profile, profile.capitalize())
    return f"https://spdx.org/rdf/3.0.1/terms/{folder}/{word}"


FULL = bom(
    serialNumber="urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79",
    metadata={
        "timestamp": "2026-01-02T03:04:05Z",
        "tools": {"components": [{"type": "application", "name": "maker", "version": "1"}]},
        "authors": [{"name": "Ann", "email": "ann@a.test"}],
        "component": {"type": "container", "bom-ref": "root", "name": "web"},
    },
    components=[
        {**COMPONENT, "supplier": {"name": "Acme"}, "components": [{"type": "file", "name": "f"}]},
        {"type": "library", "bom-ref": "b/ü", "name": "b", "version": "2", "group": "g"},
    ],
    dependencies=[{"ref": "a", "dependsOn": ["b/ü"]}, {"ref": "b/ü"}],
    properties=[{"name": "own", "value": "x"}],
)


def graph(content: bytes, kind: str) -> list[dict[str, Any]]:
    return [one for one in json.loads(content)["@graph"] if one["type"] == kind]


def test_spdx_says_what_cyclonedx_said_in_its_own_words():
    written = converted(FULL, Format.SPDX_JSON)
    packages = {one["name"]: one for one in graph(written, "software_Package")}
    assert set(packages) == {"web", "requests", "b"}
    requests = packages["requests"]
    assert requests["software_packageUrl"] == "pkg:pypi/requests@2.19.0"
    assert requests["software_packageVersion"] == "2.19.0"
    assert requests["verifiedUsing"] == [
        {"type": "Hash", "algorithm": "sha256", "hashValue": "0" * 64}
    ]
    relations = {
        (one["relationshipType"], one["from"]): one["to"] for one in graph(written, "Relationship")
    }
    assert relations["dependsOn", requests["spdxId"]] == [packages["b"]["spdxId"]]
    [licence] = graph(written, "simplelicensing_LicenseExpression")
    assert licence["simplelicensing_licenseExpression"] == "Apache-2.0"
    assert relations["hasDeclaredLicense", requests["spdxId"]] == [licence["spdxId"]]
    [info] = graph(written, "CreationInfo")
    assert info["created"] == "2026-01-02T03:04:05Z"
    assert [one["name"] for one in graph(written, "Person")] == ["Ann"]
    back = json.loads(converted(written, Format.CYCLONEDX_JSON))
    assert back == {**FULL, "$schema": back["$schema"]}


def test_the_bytes_follow_from_the_content_alone():
    turned = json.dumps(dict(reversed(FULL.items())))
    assert converted(turned, Format.SPDX_JSON) == converted(FULL, Format.SPDX_JSON)
    assert converted(bom(), Format.SPDX_JSON) == converted(BOM, Format.SPDX_JSON)
    assert converted(bom(version=2), Format.SPDX_JSON) != converted(BOM, Format.SPDX_JSON)


def test_every_format_gives_the_same_inventory():
    wanted = read_inventory(json.dumps(FULL).encode())
    for format_ in (Format.CYCLONEDX_JSON, Format.CYCLONEDX_XML, Format.SPDX_JSON):
        found = read_inventory(converted(FULL, format_))
        assert (found.components, found.partial) == (wanted.components, wanted.partial)


def test_an_edited_document_loses_what_was_carried_and_says_so():
    written = converted(FULL, Format.SPDX_JSON).replace(b'"requests"', b'"responses"')
    tree = cyclonedx_tree(read_document(written))
    assert tree.lost > 0
    assert tree.value["components"][0]["name"] == "responses"
    assert any("found no place" in gap.reason for gap in read_inventory(written).partial)
    became = json.loads(converted(SPDX, Format.CYCLONEDX_JSON))
    became["components"][0]["version"] = "3"
    made = write_document(cyclonedx_tree(checked(became)[0]), Format.SPDX_JSON)
    assert made.lost == 1
    assert b'"software_packageVersion":"3"' in made.content


def test_elements_may_stand_within_others():
    info, _, package = SPDX["@graph"]
    maker = {"type": "Organization", "spdxId": "https://a.test/us", "creationInfo": "_:made"}
    inner = {**package, "creationInfo": info, "suppliedBy": {**maker, "name": "Acme"}}
    relation = {
        "type": "Relationship",
        "spdxId": "https://a.test/r",
        "creationInfo": "_:made",
        "from": inner,
        "relationshipType": "dependsOn",
        "to": [{**package, "spdxId": "https://a.test/other", "name": "other"}],
    }
    tree = cyclonedx_tree(checked({**SPDX, "@graph": [info, maker, relation]})[0]).value
    assert {one["name"] for one in tree["components"]} == {"requests", "other"}
    assert tree["dependencies"] == [
        {"ref": "https://a.test/requests", "dependsOn": ["https://a.test/other"]}
    ]


def test_circles_and_depths_of_containment_end():
    info, maker, package = SPDX["@graph"]
    ids = [f"https://a.test/p{number}" for number in range(40)]
    packages = [{**package, "spdxId": one} for one in ids]
    relations = [
        {
            "type": "Relationship",
            "spdxId": f"https://a.test/r{number}",
            "creationInfo": "_:made",
            "from": one,
            "relationshipType": "contains",
            "to": [ids[(number + 1) % len(ids)]],
        }
        for number, one in enumerate(ids)
    ]
    document = {**SPDX, "@graph": [info, maker, *packages, *relations]}
    assert len(read_inventory(json.dumps(document).encode()).components) == 1
    open_chain = {**SPDX, "@graph": [info, maker, *packages, *relations[:-1]]}
    assert len(read_inventory(json.dumps(open_chain).encode()).components) == 1


SPDX2 = {
    "spdxVersion": "SPDX-2.3",
    "SPDXID": "SPDXRef-DOCUMENT",
    "name": "web",
    "dataLicense": "CC0-1.0",
    "documentNamespace": "https://a.test/web-1",
    "creationInfo": {
        "created": "2026-01-02T03:04:05Z",
        "creators": ["Tool: maker-1", "Person: Ann (ann@a.test)"],
    },
    "packages": [
        {
            "SPDXID": "SPDXRef-requests",
            "name": "requests",
            "versionInfo": "2.19.0",
            "downloadLocation": "NOASSERTION",
            "supplier": "Organization: Acme",
            "licenseDeclared": "Apache-2.0",
            "licenseConcluded": "Apache-2.0",
            "checksums": [{"algorithm": "SHA256", "checksumValue": "0" * 64}],
            "externalRefs": [
                {
                    "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl",
                    "referenceLocator": "pkg:pypi/requests@2.19.0",
                }
            ],
        },
        {"SPDXID": "SPDXRef-b", "name": "b", "downloadLocation": "NONE", "comment": "kept"},
    ],
    "relationships": [
        {
            "spdxElementId": "SPDXRef-b",
            "relationshipType": "DEPENDENCY_OF",
            "relatedSpdxElement": "SPDXRef-requests",
        }
    ],
}
TAG_VALUES = """SPDXVersion: SPDX-2.3
DataLicense: CC0-1.0
SPDXID: SPDXRef-DOCUMENT
DocumentName: web
DocumentNamespace: https://a.test/web-1
Creator: Tool: maker-1
Creator: Person: Ann (ann@a.test)
Created: 2026-01-02T03:04:05Z
# a package
PackageName: requests
SPDXID: SPDXRef-requests
PackageVersion: 2.19.0
PackageDownloadLocation: NOASSERTION
PackageSupplier: Organization: Acme
PackageLicenseDeclared: Apache-2.0
PackageLicenseConcluded: Apache-2.0
PackageChecksum: SHA256: {digest}
ExternalRef: PACKAGE-MANAGER purl pkg:pypi/requests@2.19.0
PackageName: b
SPDXID: SPDXRef-b
PackageDownloadLocation: NONE
PackageComment: <text>kept</text>
Relationship: SPDXRef-b DEPENDENCY_OF SPDXRef-requests
""".format(digest="0" * 64)


def test_spdx_2_is_read_in_both_its_forms():
    of_json, of_text = checked(SPDX2)[0], checked(TAG_VALUES)[0]
    assert (of_json.format, of_text.format) == (Format.SPDX_2_JSON, Format.SPDX_2_TEXT)
    assert of_json.version == of_text.version == "2.3"
    assert of_text.tree == of_json.tree
    inventory = read_inventory(json.dumps(SPDX2).encode())
    [component] = inventory.components
    assert (component.purl, component.version, component.licence) == (
        "pkg:pypi/requests@2.19.0",
        "2.19.0",
        "Apache-2.0",
    )
    assert [gap.path for gap in inventory.partial] == ["b"]  # no purl: said, not passed over
    assert read_inventory(TAG_VALUES.encode()).components == inventory.components


def test_spdx_2_becomes_the_other_formats_and_stays_in_them():
    tree = cyclonedx_tree(checked(SPDX2)[0]).value
    base = "https://a.test/web-1#SPDXRef-"
    assert tree["dependencies"] == [{"ref": f"{base}requests", "dependsOn": [f"{base}b"]}]
    assert tree["components"][0]["supplier"] == {"name": "Acme"}
    for format_ in (Format.CYCLONEDX_JSON, Format.CYCLONEDX_XML, Format.SPDX_JSON):
        back = cyclonedx_tree(read_document(converted(SPDX2, format_))).value
        assert back == tree
        [carried] = [one for one in back["properties"] if one["name"] == "stella:carried:spdx-json"]
        assert json.loads(carried["value"])["document"] == SPDX2
    text = cyclonedx_tree(checked(TAG_VALUES)[0]).value["properties"][0]["value"]
    assert json.loads(text)["document"] == TAG_VALUES


@pytest.mark.parametrize(
    "change",
    [
        {"packages": [{"name": "a"}]},
        {"packages": [*SPDX2["packages"], SPDX2["packages"][0]]},
        {"relationships": [{**SPDX2["relationships"][0], "relationshipType": "LIKES"}]},
        {"creationInfo": {"created": "yesterday", "creators": ["Tool: a"]}},
        {"creationInfo": {"created": "2026-01-02T03:04:05Z", "creators": ["somebody"]}},
        {"strange": 1},
        {"name": None},
    ],
)  # fmt: skip
def test_spdx_2_that_breaks_its_format_is_refused(change: dict[str, Any]):
    with pytest.raises(MalformedSbom):
        checked({**SPDX2, **change})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("DataLicense: CC0-1.0\n", ""),
        ("PackageVersion: 2.19.0", "PackageVersion 2.19.0"),
        ("<text>kept</text>", "<text>kept"),
        ("DEPENDENCY_OF SPDXRef-requests", "DEPENDENCY_OF"),
        ("PACKAGE-MANAGER purl ", ""),
        ("SHA256: 0", "SHA257: 0"),
        ("PackageVersion: 2.19.0", "PackageVersion: 1\nPackageVersion: 2"),
        ("SPDX-2.3", "SPDX-2.1"),
    ],
)
def test_tag_values_that_break_their_format_are_refused(before: str, after: str):
    with pytest.raises((MalformedSbom, UnsupportedSbom)):
        checked(TAG_VALUES.replace(before, after))


def test_references_of_spdx_2_that_lead_nowhere_are_remarked():
    relation = {**SPDX2["relationships"][0], "spdxElementId": "SPDXRef-gone"}
    assert checked({**SPDX2, "relationships": [relation]})[1] == (
        "1 references to elements that are not in the document: SPDXRef-gone",
    )


lines = st.sampled_from([*TAG_VALUES.splitlines(), "", "a", ":", "Relationship:", "<text>", "\x00"])


@given(st.lists(lines, max_size=30))
def test_any_lines_are_refused_or_taken(chosen: list[str]):
    text = "\n".join(["SPDXVersion: SPDX-2.3", *chosen])
    try:
        cyclonedx_tree(checked(text)[0])
    except (MalformedSbom, UnsupportedSbom) as refusal:
        made = str(refusal)
    else:
        made = "taken"
    assert made


@given(
    st.lists(
        st.sampled_from(["type", "spdxId", "name", "from", "to", "relationshipType", "extension"]),
        max_size=4,
    ),
    st.recursive(
        st.none()
        | st.integers()
        | st.sampled_from(["Relationship", "https://a.test/us", "_:made"]),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(st.sampled_from(["type", "spdxId", "to"]), inner, max_size=3)
        ),
        max_leaves=6,
    ),
)
def test_what_the_check_lets_through_the_reader_can_read(keys: list[str], value: Any):
    package = {**SPDX["@graph"][2], **dict.fromkeys(keys, value)}
    try:
        document, _ = checked({**SPDX, "@graph": [*SPDX["@graph"][:2], package]})
    except MalformedSbom as refusal:
        place = re.search(r"`\$\.@graph.*`|stands twice", str(refusal))
    else:
        place = cyclonedx_tree(document)
    assert place
