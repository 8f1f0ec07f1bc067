"""The public documents: whether they follow the schema, whether we read them, and real feeds."""

import json
import tarfile
from collections import Counter
from pathlib import Path

import jsonschema_rs
import pytest

from stella.vex import Format, MalformedVex, parse_vex, schema_faults

pytestmark = pytest.mark.conformance


def _documents(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): content
        for file in sorted(folder.rglob("*.json"))
        if (content := file.read_bytes()) and b'"statements"' in content
    }


@pytest.mark.parametrize("suite", ["openvex-go-vex", "openvex-vexctl"])
def test_every_document_is_read_and_its_form_judged_as_the_schema_does(
    shared: Path, suite: str
) -> None:
    schema = json.loads((shared / "conformance/openvex-spec/openvex_json_schema.json").read_bytes())
    published = jsonschema_rs.validator_for(schema, validate_formats=True)
    documents = _documents(shared / "conformance" / suite)
    assert documents
    for name, content in documents.items():
        read = parse_vex(content)
        assert (read.format, read.gaps) == (Format.OPENVEX, ()), name
        assert len(read.statements) == len(json.loads(content)["statements"]), name
        assert (not schema_faults(content)) is published.is_valid(json.loads(content)), name


def test_csaf_examples_are_read(shared: Path) -> None:
    files = sorted((shared / "conformance").glob("openvex-*/**/*csaf*.json"))
    assert files
    for file in files:
        read = parse_vex(file.read_bytes())
        assert read.format is Format.CSAF
        assert read.statements


def test_real_feeds_are_read(shared: Path) -> None:
    counted: Counter[str] = Counter()
    for archive in sorted((shared / "advisories/vex").glob("*.tar.gz")):
        with tarfile.open(archive) as tar:
            for member in tar:
                file = tar.extractfile(member) if member.name.endswith(".json") else None
                content = file.read() if file else b""
                if b"openvex.dev/ns" not in content and b"csaf_version" not in content:
                    continue
                try:
                    read = parse_vex(content)
                except MalformedVex as refusal:
                    counted[f"refused: {refusal}"] += 1
                    continue
                counted[read.format.value] += 1
                counted["statements"] += len(read.statements)
                counted["without product"] += sum(not one.products for one in read.statements)
    assert counted["openvex"] == 459 + 12
    assert counted["csaf"] == 31
    assert counted["statements"] > 29_000
    assert not [one for one in counted if one.startswith("refused")]
