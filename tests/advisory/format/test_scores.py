"""EPSS and NVD: numbers without floats, scores by source, products named by CPE."""

import json
from typing import Any

from stella.advisory.format import Assessment, Entry, Likelihood, Withdrawn, read_document
from stella.advisory.format.nvd import cpe_parts
from stella.advisory.model import Package, Skipped, Span

EPSS = b"""#model_version:v2025.03.14,score_date:2025-12-26T12:55:00Z
cve,epss,percentile
CVE-2030-0001,0.10546,0.93015
CVE-2030-0002,7e-05,0.00428
CVE-2030-0003,1.00000,1.0
CVE-2030-0004,1.5,0.1
CVE-2030-0005,nan,0.1
not a line
"""
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"


def test_epss_becomes_parts_of_a_million_and_what_is_no_score_is_counted():
    scores, skipped = read_document("epss.csv", EPSS)
    assert isinstance(scores, Likelihood)
    assert scores.ppm == {"CVE-2030-0001": 105_460, "CVE-2030-0002": 70, "CVE-2030-0003": 1_000_000}
    assert scores.scored_on == "2025-12-26"
    assert skipped == Skipped("epss.csv", "malformed: 3 lines that are no scores")


def test_another_table_is_no_advisory_format():
    (skipped,) = read_document("x.csv", b"a,b,c\n1,2,3\n")
    assert isinstance(skipped, Skipped)


def nvd(*cves: object) -> list[object]:
    page = {"format": "NVD_CVE", "vulnerabilities": [{"cve": cve} for cve in cves]}
    return list(read_document("nvd.json", json.dumps(page).encode()))


def cve(**changes: Any) -> dict[str, Any]:
    metrics = {
        "cvssMetricV31": [
            {"source": "nvd@nist.gov", "cvssData": {"vectorString": VECTOR}},
            {"source": "cna@example.com", "cvssData": {"vectorString": "x", "baseSeverity": "LOW"}},
        ],
        "cvssMetricV2": [{"source": "nvd@nist.gov", "baseSeverity": "MEDIUM", "cvssData": {}}],
    }
    return {"id": "CVE-2030-1", "lastModified": "2030-01-01", "metrics": metrics, **changes}


def test_every_source_of_nvd_keeps_its_own_rating():
    items = nvd(cve())
    assert [(one.source, one.severity) for one in items if isinstance(one, Assessment)] == [
        ("NVD", "critical"),
        ("cna@example.com", "low"),
    ]


def test_products_are_packages_named_by_cpe():
    criteria = "cpe:2.3:a:openssl:openssl:*:*:*:*:*:*:*:*"
    bounds = {"versionStartExcluding": "1.0", "versionEndExcluding": "1.1"}
    matches = [
        {"vulnerable": True, "criteria": criteria, **bounds},
        {"vulnerable": True, "criteria": "cpe:2.3:a:openssl:openssl:3.0.0:beta1:*:*:*:*:*:*"},
        {"vulnerable": False, "criteria": "cpe:2.3:o:linux:linux_kernel:-:*:*:*:*:*:*:*"},
    ]
    items = nvd(cve(configurations=[{"nodes": [{"cpeMatch": matches}]}]))
    (entry,) = [one for one in items if isinstance(one, Entry)]
    assert entry.package == Package("CPE", "openssl:openssl")
    assert entry.record.spans == (Span(after="1.0", fixed="1.1"),)
    assert entry.record.versions == ("3.0.0-beta1",)


def test_rejected_ids_withdraw_what_is_named_so():
    items = nvd(cve(vulnStatus="Rejected"))
    assert isinstance(items[0], Withdrawn)
    assert isinstance(items[1], Assessment)
    assert items[1].is_rejected


def test_one_broken_item_of_a_page_hides_no_other():
    items = nvd({"id": 7}, cve())
    assert isinstance(items[0], Skipped)
    assert any(isinstance(one, Assessment) for one in items)


def test_cpe_names_with_escaped_signs():
    assert cpe_parts(r"cpe:2.3:a:a\:b:c\+d:1.0:*:*:*:*:*:*:*") == ("a:b:c+d", "1.0")
    assert cpe_parts("cpe:/a:b:c") is None
