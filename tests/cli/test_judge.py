"""From a scan with advisories to a policy's answer, on files alone."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from image.images import Layer, build, metadata, write_layout
from stella.cli.main import main
from stella.finding import parse_findings

IMAGE = build(
    Layer.of(
        {
            "usr/lib/python3/dist-packages/urllib3-1.26.4.dist-info/METADATA": metadata(
                "urllib3", "1.26.4"
            ),
            "etc/os-release": b'ID=debian\nVERSION_ID="12"\n',
            "var/lib/dpkg/status": (
                b"Package: libc6\nStatus: install ok installed\nArchitecture: amd64\n"
                b"Version: 2.36-9+deb12u1\nSource: glibc\n\n"
            ),
        }
    )
)
DEMO = Path(__file__).parents[2] / "src" / "stella" / "advisory" / "demo"


class Shell:
    """Runs command lines in a folder of its own."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capture = folder, capture

    def run(self, *arguments: str, ends: int = 0) -> str:
        """What stands on standard output, or on standard error where there is nothing."""
        code = main([part.replace("DIR", str(self.folder)) for part in arguments])
        said = self.capture.readouterr()
        assert code == ends, said.err
        return said.out or said.err


@pytest.fixture
def shell(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Shell:
    write_layout(tmp_path / "layout", IMAGE)
    shell = Shell(tmp_path, capfd)
    shell.run("advisory", "import", str(DEMO), "--into", "DIR/advisories", "-o", "name")
    return shell


def scan(shell: Shell, *options: str, ends: int = 0) -> str:
    target = ("scan", "oci-layout:DIR/layout", "--no-cache", "--advisories", "DIR/advisories")
    return shell.run(*target, *options, ends=ends)


def test_a_scan_with_advisories_lists_findings_with_layer_and_fix(shell: Shell):
    said = scan(shell)
    line = next(line for line in said.splitlines() if "PYSEC-2023-192" in line)
    assert line.split()[:4] == ["high", "PYSEC-2023-192", "urllib3", "1.26.4,"]
    assert "fixed in 1.26.17" in line
    assert line.endswith("urllib3-1.26.4.dist-info/METADATA layer 0")
    assert "DEBIAN-CVE-2023-4911  libc6 2.36-9+deb12u1" in said
    assert "known exploited" in said


@pytest.mark.parametrize(
    ("rules", "ends"), [("", 0), ("critical", 0), ("high", 1), ("kev", 1), ("unknown", 0)]
)
def test_findings_fail_a_scan_only_where_a_rule_says_so(shell: Shell, rules: str, ends: int):
    scan(shell, "--fail-on", rules, ends=ends)


def test_a_scan_as_json_holds_the_findings(shell: Shell):
    (one,) = json.loads(scan(shell, "-o", "json"))
    assert one["findings"]["state"] == "matched"
    assert {finding["component"] for finding in one["findings"]["findings"]} == {"libc6", "urllib3"}


def test_a_scan_without_a_snapshot_where_one_is_named_is_refused(shell: Shell):
    said = shell.run("scan", "dir:DIR", "--advisories", "DIR/layout", ends=3)
    assert "ST-ADV-004" in said


def findings(shell: Shell) -> Path:
    scan(shell, "-o", "cyclonedx-json", "--to", "DIR/sbom.json")
    match = ("finding", "match", "DIR/sbom.json", "--advisories", "DIR/advisories")
    shell.run(*match, "-o", "document", "--to", "DIR/web.json")
    return shell.folder / "web.json"


def test_an_sbom_matches_as_its_image_does(shell: Shell):
    (one,) = json.loads(scan(shell, "-o", "json"))
    document = parse_findings(findings(shell).read_bytes())
    assert [finding.id for finding in document.findings] == [
        finding["id"] for finding in one["findings"]["findings"]
    ]
    table = shell.run("finding", "match", "DIR/sbom.json", "--advisories", "DIR/advisories")
    assert table.splitlines()[-1].startswith(f"{len(document.findings)} findings against sha256:")


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        (["--fixable"], lambda one: one["fixed"] != ""),
        (["--no-fix"], lambda one: one["fixed"] == ""),
        (["--exploited"], lambda one: one["kev"]),
        (["--not-exploited", "--severity", "high"], lambda one: not one["kev"]),
        (["--vex", "none,affected"], lambda one: one["vex"] == "none"),
        (["--settled"], lambda _: False),
        (["--reach", "unknown", "--counts"], lambda _: True),
        (["--search", "CVE-"], lambda one: "CVE-" in " ".join((one["id"], *one["aliases"]))),
    ],
)
def test_a_document_is_listed_by_what_is_asked(shell: Shell, options: list[str], fits: Any):
    findings(shell)
    whole = json.loads(shell.run("finding", "list", "DIR/web.json", "-o", "json"))
    if "--severity" in options:
        whole = [one for one in whole if one["severity"] in {"high", "critical"}]
    found = json.loads(shell.run("finding", "list", "DIR/web.json", *options, "-o", "json"))
    assert found == [one for one in whole if fits(one)]


