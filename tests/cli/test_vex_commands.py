"""``stella vex``, and VEX where findings are made, without a server."""

import json
from pathlib import Path

import pytest

from advisory.records import FROM_0, fixed, osv
from finding.inventories import component, inventory, snapshot_of
from fixtures.commands import Command
from stella.sbom import to_cyclonedx
from stella.trust import Algorithm, create_key
from stella.vex import parse_vex, schema_faults

INVENTORY = inventory(component("pypi", "foo", "1.0"))
CREATE = ("vex", "create", "--vulnerability", "CVE-2026-1", "--product", "pkg:pypi/foo")
EXCUSED = (*CREATE, "--status", "not_affected", "--justification", "component_not_present")


@pytest.fixture
def here(command: Command, tmp_path: Path) -> Path:
    """A bill of materials, a snapshot with one finding in it, and a key."""
    (tmp_path / "sbom.json").write_bytes(to_cyclonedx(INVENTORY, "1"))
    snapshot_of(
        tmp_path,
        osv("GHSA-foo", "foo", FROM_0, fixed("2"), aliases=["CVE-2026-1"], **HIGH),
    )
    create_key(tmp_path, "me", Algorithm.ED25519)
    command.monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    return tmp_path


HIGH = {"severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}]}


def scan(here: Path, *more: str) -> tuple[str, ...]:
    return ("scan", f"sbom:{here}/sbom.json", "--advisories", f"{here}/snapshot", *more)


def test_a_statement_is_made_shown_and_heard(command: Command, here: Path) -> None:
    file = here / "vex.json"
    assert command(*EXCUSED, "--expires", "30d", "--to", str(file)).exit_code == 0
    (said,) = parse_vex(file.read_bytes()).statements
    assert (said.at, said.expires) == ("2026-01-01T00:00:00.000000Z", "2026-01-31T00:00:00.000000Z")
    shown = command("vex", "show", str(file)).stdout
    assert "not_affected" in shown
    assert "until 2026-01-31" in shown
    assert "schema: followed" in command("vex", "validate", str(file)).stdout

    assert command(*scan(here, "--fail-on", "any")).exit_code == 1
    # Its end has come, so it no longer counts; one without an end does.
    assert command(*scan(here, "--fail-on", "any", "--vex", str(file))).exit_code == 1
    command(*EXCUSED, "--author", "me", "--to", str(file))
    told = command(*scan(here, "--fail-on", "any", "--vex", str(file)))
    assert told.exit_code == 0
    assert "not_affected (me)" in told.stdout


def test_findings_say_who_spoke(command: Command, here: Path) -> None:
    file, found = here / "vex.json", here / "found.json"
    command(*EXCUSED, "--author", "me", "--to", str(file))
    words = (
        "--advisories",
        f"{here}/snapshot",
        "--vex",
        str(file),
        "-o",
        "document",
        "--to",
        str(found),
    )
    assert command("finding", "match", f"{here}/sbom.json", *words).exit_code == 0
    explained = command("finding", "explain", str(found), "CVE-2026-1").stdout
    assert "not_affected says me (weight 100, vouched)" in explained


def test_only_what_is_signed_with_a_key_that_is_named_decides(command: Command, here: Path) -> None:
    plain, signed = here / "plain.json", here / "signed.json"
    command(*EXCUSED, "--to", str(plain))
    command(*EXCUSED, "--sign", f"{here}/me.key", "--to", str(signed))
    verified = command("vex", "verify", str(signed), "--key", f"{here}/me.pub")
    assert verified.exit_code == 0
    assert "openvex.dev/ns/v0.2.0" in verified.stdout
    assert command("vex", "verify", str(plain), "--key", f"{here}/me.pub").exit_code != 0
    assert command("vex", "verify", str(signed)).exit_code == 1
    key = ("--fail-on", "any", "--vex-key", f"{here}/me.pub", "--vex")
    unheard = command(*scan(here, *key, str(plain)))
    assert unheard.exit_code == 1
    assert "not_affected says unknown: not heard, its issuer is unknown" in unheard.stdout
    assert command(*scan(here, *key, str(signed))).exit_code == 0


def test_findings_go_out_as_openvex(command: Command, here: Path) -> None:
    told = command(*scan(here, "-o", "openvex"))
    assert told.exit_code == 0, told.stderr
    content = told.stdout.encode()
    assert schema_faults(content) == ()
    assert [one.status for one in parse_vex(content).statements] == ["under_investigation"]
    assert command(*scan(here, "-o", "openvex")).stdout.encode() == content
    bare = command("scan", f"sbom:{here}/sbom.json", "-o", "openvex")
    assert (bare.exit_code, "without advisories" in bare.stderr) == (1, True)


def test_documents_are_merged_and_revised(command: Command, here: Path) -> None:
    one, two = here / "one.json", here / "two.json"
    command(*EXCUSED, "--to", str(one))
    command(*CREATE, "--status", "fixed", "--revises", str(one), "--to", str(two))
    before, after = parse_vex(one.read_bytes()), parse_vex(two.read_bytes())
    assert (after.id, after.version) == (before.id, (2,))
    merged = command("vex", "merge", str(one), str(two), "--author", "me")
    assert len(json.loads(merged.stdout)["statements"]) == 2


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((*CREATE, "--status", "not_affected"), "justification"),
        ((*CREATE, "--status", "fine"), "'fine'"),
        ((*EXCUSED, "--product", "host.example/foo:1"), "names nothing"),
        ((*EXCUSED, "--expires", "2020-01-01T00:00:00Z"), "after its beginning"),
        ((*EXCUSED, "--expires", "soon"), "RFC 3339"),
    ],
)
def test_what_would_not_count_is_not_written(
    command: Command, here: Path, words: tuple[str, ...], why: str
) -> None:
    told = command(*words)
    assert told.exit_code == 1
    assert why in told.stderr
    assert told.stdout == ""


