"""Findings as SARIF: valid, stable over rebuilds, and what is unknown stays in it."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema_rs import Draft4Validator
from typer.testing import CliRunner

from advisory.records import FROM_0, fixed, osv
from finding.inventories import component, inventory, snapshot_of
from stella.cli import finding as finding_command
from stella.cli import sbom as sbom_command
from stella.cli.scanning import ScanOptions, run_scan
from stella.finding import Finding, Findings, Match, Reach, Seen, Vex, Why
from stella.finding.model import VexVoice, VexWhy
from stella.finding.sarif import SarifRun, sarif_document
from stella.kernel import Digest
from stella.sbom import Partial, UnknownScanOption, to_cyclonedx

WHY = Why(
    package="requests 2.19.0",
    paths=("/usr/lib/my site/requests/METADATA",),
    layer=Digest.of(b"layer").text,
    layer_index=2,
    advisory="CVE-2030-1",
    range="< 2.20.0",
    compared="PyPI 2.19.0",
)
FINDING = Finding(
    id="CVE-2030-1",
    aliases=("GHSA-1",),
    purl="pkg:pypi/requests@2.19.0",
    component="requests",
    version="2.19.0",
    image=Digest.of(b"image"),
    match=Match.AFFECTED,
    severity="critical",
    fixed="2.20.0",
    kev=True,
    why=WHY,
    cvss="CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    summary="Requests leaks.",
)


def written(*found: Finding, gaps: tuple[Partial, ...] = (), **unmatched: int) -> dict[str, Any]:
    findings = Findings(Digest.of(b"image"), Digest.of(b"snapshot"), found, unmatched)
    document = json.loads(sarif_document([SarifRun(findings, "web", gaps)], "1.0"))
    [run] = document["runs"]
    return run


def fingerprint(finding: Finding) -> str:
    return written(finding)["results"][0]["partialFingerprints"]["stellaFinding/v1"]


def test_a_result_says_what_where_and_how_bad():
    run = written(FINDING)
    [rule], [result] = run["tool"]["driver"]["rules"], run["results"]
    assert rule["id"] == result["ruleId"] == "CVE-2030-1"
    assert rule["properties"]["security-severity"] == "9.8"
    assert result["level"] == "error"
    assert result["message"]["text"] == (
        "requests 2.19.0 is affected by CVE-2030-1 (critical): fixed in 2.20.0, known to be exploited."
    )
    [location] = result["locations"]
    uri = location["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "usr/lib/my%20site/requests/METADATA"
    assert [one["name"] for one in location["logicalLocations"]] == [
        "requests 2.19.0",
        f"layer 2 {WHY.layer}",
    ]


@pytest.mark.parametrize(
    ("severity", "level", "score"),
    [
        ("critical", "error", "9.0"),
        ("high", "error", "7.0"),
        ("medium", "warning", "4.0"),
        ("low", "note", "0.1"),
        ("none", "note", "0.0"),
        ("unknown", "warning", None),
    ],
)
def test_levels_follow_severities_and_unknown_is_no_note(
    severity: str, level: str, score: str | None
):
    run = written(replace(FINDING, severity=severity, cvss=""))
    assert run["results"][0]["level"] == level
    assert run["tool"]["driver"]["rules"][0]["properties"].get("security-severity") == score


def test_a_rule_has_the_worst_score_of_its_results():
    other = replace(FINDING, purl="pkg:pypi/b@1", severity="low", cvss="")
    run = written(other, FINDING)
    assert [one["ruleIndex"] for one in run["results"]] == [0, 0]
    [rule] = run["tool"]["driver"]["rules"]
    assert rule["properties"]["security-severity"] == "9.8"
    assert rule["defaultConfiguration"]["level"] == "error"


def test_the_fingerprint_outlives_a_rebuild_and_tells_apart():
    rebuilt = replace(
        FINDING,
        version="2.19.1",
        purl="pkg:pypi/requests@2.19.1",
        image=Digest.of(b"other"),
        why=replace(WHY, layer=Digest.of(b"other").text, layer_index=3),
    )
    assert fingerprint(rebuilt) == fingerprint(FINDING)
    elsewhere = replace(FINDING, why=replace(WHY, paths=("/opt/requests",)))
    others = (replace(FINDING, id="CVE-2030-2"), replace(FINDING, purl="pkg:pypi/b@1"), elsewhere)
    assert len({fingerprint(FINDING), *map(fingerprint, others)}) == 4


def test_what_vex_settles_is_suppressed_with_its_reason():
    [result] = written(replace(FINDING, vex=Vex.NOT_AFFECTED))["results"]
    assert result["suppressions"][0]["justification"] == "VEX says not_affected"
    voice = VexVoice("acme", 1, "", "not_affected", "", "", "", counts=True, why="", expires="")
    unheard = replace(voice, issuer="other", counts=False)
    why = VexWhy("vulnerable_code_not_present", "", "", (voice, unheard), 0)
    [said] = written(replace(FINDING, vex=Vex.NOT_AFFECTED, vex_why=why))["results"]
    assert said["suppressions"][0]["justification"] == (
        "acme says not_affected: vulnerable_code_not_present"
    )
    assert "suppressions" not in written(replace(FINDING, vex=Vex.CONFLICT))["results"][0]
    [passed] = written(replace(FINDING, match=Match.NOT_AFFECTED))["results"]
    assert (passed["kind"], passed["level"]) == ("notApplicable", "none")


def test_what_is_unknown_is_said():
    run = written(gaps=(Partial("/x", "broken"),), npm=3)
    notes = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert notes == ["no advisories for 3 components of npm", "/x was not read: broken"]


texts = st.text(st.characters(codec="utf-8"), max_size=10)
findings = st.builds(
    Finding,
    id=texts,
    aliases=st.tuples() | st.tuples(texts),
    purl=texts,
    component=texts,
    version=texts,
    image=st.just(Digest.of(b"image")),
    match=st.sampled_from(Match),
    severity=st.sampled_from(["critical", "low", "unknown", "strange"]),
    fixed=texts,
    kev=st.booleans(),
    why=st.builds(
        Why,
        package=texts,
        paths=st.lists(texts, max_size=2).map(tuple),
        layer=texts,
        layer_index=st.none() | st.integers(0, 9),
        advisory=texts,
        range=texts,
        compared=texts,
    ),
    cvss=st.sampled_from(["", FINDING.cvss, "CVSS:4.0/AV:N"]),
    summary=texts,
    note=texts,
    vex=st.sampled_from(Vex),
    reach=st.sampled_from(Reach),
    seen=st.sampled_from(Seen),
)


@pytest.mark.conformance
@settings(deadline=None)
@given(made=st.lists(findings, max_size=3))
def test_any_findings_are_valid_sarif(shared_sarif: Draft4Validator, made: list[Finding]):
    content = Findings(Digest.of(b"image"), Digest.of(b"snapshot"), tuple(made), {"npm": 1})
    runs = [SarifRun(content, "web", (Partial("/x", "broken"),))]
    shared_sarif.validate(json.loads(sarif_document(runs, "1.0")))


@pytest.fixture(scope="module")
def shared_sarif(shared: Path) -> Draft4Validator:
    path = shared / "conformance/sarif/sarif-2.1/schema/sarif-schema-2.1.0.json"
    return Draft4Validator(json.loads(path.read_text()), validate_formats=True)


def test_the_commands_write_it_and_every_format_of_the_sbom_gives_the_same(tmp_path: Path):
    record = osv("PYSEC-1", "foo", FROM_0, fixed("2.0"), database_specific={"severity": "HIGH"})
    snapshot_of(tmp_path, record)
    advisories = tmp_path / "snapshot"
    source = tmp_path / "sbom.json"
    source.write_bytes(to_cyclonedx(inventory(component("pypi", "foo", "1.0")), "1.0"))
    said = []
    for format_ in ("cyclonedx-json", "cyclonedx-xml", "spdx-json"):
        document = tmp_path / format_
        runner = CliRunner()
        convert = ["convert", str(source), "-o", format_, "--to", str(document)]
        assert runner.invoke(sbom_command.app, convert).exit_code == 0
        match = ["match", str(document), "--advisories", str(advisories), "-o", "sarif"]
        said.append(runner.invoke(finding_command.app, match).stdout)
    assert said[0] == said[1] == said[2]
    [run] = json.loads(said[0])["runs"]
    assert [one["ruleId"] for one in run["results"]] == ["PYSEC-1"]
    written_to = tmp_path / "scan.sarif"
    options = ScanOptions(
        f"sbom:{tmp_path / 'spdx-json'}", output="sarif", to=written_to, advisories=advisories
    )
    assert run_scan(options) == 0
    [scanned] = json.loads(written_to.read_bytes())["runs"]
    assert scanned["results"] == run["results"]


def test_without_advisories_there_is_no_sarif(tmp_path: Path):
    with pytest.raises(UnknownScanOption, match="advisories"):
        run_scan(ScanOptions(f"dir:{tmp_path}", output="sarif"))


def test_scans_are_written_in_every_format(tmp_path: Path):
    for format_ in ("cyclonedx-json", "cyclonedx-xml", "spdx-json"):
        to = tmp_path / format_
        assert run_scan(ScanOptions(f"dir:{tmp_path}", output=format_, to=to)) == 0
        checked = CliRunner().invoke(sbom_command.app, ["validate", str(to)])
        assert checked.stdout.startswith("valid "), checked.stdout
