"""An independent matcher on the public feeds: OSV's own evaluation, with others' orders of versions."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import semver
from packaging.version import InvalidVersion, Version
from univers.versions import DebianVersion, RubygemsVersion

from finding.inventories import component, deb, inventory
from stella.advisory import StoredSnapshot, import_advisories, open_snapshot
from stella.finding import Match, match_inventory
from stella.sbom import Component

pytestmark = pytest.mark.conformance

FEEDS = {
    "PyPI": ("pypa/pypa-osv.jsonl.gz", Version, "pypi"),
    "crates.io": ("rustsec/rustsec-osv.jsonl.gz", semver.Version.parse, "cargo"),
    "npm": ("npm/npm-derived-osv.jsonl.gz", semver.Version.parse, "npm"),
    "Bitnami": ("bitnami/bitnami-osv.jsonl.gz", semver.Version.parse, "bitnami"),
    "Debian:12": ("debian/debian12-changelog-derived-osv.jsonl.gz", DebianVersion, "deb"),
}
CROWDED = {"chromium", "linux"}


@pytest.fixture(scope="module")
def feeds(shared: Path) -> Path:
    if not (shared / "advisories").is_dir():
        pytest.skip(f"conformance data absent: {shared / 'advisories'}")
    return shared / "advisories"


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path) as lines:
        yield from (json.loads(line) for line in lines)


def key_of(order: Callable[[str], Any], text: str) -> Any:
    try:
        return order(text)
    except (ValueError, TypeError, InvalidVersion):
        return None


def affected(part: dict[str, Any], version: str, order: Callable[[str], Any]) -> bool | None:
    """https://ossf.github.io/osv-schema/#evaluation. None where a version in it is not understood."""
    own = key_of(order, version)
    if version in part.get("versions", ()):
        return True
    for one in part.get("ranges", ()):
        if one["type"] == "GIT":
            continue
        events = [pair for event in one["events"] for pair in event.items()]
        keyed = [
            (key_of(order, text) if text != "0" else None, kind, text) for kind, text in events
        ]
        if any(key is None and text != "0" for key, _, text in keyed):
            return None
        first = [one for one in keyed if one[2] == "0"]
        rest = sorted((one for one in keyed if one[2] != "0"), key=lambda one: one[0])
        bounds = [text for _, _, text in rest]
        if len(bounds) != len(set(bounds)):
            return None  # where two events share a version, the specification does not say which is first
        is_in = False
        for key, kind, _ in [*first, *rest]:
            if kind == "introduced" and (key is None or own >= key):
                is_in = True
            elif (kind == "fixed" and own >= key) or (kind == "last_affected" and own > key):
                is_in = False
        if is_in:
            return True
    return False


def component_of(kind: str, name: str, version: str) -> Component:
    return deb(name, version) if kind == "deb" else component(kind, name, version)


def probes(part: dict[str, Any]) -> set[str]:
    bounds = {
        text
        for one in part.get("ranges", ())
        if one["type"] != "GIT"
        for event in one["events"]
        for text in event.values()
    }
    return {*bounds, *part.get("versions", ())[:1], *part.get("versions", ())[-1:]} - {"0"}


@pytest.mark.parametrize("ecosystem", FEEDS)
def test_findings_are_those_of_an_independent_matcher(
    feeds: Path, ecosystem: str, tmp_path: Path
) -> None:
    path, order, kind = FEEDS[ecosystem]
    made = import_advisories([feeds / path], tmp_path)
    parts: dict[str, list[tuple[str, dict[str, Any]]]] = {}
    for row in rows(feeds / path):
        for part in [] if row.get("withdrawn") else row["affected"]:
            if part["package"]["ecosystem"] == ecosystem:
                parts.setdefault(part["package"]["name"], []).append((row["id"], part))
    expected, components = expected_of(parts, order, kind)
    with open_snapshot(made.path) as snapshot:
        found = pairs_of(snapshot, components)
    known = {pair for pair, verdict in expected.items() if verdict is not None}
    assert len(known) > 500
    assert {pair for pair in known if expected[pair]} == found & known


def expected_of(
    parts: dict[str, list[tuple[str, dict[str, Any]]]], order: Callable[[str], Any], kind: str
) -> tuple[dict[tuple[str, str], bool | None], dict[str, Component]]:
    """Record and purl -> affected or not; every entry of one record for the package counts."""
    expected: dict[tuple[str, str], bool | None] = {}
    components: dict[str, Component] = {}
    for name, listed in parts.items():
        if name in CROWDED:
            continue
        versions = sorted({text for _, part in listed for text in probes(part)})[:12]
        for version in versions:
            if key_of(order, version) is None:
                continue
            one = component_of(kind, name, version)
            components[one.purl] = one
            for record, part in listed:
                verdict = affected(part, version, order)
                before = expected.get((record, one.purl), False)
                expected[record, one.purl] = True if before or verdict else verdict
    return expected, components


def pairs_of(snapshot: StoredSnapshot, components: dict[str, Component]) -> set[tuple[str, str]]:
    findings = match_inventory(inventory(*components.values()), snapshot).findings
    return {(one.id, one.purl) for one in findings if one.match is Match.AFFECTED}


def test_gems_are_affected_where_no_patch_and_no_exception_holds(feeds: Path, tmp_path: Path):
    """RubySec's own rule, on its plain comparators, with another order of versions."""
    import tarfile

    import yaml

    made = import_advisories([feeds / "ruby" / "ruby.tar.gz"], tmp_path)
    wanted: dict[tuple[str, str], bool] = {}
    components: dict[str, Component] = {}
    with tarfile.open(feeds / "ruby" / "ruby.tar.gz") as archive:
        for member in archive:
            if "/gems/" not in f"/{member.name}" or not member.name.endswith(".yml"):
                continue
            row = yaml.load(archive.extractfile(member), Loader=yaml.BaseLoader)
            bounds = [*row.get("patched_versions", []), *row.get("unaffected_versions", [])]
            pairs = [one.split() for one in bounds if len(one.split()) == 2 and "~>" not in one]
            if len(pairs) != len(bounds) or not row.get("cve"):
                continue
            for _, version in pairs:
                own = RubygemsVersion(version)
                safe = any(
                    {"<": own < other, "<=": own <= other, ">": own > other}.get(sign, own >= other)
                    for sign, other in ((sign, RubygemsVersion(text)) for sign, text in pairs)
                    if sign != "=" or own == other
                )
                one = component("gem", row["gem"], version)
                components[one.purl] = one
                wanted[f"CVE-{row['cve']}", one.purl] = not safe
    with open_snapshot(made.path) as snapshot:
        found = pairs_of(snapshot, components)
    assert len(wanted) > 500
    assert {pair for pair in wanted if wanted[pair]} == found & set(wanted)
