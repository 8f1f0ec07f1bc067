"""From a CVSS vector to a word, with the scores that the specification's examples have."""

import pytest

from advisory.records import FROM_0, osv
from stella.advisory.format.osv import parse_osv, records_of
from stella.advisory.severity import base_score, severity_of_vector
from stella.kernel import canonical_json

HIGH = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H"


@pytest.mark.parametrize(
    ("vector", "score", "word"),
    [
        # https://www.first.org/cvss/v3.1/examples
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:L/I:L/A:L", 6.3, "medium"),
        ("CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:N/A:N", 3.1, "low"),
        ("CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:C/C:L/I:L/A:N", 6.4, "medium"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", 9.8, "critical"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H", 10.0, "critical"),
        (HIGH, 7.5, "high"),
        ("CVSS:3.0/AV:L/AC:L/PR:L/UI:N/S:C/C:H/I:H/A:H", 8.8, "high"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:N", 0.0, "none"),
        ("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N", None, None),
        ("CVSS:3.1/AV:X/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H", None, None),
        ("CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N", None, None),
        ("7.5", None, None),
    ],
)
def test_base_scores(vector: str, score: float | None, word: str | None):
    assert base_score(vector) == score
    assert severity_of_vector(vector) == word


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("unknown", "")),
        ({"severity": [{"type": "CVSS_V3", "score": HIGH}]}, ("high", HIGH)),
        ({"database_specific": {"severity": "MODERATE"}}, ("medium", "")),
        (
            {
                "severity": [{"type": "CVSS_V3", "score": HIGH}],
                "database_specific": {"severity": "LOW"},
            },
            ("high", HIGH),
        ),
        ({"database_specific": {"severity": HIGH}}, ("high", HIGH)),
        (
            {"severity": [{"type": "CVSS_V4", "score": "CVSS:4.0/AV:N"}]},
            ("unknown", "CVSS:4.0/AV:N"),
        ),
        ({"affected": {"severity": [{"type": "CVSS_V3", "score": HIGH}]}}, ("high", HIGH)),
        ({"affected": {"ecosystem_specific": {"urgency": "unimportant"}}}, ("low", "")),
        ({"affected": {"ecosystem_specific": {"urgency": "not yet assigned"}}}, ("unknown", "")),
    ],
)
def test_where_a_record_says_how_bad_it_is(changes: dict[str, object], expected: tuple[str, str]):
    document = canonical_json(osv("X-1", "foo", FROM_0, **changes))
    ((_, record),) = records_of(parse_osv(document))
    assert (record.severity, record.cvss) == expected
