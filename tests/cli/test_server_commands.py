"""Commands that talk to a server: what they print, and how they end."""

import json
from pathlib import Path

import pytest
import yaml

from fixtures.commands import Command
from fixtures.servers import PASSWORD, People
from stella.cli import audit, login, token, user


def test_logging_in_and_out(admin: Command):
    assert admin.data("whoami")["name"] == "root"
    assert admin("whoami", "-o", "name").stdout == "root\n"
    assert admin("logout").exit_code == 0
    assert admin("whoami").exit_code == 4
    assert "nobody is logged in" in admin("logout").stderr


def test_without_a_terminal_nothing_is_asked(stella: Command):
    refused = stella("login")
    assert refused.exit_code == 4
    assert "--password-stdin" in refused.stderr


def test_a_password_is_given_again_and_the_login_goes_on(admin: Command):
    assert "--password-stdin" in admin("reauthenticate").stderr
    wrong = admin("reauthenticate", "--password-stdin", given="a guess at it\n")
    assert (wrong.exit_code, "the password is wrong" in wrong.stderr) == (5, True)
    proven = admin("reauthenticate", "--password-stdin", given=f"{PASSWORD}\n")
    assert (proven.exit_code, proven.stderr.startswith("proven at 20")) == (0, True), proven.stderr
    assert admin("whoami", "-o", "name").stdout == "root\n"


def test_users_are_made_changed_and_listed(admin: Command):
    made = admin.data("user", "create", "ana", "--role", "developer", "--role", "viewer")
    assert made["roles"] == ["viewer", "developer"]
    assert admin.data("user", "change", "ana", "--role", "operator", "--disable")["disabled"]
    assert [one["name"] for one in admin.data("user", "list")] == ["ana", "root"]
    assert admin("user", "list", "-o", "name").stdout == "ana\nroot\n"
    table = admin("user", "list").stdout.splitlines()
    assert table[0].split() == [
        "NAME",
        "ROLES",
        "DISABLED",
        "FROM",
        "COMMITS",
        "AS",
        "CREATED",
        "ID",
    ]
    assert admin("user", "address", "add", "ana", "Ana@example.com").exit_code == 0
    assert admin.data("user", "get", "ana")["addresses"] == ["ana@example.com"]
    assert admin("user", "address", "add", "root", "ana@example.com").exit_code == 1
    assert admin("user", "address", "remove", "ana", "ana@example.com").exit_code == 0
    assert admin.data("user", "get", "ana")["addresses"] == []
    assert admin("user", "get", "nobody").exit_code == 3
    assert admin("user", "get", "../tokens").exit_code == 3


def test_tokens_are_made_and_ended(admin: Command, monkeypatch: pytest.MonkeyPatch):
    assert admin.data("token", "list") == []
    made = admin.data("token", "create", "ci", "--role", "developer", "--days", "1")
    listed = yaml.safe_load(admin("token", "list", "-o", "yaml").stdout)
    assert [one["id"] for one in listed] == [made["id"]]
    assert admin("token", "delete", made["id"]).exit_code == 0
    assert admin.data("token", "list") == []
    monkeypatch.setenv("STELLA_TOKEN", made["token"])
    assert admin("whoami").exit_code == 4


def test_the_chain_is_listed_and_verified(admin: Command, tmp_path: Path):
    to = tmp_path / "facts.json"
    assert admin.data("audit", "verify")["good"]
    assert (
        admin("audit", "list", "--kind", "UserCreated", "-o", "json", "--to", str(to)).stdout == ""
    )
    assert [fact["kind"] for fact in json.loads(to.read_text())] == ["UserCreated"]
    assert admin("audit", "list", "--kind", "Nothing", "-o", "json").stdout == "[]\n"


def test_a_changed_chain_ends_with_1(admin: Command, users: People):
    with users.services.database.transaction(actor="system") as tx:
        tx.connection.exec_driver_sql("UPDATE fact SET data = '{}' WHERE position = 1")
    assert admin("audit", "verify").exit_code == 1


def test_the_doctor_asks_the_server(admin: Command):
    checks = {one["name"]: one["outcome"] for one in admin.data("doctor")}
    assert checks["database"] == checks["keys"] == checks["audit chain"] == "pass"
    assert checks["advisories"] == "unknown"


def test_the_doctor_makes_nothing_where_no_server_was(command: Command, tmp_path: Path):
    data = tmp_path / "server"
    command.monkeypatch.setenv("STELLA_DATA_DIRECTORY", str(data))
    ended = command("doctor")
    assert (ended.exit_code, ended.stdout) == (3, "")
    assert f"no server keeps data in {data}" in ended.stderr
    assert not data.exists()


def test_an_unknown_format_is_refused(admin: Command):
    assert "ST-CLI-002" in admin("user", "list", "-o", "xml").stderr


@pytest.mark.parametrize("app", [audit.app, user.app, token.app])
def test_every_verb_says_what_it_does(app: object):
    assert all(command.callback.__doc__ for command in app.registered_commands)
    assert login.login.__doc__
