"""Slices of snapshots: what packets of earlier versions hold is read for ever."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from advisory.records import FROM_0, fixed, osv
from finding.inventories import component, inventory, snapshot_of
from stella.advisory import Package, open_snapshot, parse_slice
from stella.advisory.errors import MalformedSlice
from stella.advisory.observation import Observations, sync_feed
from stella.finding import findings_document, match_inventory, parse_findings
from stella.sdk.testing import SimulatedFeed

OLD = (
    b'{"ecosystems":["PyPI"],"packages":{"PyPI":{"foo":[{"aliases":["CVE-2030-1"],"id":"X-1",'
    b'"kev":true,"scheme":"pep440","severity":"high","spans":[{"fixed":"2.0"}]}]}},"schema":1,'
    b'"snapshot":"sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}'
)


def test_a_slice_of_the_first_format_is_read_and_written_back_as_it_was():
    cut = parse_slice(OLD)
    assert cut.slice([Package("PyPI", "foo")]) == OLD
    (finding,) = match_inventory(inventory(component("pypi", "foo", "1.0")), cut).findings
    assert (finding.id, finding.note, finding.epss_permille) == ("X-1", "", None)
    assert b'"note":""' in findings_document(
        match_inventory(inventory(component("pypi", "foo", "1.0")), cut)
    )


def test_a_slice_keeps_what_other_sources_say(tmp_path: Path):
    record = osv("X-1", "foo", FROM_0, fixed("2"))
    record["severity"] = [{"type": "Ubuntu", "score": "high"}]
    with snapshot_of(tmp_path, record) as snapshot:
        content = snapshot.slice([Package("PyPI", "foo")])
        assert parse_slice(content).slice([Package("PyPI", "foo")]) == content


def test_a_slice_keeps_the_age_of_feeds_and_so_do_findings(tmp_path: Path):
    record = json.dumps(osv("X-1", "foo", FROM_0, fixed("2"))).encode()
    with Observations(tmp_path / "store") as store:
        now = "2030-01-01T00:00:00Z"
        sync_feed(store, "pypa", SimulatedFeed({"a.json": record}), now=now)
        made = store.freeze(tmp_path)
    image = inventory(component("pypi", "foo", "1.0"))
    with open_snapshot(made.path) as snapshot:
        whole = match_inventory(image, snapshot)
        cut = parse_slice(snapshot.slice([Package("PyPI", "foo")]))
    assert whole.feeds == {"pypa": now}
    document = findings_document(whole)
    assert findings_document(match_inventory(image, cut)) == document
    assert parse_findings(document) == whole
    assert findings_document(parse_findings(document)) == document
    assert b"feeds" not in findings_document(replace(whole, feeds={}))


def test_what_is_no_slice_is_refused():
    with pytest.raises(MalformedSlice):
        parse_slice(OLD.replace(b'"kev"', b'"unheard"'))
