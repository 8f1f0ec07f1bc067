"""The kit of every webhook, on deliveries as the service sends them, and what is read."""

import hashlib
import hmac
import json
import socket
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import pytest
from stella.sdk import BuildState, Connection, Kind, WebhookMalformed, manifest_beside
from stella.sdk.testing import WEBHOOK_CHECKS, WebhookBench

from stella_plugin_your_name import PLUGIN
from stella_plugin_your_name.webhook import BuildsWebhook

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PASSED = b'{"job": "shop/web", "number": "12", "result": "passed"}'


def nowhere(host: str, port: int, timeout: float) -> socket.socket:
    raise AssertionError("a webhook reaches nothing")


def opened(secret: Callable[[], str], earlier: Callable[[], str] | None = None) -> BuildsWebhook:
    credentials = {"secret": secret}
    if earlier is not None:
        credentials["previous_secret"] = earlier
    return BuildsWebhook(Connection("", nowhere, {}, credentials))


def sent(body: bytes, at: datetime, secret: str, number: int) -> Mapping[str, str]:
    """As the service sends it. at, number: it signs neither."""
    return {
        "x-your-name-event": "build",
        "x-your-name-signature": hmac.new(secret.encode(), body, hashlib.sha256).hexdigest(),
    }


@pytest.mark.parametrize("check", WEBHOOK_CHECKS, ids=lambda check: check.__name__)
def test_it_holds_what_every_webhook_holds(check: Callable[[WebhookBench], None]) -> None:
    check(WebhookBench(opened, sent, PASSED, (b'{"result": "begun"}',), NOW))


@pytest.mark.parametrize(
    ("result", "state"), [("passed", BuildState.SUCCEEDED), ("failed", BuildState.FAILED)]
)
def test_a_build_that_has_ended_is_told(result: str, state: BuildState) -> None:
    body = json.dumps({"job": "shop/web", "number": "12", "result": result}).encode()
    (build,) = opened(lambda: "x").receive(sent(body, NOW, "x", 1), body, NOW).builds
    assert (build.pipeline, build.build, build.state) == ("shop/web", "12", state)


def test_a_build_without_a_name_is_malformed() -> None:
    body = b'{"result": "passed"}'
    with pytest.raises(WebhookMalformed):
        opened(lambda: "x").receive(sent(body, NOW, "x", 1), body, NOW)


def test_it_brings_what_its_manifest_says() -> None:
    manifest = manifest_beside("stella_plugin_your_name")
    for kind in Kind:
        said = {one.name for one in manifest.contributes if one.kind is kind}
        assert PLUGIN.names(kind) == said
