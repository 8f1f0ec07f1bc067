"""A job logs in on the command line by the ID token of its CI, and people see who was let in."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fixtures.commands import Command
from fixtures.issuers import AUDIENCE, Issuer
from fixtures.servers import People
from stella.client.login import load_login
from stella.identity import Role


@pytest.fixture
def github(stella: Command, users: People, issuer: Issuer, tmp_path: Path) -> str:
    """A MachineLogin that an administrator applied; the administrator's token."""
    token = users.token("boss", Role.ADMIN)["Authorization"].removeprefix("Bearer ")
    spec = {
        "issuer": issuer.url,
        "keys": issuer.jwks(),
        "audience": AUDIENCE,
        "claims": {"repository": "acme/shop"},
        "identity": "repository",
        "roles": ["developer"],
    }
    document = {"apiVersion": "stella/v1", "kind": "MachineLogin", "name": "github", "spec": spec}
    file = tmp_path / "github.yaml"
    file.write_text(json.dumps(document))
    stella.monkeypatch.setenv("STELLA_TOKEN", token)
    assert stella("apply", "-f", str(file)).exit_code == 0
    stella.monkeypatch.delenv("STELLA_TOKEN")
    return token


def test_a_job_logs_in_by_a_variable_works_and_logs_out(
    stella: Command, github: str, issuer: Issuer
):
    stella.monkeypatch.setenv("ID_TOKEN", issuer.token(datetime.now(UTC)))
    done = stella("login", "--oidc-token-env", "ID_TOKEN")
    assert done.exit_code == 0, done.stderr
    assert "as ci:github:acme/shop until" in done.stderr
    assert stella.data("whoami")["name"] == "ci:github:acme/shop"
    kept = load_login()
    assert kept is not None
    assert kept.user == "ci:github:acme/shop"
    again = stella("login", "--oidc-token-env", "ID_TOKEN")
    assert (again.exit_code, "ST-IDN-017" in again.stderr) == (4, True)
    assert stella("logout").exit_code == 0
    assert stella("whoami").exit_code in {1, 4}


def test_a_token_is_exchanged_for_another_program(
    stella: Command, github: str, issuer: Issuer, tmp_path: Path
):
    file = tmp_path / "token"
    file.write_text(issuer.token(datetime.now(UTC)) + "\n")
    given = stella("token", "exchange", "--oidc-token-file", str(file), "-o", "name")
    assert given.exit_code == 0, given.stderr
    assert given.stdout.startswith("st_")
    assert load_login() is None


@pytest.mark.parametrize(
    "words",
    [
        ("login", "--oidc-token-env", "NOTHING"),
        ("login", "--oidc-token-file", "/nothing"),
        ("login", "--oidc-token-file", "/dev/null"),
        ("login", "--oidc-token-env", "A", "--oidc-token-file", "/dev/null"),
        ("token", "exchange"),
    ],
)
def test_without_a_token_nothing_is_sent(stella: Command, words: tuple[str, ...]):
    done = stella(*words)
    assert done.exit_code != 0
    assert "ST-CLI-" in done.stderr


def test_an_administrator_sees_machines_and_shuts_them_out(
    stella: Command, github: str, issuer: Issuer
):
    stella.monkeypatch.setenv("ID_TOKEN", issuer.token(datetime.now(UTC)))
    assert stella("login", "--oidc-token-env", "ID_TOKEN").exit_code == 0
    boss = Command(stella.monkeypatch, stella.captured, github)
    assert boss("machine", "logins", "-o", "name").stdout.split() == ["github"]
    assert boss("machine", "list", "-o", "name").stdout.split() == ["ci:github:acme/shop"]
    assert boss("machine", "disable", "ci:github:acme/shop").exit_code == 0
    assert boss.data("machine", "list")[0]["disabled"] is True
    assert boss("machine", "enable", "ci:github:acme/shop").exit_code == 0
    assert boss("machine", "disable", "ci:github:other").exit_code == 3
    assert boss("machine", "end-login", "github").exit_code == 0
    assert boss("sign-in", "list", "-o", "name").stdout == ""
    assert boss("sign-in", "delete", "company").exit_code == 3
    assert boss("user", "link", "boss", "--sign-in", "company", "--subject", "x").exit_code == 3
    assert boss("user", "unlink", "boss").exit_code == 3
