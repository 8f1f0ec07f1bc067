"""Notifications from the command line, on a server that listens and a receiver that verifies."""

import threading
from collections.abc import Iterator

import pytest
import yaml

from connectors.notifiers import Receiver
from fixtures.commands import Command
from stella.api.services import Services
from stella.app.courier import Courier

DOCUMENTS = """\
apiVersion: stella/v1
kind: Integration
name: hook
spec:
  kind: notifier
  connector: webhook-out
  endpoint: {endpoint}/hooks/stella
  credentials: {{signing_secret: "secret://hook"}}
---
apiVersion: stella/v1
kind: Notification
name: releases
spec:
  on: [ApprovalNeeded, DeploymentFailed]
  integration: hook
"""


@pytest.fixture
def courier(services: Services) -> Iterator[None]:
    """Sends what is due, as the server's own thread does."""
    made, ended = Courier(services), threading.Event()

    def run() -> None:
        while not ended.wait(0.1):
            made.sweep()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    ended.set()
    thread.join()
    made.close()


@pytest.mark.usefixtures("courier")
def test_a_rule_from_nothing_to_a_message_and_away(admin: Command) -> None:
    with Receiver().served() as receiver:
        admin("secret", "set", "hook", given=f"{receiver.secret}\n")
        applied = admin("apply", "-f", "-", given=DOCUMENTS.format(endpoint=receiver.endpoint))
        assert applied.exit_code == 0, applied.stderr
        listed = admin("notification", "list").stdout
        assert "ApprovalNeeded, DeploymentFailed" in listed
        document = yaml.safe_load(admin("notification", "get", "releases", "-o", "yaml").stdout)
        again = admin("apply", "-f", "-", given=yaml.safe_dump(document))
        assert "unchanged" in again.stdout, again.stderr

        tested = admin("notification", "test", "releases")
        assert (tested.exit_code, "sent" in tested.stdout) == (0, True), tested
        assert "a test of the notification releases" in receiver.seen()[0]
        receiver.secret = f"whsec_{'d3Jvbmc' * 4}"
        refused = admin("notification", "test", "releases")
        assert (refused.exit_code, "HTTP 401" in refused.stdout) == (1, True)
        (failed,) = admin.data("notification", "sent", "--state", "failed")
        assert failed["rule"] == "releases"
        assert admin("notification", "resend", failed["id"]).exit_code == 0
        assert len(admin.data("notification", "sent", "--rule", "releases")) == 2
        assert admin("notification", "sent", "--state", "lost").exit_code != 0
    names = [one["name"] for one in admin.data("notification", "events")]
    assert {"ApprovalNeeded", "IntegrationUnhealthy"} <= set(names)
    assert admin("notification", "delete", "releases").exit_code == 0
    assert admin("notification", "get", "releases").exit_code == 3
