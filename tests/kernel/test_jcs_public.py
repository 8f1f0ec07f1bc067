"""RFC 8785's public cases: the same bytes, and a refusal of the numbers that signed JSON never holds."""

import json
from pathlib import Path

import pytest

from stella.kernel import NotCanonical, canonical_json

# They hold fractions or numbers beyond 2**53 - 1.
_FLOATS = {"values.json", "structures.json"}


@pytest.mark.conformance
def test_every_public_case_has_its_bytes_or_is_refused_for_its_numbers(shared: Path):
    folder = shared / "conformance/jcs/testdata"
    cases = sorted((folder / "input").glob("*.json"))
    assert len(cases) == 6
    for case in cases:
        value = json.loads(case.read_text())
        if case.name in _FLOATS:
            with pytest.raises(NotCanonical):
                canonical_json(value)
            continue
        assert canonical_json(value) == (folder / "output" / case.name).read_bytes().rstrip(b"\n")
        written = (folder / "outhex" / case.name).with_suffix(".txt").read_text()
        assert canonical_json(value) == bytes.fromhex(written)
