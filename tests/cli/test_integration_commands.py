"""Integrations, secrets and plugins from the command line."""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from connectors.registries import Answer, played_registry
from fixtures.commands import Command
from plugin.packages import BOAT, write_plugin
from stella.trust import create_authority, new_signer

INTEGRATION = """\
apiVersion: stella/v1
kind: Integration
name: main
spec:
  kind: registry
  connector: oci
  endpoint: {host}
  credentials: {{username: "secret://user", password: "secret://password"}}
"""


@pytest.fixture
def host() -> Iterator[str]:
    """A registry that takes ana's password, ``right one``."""
    wanted = f"Basic {base64.b64encode(b'ana:right one').decode()}"

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        if headers.get("authorization") != wanted:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return Answer(body=b'{"tags": []}')

    with played_registry(play) as host:
        yield host


def test_a_registry_with_its_password_from_nothing_to_used(admin: Command, host: str):
    for name, value in (("user", "ana\n"), ("password", "right one\n")):
        assert admin("secret", "set", name, given=value).exit_code == 0
    applied = admin("apply", "-f", "-", given=INTEGRATION.format(host=host))
    assert applied.exit_code == 0, applied.stderr
    tested = admin("integration", "test", "main")
    assert (tested.exit_code, "pass" in tested.stdout) == (0, True)
    listed = admin("integration", "list").stdout.splitlines()
    assert listed[1].split()[:5] == ["main", "registry", "oci", host, "pass"]
    document = yaml.safe_load(admin("integration", "get", "main", "-o", "yaml").stdout)
    again = admin("apply", "-f", "-", given=yaml.safe_dump(document))
    assert "unchanged" in again.stdout
    assert "right one" not in admin("secret", "list").stdout

    admin("secret", "set", "password", given="wrong one\n")
    refused = admin("integration", "test", "main")
    assert (refused.exit_code, "do not suffice" in refused.stdout) == (1, True)
    outcomes = [one["outcome"] for one in admin.data("integration", "history", "main")]
    assert outcomes == ["blocked", "pass"]
    rotated = admin.data("secret", "rotate-key")
    assert rotated["secrets"] == 2
    assert admin.data("secret", "rewrap") == rotated

    assert admin("secret", "delete", "password").exit_code == 1
    assert admin("integration", "delete", "main").exit_code == 0
    assert admin("integration", "get", "main").exit_code == 3
    assert admin("secret", "delete", "password").exit_code == 0


def test_plugins_of_the_server_are_listed_and_shown(admin: Command):
    listed = admin("plugin", "list").stdout
    assert "target docker" in listed
    shown = admin.data("plugin", "show", "registry")
    assert shown["contributes"][0]["name"] == "oci"
    assert admin("plugin", "show", "nothing").exit_code == 3


def test_a_plugin_is_checked_without_a_server(command: Command, tmp_path: Path):
    assert command("plugin", "check", "docker").exit_code == 0
    assert command("plugin", "check", "nothing-like-it").exit_code == 3
    write_plugin(tmp_path, "good", contributes=[BOAT])
    assert command.data("plugin", "check", str(tmp_path / "plugin_good"))["faults"] == []
    write_plugin(tmp_path, "bad", sdk=9, contributes=[BOAT])
    checked = command("plugin", "check", str(tmp_path / "plugin_bad"))
    assert (checked.exit_code, "speaks SDK 9" in checked.stdout) == (1, True)
    assert command("plugin", "check", str(tmp_path)).exit_code == 1


def test_a_use_of_a_secret_is_forbidden_and_allowed(admin: Command, host: str):
    for name, value in (("user", "ana\n"), ("password", "right one\n")):
        admin("secret", "set", name, given=value)
    admin("apply", "-f", "-", given=INTEGRATION.format(host=host))
    assert admin("secret", "forbid", "password", "main").exit_code == 0
    refused = admin("integration", "test", "main")
    assert refused.exit_code == 1
    assert "not allowed for the integration main" in refused.stdout
    waits = admin("integration", "get", "main").stdout
    assert "password" in next(line for line in waits.splitlines() if line.startswith("waits for"))
    (kept,) = [one for one in admin.data("secret", "list") if one["name"] == "password"]
    assert kept["waiting"] == ["main"]
    elsewhere = admin("secret", "allow", "password", "main", "--place", "sha256:" + "0" * 64)
    assert "another place than the one that was looked at" in elsewhere.stderr
    unseen = admin("secret", "allow", "password", "main")
    place = str(admin.data("integration", "get", "main")["place"])
    assert f"stella secret allow password main --place {place}" in unseen.stderr
    assert f"endpoint: {host}" in unseen.stderr
    assert unseen.exit_code == 1
    allowed = admin.data("secret", "allow", "password", "main", "--place", place)
    assert [one["integration"] for one in allowed["allowed"]] == ["main"]
    assert admin("integration", "test", "main").exit_code == 0
    assert admin("secret", "allow", "password", "none").exit_code == 3


def test_an_integration_is_made_by_a_command_once(admin: Command, host: str, tmp_path: Path):
    words = ("integration", "create", "main", "--kind", "registry", "--connector", "oci")
    words += ("--endpoint", host, "--credential", "password=secret://password")
    words += ("--role", "developer", "--network", "127.0.0.0/8")
    assert admin("secret", "set", "password", given="right one\n").exit_code == 0
    assert admin(*words, "--dry-run").exit_code == 0
    assert admin.data("integration", "list") == []
    made = admin(*words)
    assert (made.exit_code, "main is made" in made.stderr) == (0, True), made.stderr
    (listed,) = admin.data("integration", "list")
    assert listed["spec"]["credentials"] == {"password": "secret://password"}
    assert (listed["spec"]["roles"], listed["endpoint"]) == (["developer"], host)
    assert admin("integration", "delete", "main").exit_code == 0
    authority = tmp_path / "ca.pem"
    authority.write_bytes(create_authority(tmp_path, new_signer(), datetime.now(UTC)).certificate)
    words += ("--host", "a.example.com", "--host", "*.b.example.com", "--ca-file", str(authority))
    words += ("--proxy", "http://proxy.example.com:3128", "--timeout-s", "7")
    words += ("--requests-per-s", "50", "--rotate-by", "2031-01-31", "--disabled")
    made = admin(*words)
    assert made.exit_code == 0, made.stderr
    (listed,) = admin.data("integration", "list")
    spec = listed["spec"]
    assert (
        spec.items()
        >= {
            "hosts": ["*.b.example.com", "a.example.com"],
            "ca": authority.read_text(),
            "proxy": "http://proxy.example.com:3128",
            "timeoutS": 7,
            "requestsPerS": 50,
            "rotateBy": "2031-01-31",
            "enabled": False,
        }.items()
    )
    again = admin(*words)
    assert (again.exit_code != 0, "ST-CLI-023" in again.stderr) == (True, True)
    for wrong in (
        ("--credential", "password"),
        ("--credential", "password=secret itself"),
        ("--config", "nobody=1"),
        ("--timeout-s", "0"),
        ("--rotate-by", "soon"),
        ("--ca-file", str(tmp_path / "nothing.pem")),
    ):
        refused = admin("integration", "create", "other", *words[3:7], "--endpoint", host, *wrong)
        assert refused.exit_code != 0, wrong
    assert [one["name"] for one in admin.data("integration", "list")] == ["main"]
