"""An inventory against a snapshot: what is found, under which name, and why."""

from dataclasses import replace
from pathlib import Path

import pytest

from advisory.records import FROM_0, fixed, osv
from finding.inventories import LAYER, component, deb, inventory, snapshot_of
from stella.advisory import Package, parse_slice
from stella.advisory.errors import MalformedSlice
from stella.finding import (
    MalformedFindings,
    Match,
    findings_document,
    match_inventory,
    packages_of,
    parse_findings,
)
from stella.finding.subject import subject_of
from stella.sbom import Component, parse_cyclonedx, to_cyclonedx

DEB = osv("DSA-1", "openssl", FROM_0, fixed("3.0.11-1~deb12u2"), ecosystem="Debian:12")
PYPI = osv(
    "PYSEC-1",
    "Foo.Bar",
    FROM_0,
    fixed("2.0"),
    aliases=["GHSA-1", "CVE-2030-1"],
    summary="Foo is open.",
    database_specific={"severity": "HIGH"},
)


def test_a_finding_says_the_whole_why(tmp_path: Path):
    snapshot = snapshot_of(tmp_path, PYPI)
    found = match_inventory(inventory(component("pypi", "foo-bar", "1.5")), snapshot)
    (finding,) = found.findings
    assert (finding.id, finding.aliases) == ("PYSEC-1", ("CVE-2030-1", "GHSA-1"))
    assert (finding.match, finding.severity, finding.fixed) == (Match.AFFECTED, "high", "2.0")
    assert finding.why.package == "foo-bar 1.5"
    assert finding.why.paths == ("/usr/lib/foo-bar",)
    assert (finding.why.layer, finding.why.layer_index) == (LAYER.text, 2)
    assert (finding.why.range, finding.why.compared) == ("< 2.0", "PyPI 1.5")
    assert (found.snapshot, found.unmatched) == (snapshot.digest, {})


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.0.11-1~deb12u1", True),
        ("3.0.11-1~deb12u1+b3", True),
        ("3.0.11-1~deb12u2", False),
        ("3.0.11-1~deb12u2+b1", False),
        ("1:0.1-1", False),
    ],
)
def test_debian_packages_match_by_source_name_and_version(
    tmp_path: Path, version: str, expected: bool
):
    library = deb("libssl3", "9-is-not-asked", "openssl", version)
    found = match_inventory(inventory(library), snapshot_of(tmp_path, DEB))
    assert bool(found.findings) == expected
    if expected:
        (finding,) = found.findings
        assert finding.component == "libssl3"
        assert finding.why.compared.startswith("deb source openssl 3.0.11-1~deb12u1")


def test_kernel_headers_are_findings_that_say_so(tmp_path: Path):
    record = osv("DSA-2", "linux", FROM_0, ecosystem="Debian:12")
    headers = deb("linux-libc-dev", "6.1.1-1", "linux")
    (finding,) = match_inventory(inventory(headers), snapshot_of(tmp_path, record)).findings
    assert finding.note == "headers only"


def test_a_version_that_cannot_be_read_is_shown(tmp_path: Path):
    odd = component("pypi", "foo-bar", "1.0-custom build")
    (finding,) = match_inventory(inventory(odd), snapshot_of(tmp_path, PYPI)).findings
    assert finding.match is Match.UNKNOWN_VERSION


def test_what_no_feed_covers_is_counted_and_never_fine(tmp_path: Path):
    others = [
        component("rpm", "bash", "5"),
        component("npm", "left-pad", "1.0.0"),
        deb("bash", "5", distro="debian-11"),
        deb("dash", "5", distro=""),
    ]
    found = match_inventory(inventory(*others), snapshot_of(tmp_path, PYPI, DEB))
    assert found.findings == ()
    assert found.unmatched == {"deb": 1, "debian-11": 1, "npm": 1, "rpm": 1}


