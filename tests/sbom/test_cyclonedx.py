"""CycloneDX: what we write validates and reads back; what breaks the format is refused."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from stella.kernel import Digest
from stella.sbom import (
    Component,
    Inventory,
    MalformedSbom,
    Occurrence,
    Partial,
    UnsupportedSbom,
    diff_inventories,
    parse_cyclonedx,
    to_cyclonedx,
)

words = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
some = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), min_size=1, max_size=12)
digests = st.binary(max_size=3).map(Digest.of)
plain = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True)
places = st.tuples(some, st.none() | st.tuples(digests, st.integers(0, 500))).map(
    lambda pair: Occurrence(pair[0], *(pair[1] or (None, None)))
)


@st.composite
def components(draw: st.DrawFn) -> Component:
    kind, name, version = draw(st.sampled_from(["deb", "pypi", "npm"])), draw(plain), draw(plain)
    found = draw(st.lists(places, max_size=3, unique=True))
    ordered = sorted(found, key=lambda one: (one.path, str(one.layer or ""), one.layer_index or -1))
    return Component(
        purl=PackageURL(kind, None, name, version).to_string(),
        type=kind,
        name=name,
        version=version,
        source_name=draw(plain),
        source_version=draw(plain),
        distro="debian-12" if kind == "deb" else "",
        licence=draw(words),
        evidence=ordered[0].path if ordered else "",
        occurrences=tuple(ordered),
    )


inventories = st.builds(
    Inventory,
    subject=digests,
    name=some,
    platform=st.sampled_from(["linux/amd64", "linux/arm64/v8", ""]),
    distro=st.sampled_from(["debian-12", "debian", ""]),
    components=st.lists(components(), max_size=4, unique_by=lambda one: one.purl).map(
        lambda made: tuple(sorted(made, key=lambda one: one.purl))
    ),
    partial=st.lists(st.builds(Partial, words, words), max_size=3, unique=True).map(
        lambda made: tuple(sorted(made, key=lambda one: (one.path, one.reason)))
    ),
    entrypoint=st.lists(words, max_size=3).map(tuple),
    user=words,
    labels=st.dictionaries(words, words, max_size=3),
)

SAMPLE = Inventory(
    subject=Digest.of(b"manifest"),
    name="127.0.0.1:5000/shop/web",
    platform="linux/amd64",
    distro="debian-12",
    components=(
        Component(
            purl="pkg:deb/debian/libssl3@3.0.11-1?arch=amd64&distro=debian-12&upstream=openssl",
            type="deb",
            name="libssl3",
            version="3.0.11-1",
            source_name="openssl",
            source_version="3.0.11-1",
            distro="debian-12",
            evidence="/var/lib/dpkg/status",
            occurrences=(Occurrence("/var/lib/dpkg/status", Digest.of(b"layer"), 0),),
        ),
        Component(
            purl="pkg:npm/%40a/b@1.0.0",
            type="npm",
            name="@a/b",
            version="1.0.0",
            source_name="@a/b",
            source_version="1.0.0",
            licence="MIT",
        ),
    ),
    partial=(Partial("/app/node_modules/x/package.json", "no name"),),
    entrypoint=("/bin/sh", "-c", ""),
    user="1000",
    labels={"org.example": "x"},
)


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(inventories)
def test_what_is_written_reads_back_the_same(inventory: Inventory):
    assert parse_cyclonedx(to_cyclonedx(inventory, "1.0")) == inventory


def test_the_same_inventory_gives_the_same_bytes_and_a_time_only_when_asked():
    first, again = to_cyclonedx(SAMPLE, "1.0"), to_cyclonedx(SAMPLE, "1.0")
    assert first == again
    assert b"timestamp" not in first
    timed = json.loads(to_cyclonedx(SAMPLE, "1.0", datetime(2030, 1, 1, tzinfo=UTC)))
    assert timed["metadata"]["timestamp"] == "2030-01-01T00:00:00.000000Z"
    assert timed["serialNumber"] != json.loads(first)["serialNumber"]


def document(**fields: object) -> bytes:
    made = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "version": 1,
        "components": [],
        **fields,
    }
    return json.dumps({key: value for key, value in made.items() if value is not None}).encode()


LIBRARY = {"type": "library", "name": "x"}
NESTED: dict = {**LIBRARY}
for _ in range(20):
    NESTED = {**LIBRARY, "components": [NESTED]}

BAD = [
    ("no json", b"<bom/>", MalformedSbom),
    ("no utf-8", b'{"bomFormat":"\xff"}', MalformedSbom),
    ("nested arrays", b"[" * 100_000, MalformedSbom),
    ("other format", document(bomFormat="SPDX"), MalformedSbom),
    ("no format", document(bomFormat=None), MalformedSbom),
    ("future version", document(specVersion="9.9"), UnsupportedSbom),
    ("bad serial", document(serialNumber="1234"), MalformedSbom),
    ("version zero", document(version=0), MalformedSbom),
    ("components no list", document(components={}), MalformedSbom),
    ("component without name", document(components=[{"type": "library"}]), MalformedSbom),
    ("unknown type", document(components=[{**LIBRARY, "type": "gadget"}]), MalformedSbom),
    ("repeated bom-ref", document(components=[{**LIBRARY, "bom-ref": "a"}] * 2), MalformedSbom),
    ("nested too deep", document(components=[NESTED]), MalformedSbom),
]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "refusal"), [case[1:] for case in BAD], ids=[case[0] for case in BAD]
)
def test_a_document_that_breaks_the_format_is_refused(content, refusal):
    with pytest.raises(refusal) as refused:
        parse_cyclonedx(content)
    assert refused.value.remedy.advice


def test_a_strangers_document_gives_packages_and_names_what_cannot_be_matched():
    trivy = {
        "type": "library",
        "name": "libssl3",
        "version": "3.0",
        "purl": "pkg:deb/debian/libssl3@3.0?arch=amd64&distro=debian-12",
        "properties": [{"name": "aquasecurity:trivy:SrcName", "value": "openssl"}],
    }
    scoped = {
        "type": "library",
        "group": "@a",
        "name": "b",
        "version": "1",
        "purl": "pkg:npm/%40a/b@1",
    }
    system = {"type": "operating-system", "name": "debian", "version": "12"}
    content = document(
        components=[
            trivy,
            scoped,
            system,
            {**LIBRARY, "name": "mystery"},
            {**LIBRARY, "purl": "zip"},
        ]
    )
    inventory = parse_cyclonedx(content)
    assert [(one.name, one.source_name, one.distro) for one in inventory.components] == [
        ("libssl3", "openssl", "debian-12"),
        ("@a/b", "@a/b", ""),
    ]
    assert inventory.distro == "debian-12"
    assert len(inventory.partial) == 2
    assert inventory.subject == Digest.of(content)


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(st.from_regex(r"(pkg:)?(deb|npm|oci|PyPI)?[/@?#%=&a-z0-9 \[\]:]{0,20}", fullmatch=True))
def test_no_purl_however_odd_crashes_the_reader(purl: str):
    inventory = parse_cyclonedx(document(components=[{**LIBRARY, "purl": purl}]))
    assert len(inventory.components) + len(inventory.partial) <= 1


def test_a_difference_names_what_came_went_and_changed():
    ssl, _ = SAMPLE.components
    newer = Component(
        **{**fields(ssl), "version": "3.0.12", "purl": "pkg:deb/debian/libssl3@3.0.12"}
    )
    after = Inventory(SAMPLE.subject, "x", "", "", (newer,))
    changes = diff_inventories(SAMPLE, after)
    assert [(one.kind, one.name, one.before, one.after) for one in changes] == [
        ("changed", "libssl3", ("3.0.11-1",), ("3.0.12",)),
        ("removed", "@a/b", ("1.0.0",), ()),
    ]
    assert diff_inventories(SAMPLE, SAMPLE) == ()


def fields(component: Component) -> dict:
    return {name: getattr(component, name) for name in Component.__dataclass_fields__}


@pytest.mark.outside
def test_a_second_reader_finds_the_same_components():
    from cyclonedx.model.bom import Bom

    bom = Bom.from_json(json.loads(to_cyclonedx(SAMPLE, "1.0")))
    purls = {str(one.purl) for one in bom.components if one.purl}
    assert purls == {one.purl for one in SAMPLE.components}
    assert bom.metadata.component.name == SAMPLE.name


@pytest.fixture(scope="module")
def official_validator(shared: Path):
    import jsonschema_rs

    schemas = shared / "conformance" / "cyclonedx" / "schema"
    resources = []
    for name in ("spdx", "jsf-0.82", "cryptography-defs"):
        content = json.loads((schemas / f"{name}.schema.json").read_text())
        names = {content["$id"], f"http://cyclonedx.org/schema/{name}.SNAPSHOT.schema.json"}
        resources += [(one, content) for one in sorted(names)]
    main = json.loads((schemas / "bom-1.7.schema.json").read_text())
    registry = jsonschema_rs.Registry(resources)
    return jsonschema_rs.validator_for(main, registry=registry, validate_formats=True)


@pytest.mark.conformance
@settings(max_examples=40, deadline=None)
@given(inventory=inventories)
def test_every_document_of_ours_validates_against_the_official_schema(
    official_validator, inventory: Inventory
):
    validator = official_validator
    content = to_cyclonedx(inventory, "1.0", datetime(2030, 1, 1, tzinfo=UTC))
    assert [error.message for error in validator.iter_errors(json.loads(content))] == []
    broken = {**json.loads(content), "bomFormat": "other"}
    assert not validator.is_valid(broken)


@pytest.mark.conformance
def test_every_valid_public_document_is_read(shared: Path):
    resources = shared / "conformance" / "cyclonedx" / "tools" / "src" / "test" / "resources"
    cases = sorted(resources.glob("1.[567]/valid-*.json"))
    for case in cases:
        parse_cyclonedx(case.read_bytes())
    assert len(cases) > 100
