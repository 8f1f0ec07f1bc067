"""What the notifier sends to Slack is what the webhook reads when somebody presses it."""

import json
import socket
from datetime import UTC, datetime
from urllib.parse import urlencode

from connectors.notifiers import Slack
from connectors.test_notifiers import slack
from fixtures.webhooks import SECRET
from fixtures.webhooks import slack as signed_as_slack
from stella.sdk import Choice, Connection, Message, PressedChoice
from stella_connectors.webhooks.slack import open_slack


def test_a_button_of_slack_is_what_the_webhook_of_slack_reads() -> None:
    choices = (
        Choice("approve", "Approve", "https://a", "prm_1@sha256:ab"),
        Choice("reject", "Reject", "https://b"),
    )
    with Slack().served() as service:
        slack(service).send(Message("prm_1:msg_1", "waits", "", choices=choices, url="https://c"))
        (actions,) = [one for one in service.requests[0][2]["blocks"] if one["type"] == "actions"]
    approve, reject, shown = actions["elements"]
    assert (approve["style"], reject["style"]) == ("primary", "danger")
    assert (shown["url"], "value" in shown) == ("https://c", False)
    at = datetime.now(UTC)
    webhook = open_slack(
        Connection("", socket.create_connection, credentials={"secret": lambda: SECRET})
    )
    read = []
    for button in (approve, reject, shown):
        said = {"type": "block_actions", "user": {"id": "U1"}, "actions": [button]}
        body = urlencode({"payload": json.dumps(said)}).encode()
        read += webhook.receive(signed_as_slack(body, at), body, at).choices
    assert read == [
        PressedChoice("prm_1@sha256:ab", "approve", "U1"),
        PressedChoice("prm_1:msg_1", "reject", "U1"),
    ]