def test_what_only_the_server_knows_is_no_filter_of_a_document(shell: Shell):
    findings(shell)
    shell.run("finding", "list", "DIR/web.json", "--env", "prod", ends=2)


def test_findings_are_listed_by_severity_and_named(shell: Shell):
    findings(shell)
    names = shell.run("finding", "list", "DIR/web.json", "--severity", "high", "-o", "name").split()
    assert names == ["DEBIAN-CVE-2023-4911", "PYSEC-2021-108", "PYSEC-2023-192"]
    assert json.loads(shell.run("finding", "list", "DIR/web.json", "-o", "json"))[0]["kev"] is True
    assert "critical, high, medium, low" in shell.run(
        "finding", "list", "DIR/web.json", "--severity", "worst", ends=1
    )


def test_a_finding_explains_itself_by_any_of_its_names(shell: Shell):
    findings(shell)
    said = shell.run("finding", "explain", "DIR/web.json", "CVE-2023-43804")
    assert "package        urllib3 1.26.4" in said
    assert "compared       PyPI 1.26.4 is affected by < 1.26.17" in said
    assert ", layer 0 (sha256:" in said
    (one,) = json.loads(
        shell.run("finding", "explain", "DIR/web.json", "PYSEC-2023-192", "-o", "json")
    )
    assert one["why"]["layerIndex"] == 0
    assert "ST-FIN-002" in shell.run("finding", "explain", "DIR/web.json", "CVE-2030-1", ends=3)


def test_a_match_as_json_lists_what_other_matchers_can_be_compared_with(shell: Shell):
    document = parse_findings(findings(shell).read_bytes())
    match = ("finding", "match", "DIR/sbom.json", "--advisories", "DIR/advisories", "-o", "json")
    listed = json.loads(shell.run(*match))
    assert [set(one) for one in listed] == [{"id", "aliases", "purl", "fixed", "why"}] * len(listed)
    assert [(one["id"], one["purl"]) for one in listed] == [
        (one.id, one.purl) for one in document.findings
    ]


def test_what_is_no_finding_is_explained_too(shell: Shell):
    findings(shell)
    asked = ("finding", "explain", "CVE-2023-43804", "DIR/sbom.json", "--advisories")
    said = shell.run(*asked, "DIR/advisories")
    assert said.startswith("affected         PYSEC-2023-192  PyPI urllib3\n")
    assert "because        PyPI 1.26.4 is within < 1.26.17" in said
    other = ("finding", "explain", "CVE-2030-1", "DIR/sbom.json", "--advisories", "DIR/advisories")
    assert shell.run(*other) == "CVE-2030-1: the snapshot holds no record of a package\n"
    assert json.loads(shell.run(*other, "-o", "json")) == []
    said = shell.run("finding", "explain", "CVE-2023-43804", "DIR/sbom.json", ends=1)
    assert "ST-CLI-020" in said


def test_where_no_feed_covers_it_no_record_is_no_all_clear(shell: Shell):
    component = {"type": "library", "name": "bash", "version": "1-1"}
    component["purl"] = "pkg:rpm/mystery/bash@1-1?distro=mystery-9"
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [component]}
    (shell.folder / "rpm.json").write_text(json.dumps(document))
    said = shell.run(
        "finding", "explain", "CVE-2030-1", "DIR/rpm.json", "--advisories", "DIR/advisories"
    )
    assert said.splitlines()[1] == "unknown: no advisories for 1 components of mystery-9"


def test_feeds_are_matched_against_as_they_are(shell: Shell):
    findings(shell)
    (shell.folder / "feeds").mkdir()
    record = {
        "id": "X-1",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "urllib3"}, "versions": ["1.26.4"]}],
    }
    (shell.folder / "feeds" / "one.json").write_text(json.dumps(record))
    match = ("finding", "match", "DIR/sbom.json", "--advisories", "DIR/feeds", "-o", "name")
    assert "X-1" in shell.run(*match).splitlines()