@pytest.mark.parametrize(
    ("one", "packages"),
    [
        (component("npm", "@scope/foo", "1"), [Package("npm", "@scope/foo")]),
        (
            component("golang", "y", "v1", purl="pkg:golang/github.com/x/y@v1"),
            [Package("Go", "github.com/x/y")],
        ),
        (
            component("maven", "core", "1", purl="pkg:maven/org.example/core@1"),
            [Package("Maven", "org.example:core")],
        ),
        (
            component("composer", "bar", "1", purl="pkg:composer/Foo/Bar@1"),
            [Package("Packagist", "foo/bar")],
        ),
        (component("cargo", "serde", "1"), [Package("crates.io", "serde")]),
        (component("gem", "rack", "1"), [Package("RubyGems", "rack")]),
        (
            component("apk", "libcurl", "8-r0", source_name="curl", distro="alpine-3.19.1"),
            [Package("Alpine:v3.19", "curl")],
        ),
        (component("apk", "x", "1", distro="wolfi-20220914"), [Package("Wolfi", "x")]),
        (
            component("rpm", "ssl-libs", "1-1", source_name="ssl", distro="rocky-9.3"),
            [Package("Rocky Linux:9", "ssl")],
        ),
        (
            component("rpm", "ssl-libs", "1-1", source_name="ssl", distro="almalinux-8.10"),
            [Package("AlmaLinux:8", "ssl-libs")],
        ),
        (
            component("rpm", "ssl-libs", "1-1", source_name="ssl", distro="opensuse-leap-15.5"),
            [Package("openSUSE:Leap 15.5", "ssl")],
        ),
        (component("rpm", "bash", "1-1", distro="fedora-39"), [Package("Fedora:39", "bash")]),
        (component("rpm", "bash", "1-1", distro="mystery-9"), []),
        (
            component("rpm", "libssl", "1-1", source_name="ssl", distro="rhel-9.4"),
            [Package("Red Hat:9", "libssl")],
        ),
        (
            component(
                "rpm",
                "rubygems",
                "1-1",
                distro="rhel-8.8",
                purl="pkg:rpm/redhat/rubygems@1-1?rpmmod=ruby:2.7:8080:63b3",
            ),
            [Package("Red Hat:8", "ruby:2.7/rubygems")],
        ),
        (component("generic", "nginx", "1.27.0"), [Package("CPE", "f5:nginx")]),
        (component("generic", "mystery", "1"), []),
        (deb("bash", "5", distro="debian-12.5"), [Package("Debian:12", "bash")]),
        (
            deb("bash", "5", distro="ubuntu-22.04"),
            [Package("Ubuntu:22.04:LTS", "bash"), Package("Ubuntu:22.04", "bash")],
        ),
        (deb("bash", "5", distro="mystery"), []),
    ],
)
def test_components_are_looked_up_as_their_feeds_name_them(one: Component, packages: list[Package]):
    assert list(subject_of(one).packages) == packages


def test_the_epoch_of_an_rpm_counts_wherever_a_document_keeps_it():
    purl = "pkg:rpm/rocky/ssl@3.0-1?epoch=1"
    theirs = component("rpm", "ssl", "3.0-1", purl=purl, distro="rocky-9.3")
    ours = component("rpm", "ssl", "1:3.0-1", purl=purl, distro="rocky-9.3")
    for one in (theirs, ours):
        assert subject_of(replace(one, source_version=one.version)).version == "1:3.0-1"


def test_what_only_a_lock_file_asks_for_is_said_to_be_only_that():
    assert "lock file" in subject_of(component("npm", "a", "1", is_declared=True)).note
    assert subject_of(component("npm", "a", "1")).note == ""


def test_a_slice_repeats_the_match_byte_for_byte(tmp_path: Path):
    snapshot = snapshot_of(tmp_path, PYPI, DEB, osv("X", "other", FROM_0))
    image = inventory(
        component("pypi", "foo-bar", "1.5"),
        component("npm", "left-pad", "1.0.0"),
        deb("libssl3", "3.0.9-1", "openssl"),
    )
    content = snapshot.slice(packages_of(image))
    cut = parse_slice(content)
    whole = match_inventory(image, snapshot)
    assert len(whole.findings) == 2
    assert findings_document(match_inventory(image, cut)) == findings_document(whole)
    assert b"other" not in content
    assert cut.slice(packages_of(image)) == content


@pytest.mark.parametrize("content", [b"", b"{}", b'{"snapshot":"x","ecosystems":[],"packages":{}}'])
def test_a_slice_that_is_none_is_refused(content: bytes):
    with pytest.raises(MalformedSlice):
        parse_slice(content)


def test_an_sbom_gives_the_findings_of_what_it_was_made_of(tmp_path: Path):
    snapshot = snapshot_of(tmp_path, PYPI, DEB)
    image = inventory(
        component("pypi", "foo-bar", "1.5"), deb("libssl3", "3.0.9-1", "openssl", "3.0.9-1")
    )
    read_back = parse_cyclonedx(to_cyclonedx(image, "1"))
    assert match_inventory(read_back, snapshot) == match_inventory(image, snapshot)


def test_a_document_of_findings_is_read_back_as_it_was(tmp_path: Path):
    odd = component("pypi", "foo-bar", "é\u2028", occurrences=())
    found = match_inventory(
        inventory(odd, deb("dash", "5", distro="")), snapshot_of(tmp_path, PYPI, DEB)
    )
    content = findings_document(found)
    assert parse_findings(content) == found
    assert findings_document(parse_findings(content)) == content


@pytest.mark.parametrize(
    "broken", [b"", b"[]", b'{"image":"sha256:x"}', b"\xff", b'{"findings":' + b"[" * 100_000]
)
def test_a_document_that_holds_no_findings_is_refused(broken: bytes):
    with pytest.raises(MalformedFindings):
        parse_findings(broken)
