"""``stella vex`` against a server that listens."""

from pathlib import Path

import pytest
import yaml

from fixtures.commands import Command
from stella.cli.vex_server import fetch_document
from stella.vex import Basis, hear

DIGEST = "sha256:" + "a" * 64
SAID = (
    "vex",
    "create",
    "--vulnerability",
    "CVE-2026-1",
    "--product",
    DIGEST,
    "--subcomponent",
    "pkg:pypi/foo",
    "--status",
    "not_affected",
)


def test_a_statement_is_made_on_the_server_shown_and_withdrawn(admin: Command, tmp_path: Path):
    told = admin(*SAID, "--impact", "never called", "--expires", "30d", "--server")
    assert told.exit_code == 0, told.stderr
    made = told.stdout.strip()
    (row,) = admin.data("vex", "list")
    assert (row["id"], row["issuer"], row["author"]) == (made, "stella", "root")
    assert "never called" in admin("vex", "show", made).stdout
    ended = admin.data("vex", "withdraw", made, "--reason", "it is called")
    assert ended["state"] == "withdrawn"
    assert admin("vex", "withdraw", made, "--reason", "again").exit_code == 3
    assert admin("vex", "list", "-o", "name").stdout == f"{made}\n"
    beside = admin(*SAID, "--impact", "x", "--server", "--sign", str(tmp_path / "key"))
    assert (beside.exit_code, "--sign" in beside.stderr) == (1, True)


def test_feeds_are_listed_and_synced_and_what_fails_is_said(admin: Command, tmp_path: Path):
    assert admin.data("vex", "feeds") == []
    assert admin("vex", "sync").exit_code == 0
    assert admin("vex", "sync", "absent").exit_code == 3
    made = {"apiVersion": "stella/v1", "kind": "Integration", "name": "hub"}
    spec = {"kind": "feed", "connector": "http-feed", "endpoint": "https://127.0.0.1:9"}
    file = tmp_path / "hub.yaml"
    file.write_text(yaml.safe_dump({**made, "spec": {**spec, "config": {"content": "vex"}}}))
    assert admin("apply", "-f", str(file)).exit_code == 0
    (row,) = admin.data("vex", "feeds")
    assert (row["name"], row["documents"], row["checkedAt"]) == ("hub", 0, None)
    waited = admin("vex", "sync", "hub", "--timeout", "0")
    assert (waited.exit_code, "not looked at" in waited.stderr) == (8, True)


def test_documents_are_applied_and_issuers_are_configured(admin: Command, tmp_path: Path):
    file = tmp_path / "vex.json"
    assert admin(*SAID, "--impact", "never called", "--to", str(file)).exit_code == 0
    unknown = admin("vex", "apply", str(file), "--issuer", "vendor")
    assert (unknown.exit_code, "no VEX issuer" in unknown.stderr) == (3, True)
    issuer = {"apiVersion": "stella/v1", "kind": "VexIssuer", "name": "vendor"}
    document = tmp_path / "vendor.yaml"
    document.write_text(yaml.safe_dump({**issuer, "spec": {"weight": "trusted"}}))
    assert "VexIssuer vendor" in admin("apply", "-f", str(document)).stdout
    (row,) = admin.data("vex", "apply", str(file), "--issuer", "vendor")
    assert (row["issuer"], row["basis"]) == ("vendor", "vouched")
    assert [one["trust"] for one in admin.data("vex", "issuers")] == ["trusted"]
    assert admin("vex", "distrust", "vendor").exit_code == 0
    assert admin.data("vex", "issuers") == []
    assert admin("vex", "distrust", "vendor").exit_code == 3
    broken = tmp_path / "broken.json"
    broken.write_bytes(b"\xff")
    assert admin("vex", "apply", str(broken)).exit_code == 1


def test_a_whole_repository_is_applied(admin: Command, tmp_path: Path):
    hub = tmp_path / "hub"
    for name in ("foo", "bar"):
        file = tmp_path / f"{name}.json"
        words = ("--product", f"pkg:pypi/{name}", "--status", "fixed", "--to", str(file))
        admin("vex", "create", "--vulnerability", "CVE-2026-1", *words)
        assert admin("vex", "publish", str(file), "--repository", str(hub)).exit_code == 0
    assert len(admin.data("vex", "apply", str(hub))) == 2
    assert admin("vex", "apply", str(tmp_path)).exit_code == 1


def test_what_the_server_keeps_is_the_document_itself(admin: Command):
    made = admin(*SAID, "--impact", "never called", "--server").stdout.strip()
    said = admin("vex", "show", made, "-o", "json")
    assert said.exit_code == 0
    assert hear(fetch_document(made), ()).basis is Basis.NONE


@pytest.mark.parametrize("verb", ["list", "issuers"])
def test_nobody_who_is_not_logged_in_is_told(stella: Command, verb: str):
    assert stella("vex", verb).exit_code == 4
