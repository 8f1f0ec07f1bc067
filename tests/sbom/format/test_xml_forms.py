"""CycloneDX JSON -> XML -> JSON and XML -> JSON -> XML: nothing is lost, and both are valid."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbom.format.documents import BOM, COMPONENT, XML, bom, checked
from stella.sbom.format import (
    Format,
    check_document,
    cyclonedx_tree,
    read_document,
    read_inventory,
    write_document,
)
from stella.sbom.format.cyclonedx_xml import xml_of
from stella.sbom.format.xml_text import Element, read_xml

CYCLONEDX = "conformance/cyclonedx/tools/src/test/resources"
# Its signatory has an XML signature and nothing else; JSON demands one of its own kind.
NOT_VALID_AS_JSON = {"valid-attestation-1.6.xml", "valid-attestation-1.7.xml"}


def converted(content: bytes, format_: Format) -> bytes:
    made = write_document(cyclonedx_tree(read_document(content)), format_)
    assert made.lost == 0
    return made.content


def comparable(element: Element) -> Any:
    """Without prefixes, without the CycloneDX version, without white space around."""
    namespace = element.namespace
    if namespace.startswith("http://cyclonedx.org/schema/bom/"):
        namespace = "bom"
    children = [comparable(one) for one in element.children]
    tails = [one.tail.strip() for one in element.children]
    return [namespace, element.name, element.attributes, element.text.strip(), children, tails]


@pytest.mark.conformance
@pytest.mark.parametrize("version", ["1.5", "1.6", "1.7"])
def test_no_public_json_case_loses_anything_on_its_way_through_xml(shared: Path, version: str):
    cases = sorted((shared / CYCLONEDX / version).glob("valid-*.json"))
    assert len(cases) > 35
    for case in cases:
        content = case.read_bytes()
        written = converted(content, Format.CYCLONEDX_XML)
        check_document(read_document(written))
        back = json.loads(converted(written, Format.CYCLONEDX_JSON))
        wanted = json.loads(content) | {"specVersion": "1.7", "$schema": back["$schema"]}
        assert back == wanted, case.name
        check_document(read_document(json.dumps(back).encode()))


@pytest.mark.conformance
@pytest.mark.parametrize("version", ["1.5", "1.6", "1.7"])
def test_no_public_xml_case_loses_anything_on_its_way_through_json(shared: Path, version: str):
    cases = sorted((shared / CYCLONEDX / version).glob("valid-*.xml"))
    assert len(cases) > 35
    for case in cases:
        content = case.read_bytes()
        written = converted(content, Format.CYCLONEDX_JSON)
        made = write_document(cyclonedx_tree(read_document(content)), Format.CYCLONEDX_JSON)
        assert bool(made.fault) == (case.name in NOT_VALID_AS_JSON), case.name
        back = converted(written, Format.CYCLONEDX_XML)
        check_document(read_document(back))
        assert comparable(read_xml(back)) == comparable(read_xml(content)), case.name


@pytest.mark.conformance
def test_both_forms_of_a_public_case_are_the_same_document(shared: Path):
    for name in ("valid-component-types", "valid-patch", "valid-vulnerability", "valid-tags"):
        case = shared / CYCLONEDX / "1.7" / f"{name}-1.7"
        of_json = cyclonedx_tree(read_document(case.with_suffix(".7.json").read_bytes()))
        of_xml = cyclonedx_tree(read_document(case.with_suffix(".7.xml").read_bytes()))
        assert of_xml == of_json, name


def test_the_two_forms_say_the_same():
    assert json.loads(converted(XML.encode(), Format.CYCLONEDX_JSON)) == {
        **BOM,
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
    }
    assert comparable(read_xml(converted(json.dumps(BOM).encode(), Format.CYCLONEDX_XML))) == (
        comparable(read_xml(XML.encode()))
    )


def test_all_forms_give_the_same_inventory():
    inventory = read_inventory(json.dumps(BOM).encode())
    assert [one.purl for one in inventory.components] == ["pkg:pypi/requests@2.19.0"]
    assert read_inventory(XML.encode()).components == inventory.components


SIGNATURE = {"algorithm": "ES256", "value": "c2lnbmVk"}


@pytest.mark.parametrize(
    "change",
    [
        {"signature": SIGNATURE},
        {"description": "bell \x07, null \x00, \ufffe and \ud83d\ude00"},
        {"description": "  spaces\r\n and lines \t"},
        {"properties": [{"name": "only a name"}, {"name": "empty", "value": ""}]},
        {"hashes": [], "licenses": [], "externalReferences": []},
        {"evidence": {"identity": {"field": "purl", "confidence": 0.0000001}}},
        {"licenses": [{"expression": "MIT OR Apache-2.0", "acknowledgement": "declared"}]},
    ],
)
def test_what_xml_cannot_say_is_carried(change: dict[str, Any]):
    content = json.dumps(bom(components=[{**COMPONENT, **change}])).encode()
    check_document(read_document(content))
    written = converted(content, Format.CYCLONEDX_XML)
    check_document(read_document(written))
    back = json.loads(converted(written, Format.CYCLONEDX_JSON))
    assert back["components"] == json.loads(content)["components"]
    assert "properties" not in back


FOREIGN = XML.replace(
    "</purl>",
    '</purl><x:note xmlns:x="https://a.test/x" x:kind="k">a <x:b/> c</x:note>',
).replace('bom-ref="a"', 'bom-ref="a" own="1"', 1)


def test_what_json_cannot_say_is_carried():
    document, _ = checked(FOREIGN.replace("<name>", "<!-- gone --><name>"))
    written = write_document(cyclonedx_tree(document), Format.CYCLONEDX_JSON).content
    check_document(read_document(written))
    assert json.loads(written)["properties"][0]["name"] == "stella:carried:cyclonedx-xml"
    back = converted(written, Format.CYCLONEDX_XML)
    assert comparable(read_xml(back)) == comparable(read_xml(FOREIGN.encode()))


def test_carried_things_whose_place_is_gone_are_counted():
    tree = cyclonedx_tree(checked(FOREIGN)[0]).value
    made = write_document(
        cyclonedx_tree(checked({**tree, "components": []})[0]), Format.CYCLONEDX_XML
    )
    assert made.lost == 2
    alone, _ = checked(FOREIGN.replace(' own="1"', ""))
    tree = cyclonedx_tree(alone).value
    edited = {**tree, "components": [{"type": "file", "name": "first"}, *tree["components"]]}
    made = write_document(cyclonedx_tree(checked(edited)[0]), Format.CYCLONEDX_XML)
    assert made.lost == 1
    assert b"a.test/x" not in made.content


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.long
@given(values)
def test_a_carried_property_that_somebody_wrote_crashes_nothing(value: object):
    for name in ("stella:carried:cyclonedx-xml", "stella:carried:cyclonedx-json"):
        entry = {"name": name, "value": json.dumps(value)}
        document, _ = checked(bom(properties=[entry]))
        written = write_document(cyclonedx_tree(document), Format.CYCLONEDX_XML)
        cyclonedx_tree(read_document(written.content))


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
components = st.fixed_dictionaries(
    {"type": st.sampled_from(["library", "file", "data"]), "name": names},
    optional={
        "version": names,
        "group": names,
        "description": names,
        "scope": st.sampled_from(["required", "optional", "excluded"]),
        "modified": st.booleans(),
        "copyright": names,
        "tags": st.lists(names, max_size=3),
        "swid": st.fixed_dictionaries(
            {"tagId": names, "name": names}, optional={"tagVersion": st.integers(0, 9)}
        ),
        "properties": st.lists(
            st.fixed_dictionaries({"name": names}, optional={"value": names}), max_size=3
        ),
    },
)


@pytest.mark.long
@settings(deadline=None)
@given(st.lists(components, max_size=4, unique_by=repr))
def test_any_components_survive_the_way_through_xml(made: list[dict[str, Any]]):
    content = json.dumps(bom(components=made, dependencies=[])).encode()
    written = converted(content, Format.CYCLONEDX_XML)
    back = json.loads(converted(written, Format.CYCLONEDX_JSON))
    assert back["components"] == made
    assert converted(written, Format.CYCLONEDX_XML) == written


def test_the_order_of_names_does_not_matter():
    turned = dict(reversed(BOM.items())) | {"components": [dict(reversed(COMPONENT.items()))]}
    for format_ in (Format.CYCLONEDX_JSON, Format.CYCLONEDX_XML):
        one = converted(json.dumps(BOM).encode(), format_)
        assert converted(json.dumps(turned).encode(), format_) == one


def test_types_that_no_schema_allows_do_not_crash_the_writer():
    assert xml_of({"components": 3, "metadata": [], "services": [4, None], "version": {}})


def test_an_empty_element_says_its_default_and_stays_empty():
    content = XML.replace("<hashes>", "<scope/><hashes>").encode()
    check_document(read_document(content))
    written = converted(content, Format.CYCLONEDX_JSON)
    check_document(read_document(written))
    assert json.loads(written)["components"][0]["scope"] == "required"
    back = converted(written, Format.CYCLONEDX_XML)
    assert comparable(read_xml(back)) == comparable(read_xml(content))
