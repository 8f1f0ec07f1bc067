"""Slices of snapshots: what packets of earlier versions hold is read for ever."""

from pathlib import Path

import pytest

from advisory.records import FROM_0, fixed, osv
from finding.inventories import component, inventory, snapshot_of
from stella.advisory import Package, parse_slice
from stella.advisory.errors import MalformedSlice
from stella.finding import findings_document, match_inventory

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


def test_what_is_no_slice_is_refused():
    with pytest.raises(MalformedSlice):
        parse_slice(OLD.replace(b'"kev"', b'"unheard"'))
