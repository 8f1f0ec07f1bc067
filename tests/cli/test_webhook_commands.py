"""Webhooks from the command line: a job says what it built, and people see what came of it."""

from pathlib import Path

import pytest

from fixtures.commands import Command
from fixtures.webhooks import DIGEST, HOST, SECRET
from stella.api.services import Services
from stella.app.webhook_queue import Handling, handle_waiting

INTEGRATION = """\
apiVersion: stella/v1
kind: Integration
name: ci
spec:
  kind: webhook
  connector: signed
  credentials: {secret: "secret://hook"}
"""
IMAGE = f"{HOST}/shop/web:1.0@{DIGEST}"


def handle(services: Services) -> int:
    handling = Handling(services.database, services.blobs, services.keys.evidence, services.kinds)
    return handle_waiting(handling, lambda: False)


@pytest.fixture
def address(admin: Command, server_url: str) -> str:
    """Of a webhook, whose secret a job has in its variable."""
    admin("secret", "set", "hook", given=f"{SECRET}\n")
    applied = admin("apply", "-f", "-", given=INTEGRATION)
    assert applied.exit_code == 0, applied.stderr
    admin.monkeypatch.setenv("STELLA_WEBHOOK_SECRET", SECRET)
    return f"{server_url}/api/v1/webhooks/ci"


def test_a_job_tells_of_its_build_and_people_see_it(
    admin: Command, services: Services, address: str
) -> None:
    sent = admin(
        *("webhook", "send", address, "--build", "12", "--pipeline", "shop/web"),
        *("--commit", "a" * 40, "--image", IMAGE, "--id", "job-12"),
    )
    assert (sent.exit_code, " is queued" in sent.stderr) == (0, True), sent.stderr
    again = admin(
        *("webhook", "send", address, "--build", "12", "--pipeline", "shop/web"),
        *("--id", "job-12"),
    )
    assert "as it was before" in again.stderr
    handle(services)
    (shown,) = admin.data("webhook", "list", "--integration", "ci")
    assert shown["outcome"].startswith(f"build 12 of shop/web succeeded at {'a' * 12}")
    told = admin("webhook", "show", shown["id"])
    assert "job-12" in told.stdout
    assert "came again" in told.stdout
    refused = admin("webhook", "retry", shown["id"])
    assert (refused.exit_code, "not possible" in refused.stderr) == (1, True), refused
    assert "handled: 1" in admin("webhook", "address", "ci").stdout


def test_what_is_signed_with_another_secret_is_refused_at_once(
    admin: Command, address: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("another\n")
    sent = admin("webhook", "send", address, "--image", IMAGE, "--secret-file", str(secret))
    assert sent.exit_code != 0
    assert "ST-WHK-001" in sent.stderr
    assert "another" not in sent.stderr


def test_what_cannot_be_sent_is_said_before_anything_is(
    admin: Command, address: str, tmp_path: Path
) -> None:
    for words, why in (
        ((address,), "what is to be said"),
        (("https://stella.example/x", "--image", IMAGE), "as the console shows it"),
        ((address, "--build", "1", "--state", "great"), "succeeded, failed"),
        ((address, "--file", str(tmp_path / "none")), "cannot be read"),
    ):
        sent = admin("webhook", "send", *words)
        assert sent.exit_code != 0
        assert why in sent.stderr.replace("\n", " "), (words, sent.stderr)
    admin.monkeypatch.delenv("STELLA_WEBHOOK_SECRET")
    assert "no secret to sign with" in admin("webhook", "send", address, "--image", IMAGE).stderr
