"""CSAF: product trees to packages of releases, statuses to spans."""

import json
from typing import Any

from stella.advisory.affected import judge
from stella.advisory.format import Entry, Withdrawn
from stella.advisory.format.csaf import read_csaf
from stella.advisory.model import Package, Rating, Skipped, Span

PLATFORMS = {
    "rhel9": "cpe:/a:redhat:enterprise_linux:9::appstream",
    "rhel6": "cpe:/o:redhat:enterprise_linux:6",
    "eus": "cpe:/a:redhat:rhel_eus:9.2::appstream",
}
PURLS = {
    "openssl.x86": "pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=x86_64&epoch=1",
    "openssl.arm": "pkg:rpm/redhat/openssl@3.0.7-25.el9?arch=aarch64&epoch=1",
    "openssl.src": "pkg:rpm/redhat/openssl@3.0.7-27.el9?arch=src&epoch=1",
    "openssl": "pkg:rpm/redhat/openssl",
    "ruby": "pkg:rpm/redhat/ruby@2.7.8-1.module%2Bel9?arch=x86_64&rpmmod=ruby:2.7:80:ab",
    "odd": "pkg:rpm/redhat/odd@1-1?arch=x86_64&rpmmod=odd",
    "image": "pkg:oci/thing",
    "pip": "pkg:pypi/pip@24.2",
    "pip new": "pkg:pypi/pip@25",
}


def csaf(category: str = "csaf_vex", **changes: Any) -> dict[str, Any]:
    products = [
        {
            "category": "product_version",
            "name": name,
            "product": {
                "product_id": name,
                "name": name,
                "product_identification_helper": {"purl": purl},
            },
        }
        for name, purl in PURLS.items()
    ] + [
        {
            "category": "product_name",
            "name": name,
            "product": {"product_id": name, "product_identification_helper": {"cpe": cpe}},
        }
        for name, cpe in PLATFORMS.items()
    ]
    relations = [
        {
            "category": "default_component_of",
            "product_reference": product,
            "relates_to_product_reference": platform,
            "full_product_name": {"product_id": f"{platform}:{product}"},
        }
        for product in PURLS
        for platform in PLATFORMS
    ]
    return {
        "document": {
            "category": category,
            "title": "openssl: a flaw",
            "publisher": {"name": "Red Hat Product Security"},
            "tracking": {"id": "RHSA-2030:1", "current_release_date": "2030-01-01T00:00:00Z"},
        },
        "product_tree": {"branches": [{"branches": products}], "relationships": relations},
        "vulnerabilities": [{"cve": "CVE-2030-1", **changes}],
    }


def entries(document: dict[str, Any]) -> dict[Package, Entry]:
    items = read_csaf("a.json", json.dumps(document).encode())
    return {one.package: one for one in items if isinstance(one, Entry)}


def test_a_fix_is_the_lowest_of_its_architectures_in_the_release_with_its_epoch():
    fixed = ["rhel9:openssl.x86", "rhel9:openssl.arm", "rhel9:openssl.src"]
    found = entries(csaf(product_status={"fixed": fixed}))
    record = found[Package("Red Hat:9", "openssl")].record
    assert (record.id, record.spans) == ("CVE-2030-1", (Span(fixed="1:3.0.7-25.el9"),))
    assert judge(record, "1:3.0.7-24.el9").is_affected
    assert not judge(record, "1:3.0.7-25.el9").is_affected
    assert judge(record, "9:0-1").is_affected is False


def test_an_advisory_names_its_record_and_a_module_its_packages():
    found = entries(csaf("csaf_security_advisory", product_status={"fixed": ["rhel9:ruby"]}))
    record = found[Package("Red Hat:9", "ruby:2.7/ruby")].record
    assert (record.id, record.aliases) == ("RHSA-2030:1", ("CVE-2030-1",))


def test_what_is_affected_says_whether_it_will_be_mended():
    remedies = [
        {
            "category": "no_fix_planned",
            "details": "Out of support scope",
            "product_ids": ["rhel6:openssl"],
        }
    ]
    document = csaf(product_status={"known_affected": ["rhel6:openssl"]}, remediations=remedies)
    record = entries(document)[Package("Red Hat:6", "openssl")].record
    assert record.spans == (Span(),)
    assert (record.fix, record.note) == ("end_of_life", "Out of support scope")


def test_releases_with_their_own_updates_are_ecosystems_of_their_own():
    found = entries(csaf(product_status={"fixed": ["eus:openssl.x86"]}))
    assert list(found) == [Package("Red Hat:rhel_eus:9.2", "openssl")]


def test_not_affected_is_known_and_under_investigation_is_not():
    status = {"known_not_affected": ["rhel9:openssl"], "under_investigation": ["rhel6:openssl"]}
    found = entries(csaf(product_status=status))
    assert not judge(found[Package("Red Hat:9", "openssl")].record, "1:1-1").is_affected
    asked = judge(found[Package("Red Hat:6", "openssl")].record, "1:1-1")
    assert (asked.is_affected, asked.is_known) == (True, False)


def test_the_vendors_word_stands_beside_its_vector_where_it_says_something_else():
    product = "rhel9:openssl.x86"
    vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"
    document = csaf(
        product_status={"fixed": [product]},
        scores=[{"cvss_v3": {"vectorString": vector}, "products": [product]}],
        threats=[{"category": "impact", "details": "Moderate", "product_ids": [product]}],
    )
    (entry,) = entries(document).values()
    assert (entry.record.severity, entry.record.cvss) == ("critical", vector)
    assert entry.record.ratings == (Rating("Red Hat impact", "medium"),)


def test_packages_of_languages_are_listed_as_they_stand():
    document = csaf(product_status={"known_affected": ["pip"], "fixed": ["pip new"]})
    record = entries(document)[Package("PyPI", "pip")].record
    assert (record.versions, record.spans) == (("24.2",), ())
    assert record.note == "fixed in 25"


def test_what_names_no_package_is_counted_with_its_reason():
    status = {"fixed": ["rhel9:image", "rhel9:odd", "nowhere", "openssl.x86"]}
    items = list(read_csaf("a.json", json.dumps(csaf(product_status=status)).encode()))
    assert sorted(one.reason for one in items if isinstance(one, Skipped)) == [
        "a module that names no stream",
        "a product of purl type oci",
        "a product that the tree does not name",
        "an rpm package of an unnamed release",
    ]


def test_a_withdrawn_document_withdraws_its_record():
    first, _ = read_csaf("a.json", json.dumps(csaf("csaf_withdrawn")).encode())
    assert isinstance(first, Withdrawn)