def test_a_directory_is_read_as_a_vex_repository(command: Command, here: Path) -> None:
    hub = here / "hub"
    (hub / "pkg").mkdir(parents=True)
    command(*EXCUSED, "--author", "me", "--to", str(hub / "pkg" / "foo.json"))
    index = {"packages": [{"id": "pkg:pypi/foo", "location": "pkg/foo.json"}]}
    (hub / "index.json").write_text(json.dumps(index))
    assert command(*scan(here, "--fail-on", "any", "--vex", str(hub))).exit_code == 0
    index["packages"][0]["location"] = "../sbom.json"
    (hub / "index.json").write_text(json.dumps(index))
    told = command(*scan(here, "--vex", str(hub)))
    assert (told.exit_code, "no place in the repository" in told.stderr) == (1, True)


def test_a_repository_is_published_and_heard(command: Command, here: Path) -> None:
    hub, one, two = here / "hub", here / "one.json", here / "two.json"
    command(*EXCUSED, "--author", "me", "--to", str(one))
    command(*CREATE, "--status", "fixed", "--product", "pkg:pypi/bar@2", "--to", str(two))
    publish = ("vex", "publish", "--repository", str(hub))
    assert command(*publish, str(one)).exit_code == 0
    first = (hub / "pkg/pypi/foo/openvex.json").read_bytes()
    assert command(*publish, str(one)).exit_code == 0
    assert (hub / "pkg/pypi/foo/openvex.json").read_bytes() == first
    assert command(*scan(here, "--fail-on", "any", "--vex", str(hub))).exit_code == 0
    assert command(*publish, str(two)).exit_code == 0
    index = json.loads((hub / "index.json").read_bytes())
    assert index["packages"] == [
        {"id": "pkg:pypi/bar", "location": "pkg/pypi/bar/openvex.json"},
        {"id": "pkg:pypi/foo", "location": "pkg/pypi/foo/openvex.json"},
    ]
    merged = parse_vex((hub / "pkg/pypi/foo/openvex.json").read_bytes())
    assert (merged.version, len(merged.statements), merged.id) == ((2,), 2, parse_vex(first).id)
    assert schema_faults((hub / "pkg/pypi/foo/openvex.json").read_bytes()) == ()
    assert (hub / "vex-repository.json").is_file()


def test_where_to_publish_is_said_once(command: Command, here: Path) -> None:
    file, image = here / "vex.json", here / "image.json"
    command(*EXCUSED, "--to", str(file))
    digest = ("--product", "sha256:" + "a" * 64, "--status", "fixed")
    command("vex", "create", "--vulnerability", "CVE-2026-1", *digest, "--to", str(image))
    for words in ((), ("host.example/web:1", "--repository", str(here))):
        told = command("vex", "publish", str(file), *words)
        assert (told.exit_code, "not said, or said twice" in told.stderr) == (1, True)
    told = command("vex", "publish", str(image), "--repository", str(here / "hub"))
    assert (told.exit_code, "no package" in told.stderr) == (1, True)
    assert not (here / "hub").exists()


@pytest.mark.parametrize("output", ["openvex", "spdx-json"])
def test_documents_are_converted(command: Command, here: Path, output: str) -> None:
    file = here / "vex.json"
    command(*EXCUSED, "--to", str(file))
    told = command("vex", "convert", str(file), "-o", output)
    assert told.exit_code == 0, told.stderr
    assert "CVE-2026-1" in told.stdout
    if output == "openvex":
        again = parse_vex(told.stdout.encode())
        assert again.statements == parse_vex(file.read_bytes()).statements