def test_advisories_are_shown_by_id_and_alias(shell: Shell):
    said = shell.run("advisory", "show", "CVE-2023-43804", "--advisories", "DIR/advisories")
    assert said.startswith("PYSEC-2023-192  PyPI urllib3  high\n")
    listed = json.loads(
        shell.run(
            "advisory", "show", "PYSEC-2023-192", "--advisories", "DIR/advisories", "-o", "json"
        )
    )
    assert listed[0]["package"] == "urllib3"
    snapshot = json.loads(shell.run("advisory", "snapshot", "DIR/advisories", "-o", "json"))
    assert snapshot["exploited"] == 1
    assert (
        shell.run("advisory", "snapshot", "DIR/advisories", "-o", "name").strip()
        == (snapshot["snapshot"])
    )
    assert "PyPI" in shell.run("advisory", "snapshot", "DIR/advisories")


def test_an_import_says_what_it_skipped(shell: Shell):
    (shell.folder / "odd.jsonl").write_text('{"broken\n')
    said = shell.run(
        "advisory", "import", str(DEMO), "DIR/odd.jsonl", "--into", "DIR/more", "-o", "json"
    )
    assert json.loads(said)["skipped"]["malformed"] == 1
    assert "records   " in shell.run("advisory", "import", str(DEMO), "--into", "DIR/more")


def test_the_starter_policy_judges_findings(shell: Shell):
    findings(shell)
    said = shell.run("policy", "eval", "DIR/web.json", ends=1)
    assert "blocked  severity: urllib3 1.26.4: PYSEC-2023-192" in said
    assert "update urllib3 to 1.26.17 or later and build web again (whoever builds web)" in said
    options = ("--parameter", "severityMax=critical", "--parameter", "knownExploited=pass")
    assert "pass, by policy sha256:" in shell.run("policy", "eval", "DIR/web.json", *options)


def test_an_own_policy_judges_a_whole_input_at_a_time_of_one_s_choice(shell: Shell):
    findings(shell)
    (shell.folder / "rules").mkdir()
    (shell.folder / "rules" / "day.rego").write_text(
        "package stella.policy\n"
        'results contains {"rule": "day", "outcome": "pass", "message": input.now}\n'
    )
    (shell.folder / "rules" / "day_test.rego").write_text(
        'package day_test\nimport data.stella.policy\ntest_day if policy.results with input as {"now": "x"}\n'
    )
    options = ("--policy", "DIR/rules", "--at", "2030-01-01T00:00:00Z", "-o", "json")
    said = json.loads(shell.run("policy", "eval", "DIR/web.json", *options))
    assert said["rules"][0]["message"] == "2030-01-01T00:00:00.000000Z"
    (shell.folder / "input.json").write_text('{"now": "then"}')
    given = ("--policy", "DIR/rules", "--input", "DIR/input.json")
    assert "pass     day: then" in shell.run("policy", "eval", *given)
    assert "1 of 1 tests pass" in shell.run("policy", "test", "DIR/rules")


def test_a_policy_that_does_not_compile_is_refused_with_its_place(shell: Shell):
    (shell.folder / "bad.rego").write_text("package stella.policy\nresults contains {\n")
    said = shell.run("policy", "test", "DIR/bad.rego", ends=1)
    assert said.startswith("error: bad.rego:3:1: ")
    assert "ST-POL-001" in said


def test_a_failing_policy_test_fails_the_command(shell: Shell):
    (shell.folder / "a.rego").write_text(
        'package stella.policy\nresults contains {"rule": "a", "outcome": "pass", "message": "m"}\n'
    )
    (shell.folder / "a_test.rego").write_text("package t\ntest_no if 1 == 2\n")
    said = shell.run("policy", "test", "DIR/a.rego", "DIR/a_test.rego", "-o", "json", ends=1)
    assert json.loads(said)[0]["outcome"] == "blocked"
    assert re.search(r"^(\d+) of \1 tests pass$", shell.run("policy", "test"), re.MULTILINE)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("policy", "eval", "--input", "DIR/list.json"), "ST-POL-006"),
        (("policy", "eval", "--parameter", "odd"), "ST-POL-006"),
        (("policy", "eval", "DIR/list.json"), "ST-FIN-001"),
        (("policy", "eval", "--policy", "DIR/none.rego"), "ST-CLI-003"),
        (("policy", "eval", "-o", "toml"), "ST-CLI-002"),
        (("advisory", "import", "DIR/none", "--into", "DIR/x"), "ST-ADV-001"),
    ],
)
def test_bad_input_is_refused(shell: Shell, arguments: tuple[str, ...], code: str):
    (shell.folder / "list.json").write_text("[]")
    assert code in shell.run(*arguments, ends=1)
