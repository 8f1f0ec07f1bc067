"""Hostile documents: whatever the bytes, every reader answers with items and never raises."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisory.format.test_csaf import csaf
from advisory.format.test_javascript import NODE, answer, node
from advisory.format.test_plain_yaml import PHP, RUBY
from advisory.format.test_scores import EPSS, cve
from advisory.records import FROM_0, fixed, osv
from stella.advisory.format import Entry, read_document
from stella.advisory.model import Skipped

EXAMPLES = max(50, int(os.environ.get("STELLA_EXAMPLES", "0")))
TRACKER = {"curl": {"CVE-2030-1": {"releases": {"bookworm": {"status": "open"}}}}}
DOCUMENTS = {
    "osv.json": osv("X-1", "foo", FROM_0, fixed("2")),
    "tracker.json": TRACKER,
    "csaf.json": csaf(product_status={"fixed": ["rhel9:openssl.x86"]}),
    "ghsa.json": answer(node()),
    "node.json": NODE,
    "nvd.json": {"format": "NVD_CVE", "vulnerabilities": [{"cve": cve()}]},
    "retire.json": {
        "a": {"vulnerabilities": [{"below": "1", "identifiers": {"CVE": ["CVE-2030-1"]}}]}
    },
    "secdb.json": {
        "distroversion": "v3.19",
        "reponame": "main",
        "packages": [{"pkg": {"name": "a"}}],
    },
    "kev.json": {"catalogVersion": "1", "vulnerabilities": [{"cveID": "CVE-2030-1"}]},
}
CONTENTS = {name: json.dumps(document).encode() for name, document in DOCUMENTS.items()}
CONTENTS |= {"ruby.yml": RUBY.encode(), "php.yaml": PHP.encode(), "epss.csv": EPSS}

anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


@pytest.mark.parametrize("name", CONTENTS)
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_a_document_with_one_value_replaced_is_read_or_skipped(name: str, data: st.DataObject):
    if name not in DOCUMENTS:
        content = bytearray(CONTENTS[name])
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
        broken = bytes(content)
    else:
        document = json.loads(CONTENTS[name])
        _replace(document, data)
        broken = json.dumps(document).encode()
    for item in read_document(name, broken):
        assert item is not None


def _replace(document: object, data: st.DataObject) -> None:
    while True:
        keys = list(document) if isinstance(document, dict) else list(range(len(document)))
        if not keys:
            return
        key = data.draw(st.sampled_from(keys))
        inner = document[key]
        if not isinstance(inner, dict | list) or data.draw(st.booleans()):
            document[key] = data.draw(anything)
            return
        document = inner


@pytest.mark.parametrize("name", CONTENTS)
def test_a_document_that_is_cut_off_gives_no_record(name: str):
    content = CONTENTS[name]
    if not name.endswith(".json"):
        return
    items = list(read_document(name, content[: len(content) * 2 // 3]))
    assert not any(isinstance(item, Entry) for item in items)
    assert any(isinstance(item, Skipped) for item in items)


def test_other_documents_beside_feeds_are_named():
    for document, reason in (
        ({"@context": "x", "statements": []}, "OpenVEX, no advisory"),
        ({"runs": []}, "SARIF, no advisory"),
        ({"any": 1}, "not an advisory format that is read"),
    ):
        (skipped,) = read_document("a.json", json.dumps(document).encode())
        assert skipped.reason == reason
