"""Documents made to hurt: too large, too deep, too many, broken anywhere. One refusal, and soon."""

import json
from time import perf_counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sbom.format.documents import BOM, COMPONENT, SPDX, XML, bom, checked, component
from sbom.format.test_spdx import FULL, SPDX2, TAG_VALUES
from stella.sbom import MalformedSbom, UnsupportedSbom
from stella.sbom.format import Format, cyclonedx_tree, read_inventory, write_document
from stella.sbom.format.document import DOCUMENT_BYTES_MAX
from stella.sbom.format.json_text import VALUES_MAX, read_json
from stella.sbom.format.xml_text import read_xml


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "library", "name": "inner"}
    for number in range(depth):
        inner = {"type": "library", "name": f"n{number}", "components": [inner]}
    return bom(components=[inner])


def written(content: object) -> list[bytes]:
    tree = cyclonedx_tree(checked(content)[0])
    return [
        write_document(tree, format_).content
        for format_ in (Format.CYCLONEDX_JSON, Format.CYCLONEDX_XML, Format.SPDX_JSON)
    ]


@pytest.mark.long
def test_a_document_beyond_the_bounds_is_refused_before_it_is_read():
    with pytest.raises(MalformedSbom, match="bytes"):
        checked(b" " * (DOCUMENT_BYTES_MAX + 1))
    with pytest.raises(MalformedSbom, match="values"):
        read_json(b"[" + b"1," * (2 * VALUES_MAX) + b"1]")


def test_elements_are_counted_while_they_are_read():
    content = b"<bom>" + b"<a/>" * 20 + b"</bom>"
    assert len(read_xml(content, 21).children) == 20
    with pytest.raises(MalformedSbom, match="bounds"):
        read_xml(content, 20)


def test_deep_components_are_read_to_the_bound_and_refused_beyond():
    read_inventory(json.dumps(nested(15)).encode())
    for document in written(nested(15)):
        read_inventory(document)
    with pytest.raises(MalformedSbom, match="nested deeper"):
        read_inventory(json.dumps(nested(16)).encode())


@pytest.mark.parametrize("depth", [1, 15, 16, 40, 49, 60, 500, 5_000])
def test_any_depth_is_refused_or_written(depth: int):
    text = '{"type":"library","name":"n","components":[' * depth + "]}" * depth
    content = json.dumps(bom(components=["here"])).replace('"here"', text)
    assert end_of(content) == ("written 3" if depth <= 16 else "refused")


LONG = 200_000
HOSTILE_TEXTS = [
    "cpe:2.3:a:" + "?" * LONG,
    "cpe:2.3:a:" + "\\!" * (LONG // 2),
    "cpe:/a" + ":a" * LONG,
    "urn:cdx:" + "0" * LONG,
    "1" * LONG,
    "a" * LONG + "/" + "+" * LONG,
]


@pytest.mark.parametrize("text", HOSTILE_TEXTS)
def test_no_pattern_takes_long(text: str):
    started = perf_counter()
    for content in (
        component(cpe=text, **{"mime-type": text}),
        XML.replace("<purl>", f"<cpe>{text}</cpe><purl>"),
        XML.replace('version="1"', f'version="{text}"'),
        XML.replace('type="library"', f'type="library" mime-type="{text}"'),
    ):
        assert end_of(content) in {"refused", "written 3"}
    assert perf_counter() - started < 30


def test_entities_are_never_resolved():
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))
    for declared in (
        f'<!DOCTYPE bom [<!ENTITY a0 "x">{bomb}]>',
        '<!DOCTYPE bom [<!ENTITY % a SYSTEM "file:///etc/passwd"> %a;]>',
        '<!DOCTYPE bom PUBLIC "a" "https://a.test/dtd">',
    ):
        body = XML.partition("?>")[2].replace("requests</name>", "&a11;</name>")
        with pytest.raises(MalformedSbom):
            checked('<?xml version="1.0"?>' + declared + body)


def test_many_components_with_one_reference_are_one_refusal():
    again = [{**COMPONENT, "name": f"n{number}"} for number in range(1_000)]
    with pytest.raises(MalformedSbom, match="twice"):
        checked(bom(components=again))


def test_a_dependency_on_itself_is_taken():
    circle = [{"ref": "a", "dependsOn": ["b"]}, {"ref": "b", "dependsOn": ["a", "b"]}]
    content = bom(components=[COMPONENT, {**COMPONENT, "bom-ref": "b"}], dependencies=circle)
    for document in written(content):
        assert cyclonedx_tree(checked(document)[0]).value["dependencies"] == circle


WHOLE = [
    json.dumps(FULL).encode(),
    json.dumps(BOM).encode(),
    XML.encode(),
    json.dumps(SPDX).encode(),
    json.dumps(SPDX2).encode(),
    TAG_VALUES.encode(),
]


def end_of(content: object) -> str:
    """How it ends: refused or written; anything else that is raised fails the test."""
    try:
        made = written(content)
        for document in made:
            read_inventory(document)
    except (MalformedSbom, UnsupportedSbom):
        return "refused"
    return f"written {len(made)}"


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    whole=st.sampled_from(WHOLE),
    at=st.floats(0, 1),
    length=st.integers(0, 12),
    put=st.binary(max_size=6)
    | st.sampled_from([b"null", b"[]", b"{}", b'""', b"1e999", b"-1", b"\xed\xa0\x80"]),
)
def test_a_document_broken_anywhere_is_refused_or_written(
    whole: bytes, at: float, length: int, put: bytes
):
    place = int(at * len(whole))
    assert end_of(whole[:place] + put + whole[place + length :]) in {"refused", "written 3"}


paths = st.sampled_from(
    ["metadata", "components", "dependencies", "properties", "serialNumber", "version"]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 2**70) | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from([*FULL, *COMPONENT, "type", "ref", "tools"]), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(path=paths, value=values)
def test_wrong_types_anywhere_end_in_one_refusal(path: str, value: object):
    content = json.dumps({**FULL, path: value}).encode()
    assert end_of(content) in {"refused", "written 3"}
