"""The kit for webhooks finds what is wrong with one, each fault by its own check."""

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import pytest

from connectors.webhooks import NOW, Service, bench_of, body, standard_of
from stella.plugin.contract.connection import Connection
from stella.sdk import PushedCommits, Received, Remedy, WebhookForged, WebhookMalformed
from stella.sdk.testing import WEBHOOK_CHECKS, SimulatedWebhook, WebhookBench

SAID = {"repository": "shop/web", "reference": "refs/heads/main", "before": "a", "after": "b"}


class Trusting(SimulatedWebhook):
    """Reads without looking at any signature."""

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        del received_at
        said = json.loads(body) if body else {}
        return Received(headers.get("webhook-id", "x"), "push", commits=_commits(said))


class Timeless(SimulatedWebhook):
    """Takes what was signed at any time."""

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        del received_at
        seconds = headers.get("webhook-timestamp", "")
        at = datetime.fromtimestamp(int(seconds), NOW.tzinfo) if seconds.isdecimal() else NOW
        return super().receive(headers, body, at)


class Telling(SimulatedWebhook):
    """Says first that it is too old, to whoever asks; and reads before it verifies."""

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        if not body.startswith(b"{"):
            raise WebhookMalformed("it is no object", remedy=Remedy("-"))
        return super().receive(headers, body, received_at)


class Strict(SimulatedWebhook):
    """Refuses what does not concern us."""

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        received = super().receive(headers, body, received_at)
        if not received.commits:
            raise WebhookMalformed("what is that?", remedy=Remedy("-"))
        return received


class Forgetful(SimulatedWebhook):
    """Gives each delivery an id of its own, also the same again."""

    count = 0

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        received = super().receive(headers, body, received_at)
        Forgetful.count += 1
        return Received(f"{Forgetful.count}", received.event, commits=received.commits)


class Keeps(SimulatedWebhook):
    """Asks for its secret once."""

    def __init__(self, connection: Connection) -> None:
        kept = {name: _kept(ask()) for name, ask in connection.credentials.items()}
        super().__init__(Connection("", connection.connect, {}, kept))


class OnlyOne(SimulatedWebhook):
    """Knows no secret before."""

    def __init__(self, connection: Connection) -> None:
        kept = {"secret": connection.credentials["secret"]}
        super().__init__(Connection("", connection.connect, {}, kept))


class Open(SimulatedWebhook):
    """Takes everything while its secret is empty."""

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        if not self._credentials["secret"]():
            return Received("x", "push", commits=_commits(json.loads(body)))
        return super().receive(headers, body, received_at)


class Fragile(SimulatedWebhook):
    """Takes what it reads for what it should be."""

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        try:
            received = super().receive(headers, body, received_at)
        except WebhookMalformed:
            return Received("x", "push", commits=_commits(json.loads(body)))
        return received


class Ascii(SimulatedWebhook):
    """Compares as text, which takes no letter beyond ASCII."""

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        headers.get("webhook-signature", "").encode("ascii")
        return super().receive(headers, body, received_at)


class Blabs(SimulatedWebhook):
    """Says what it would have taken."""

    def receive(self, headers: Mapping[str, str], body: bytes, received_at: datetime) -> Received:
        try:
            return super().receive(headers, body, received_at)
        except WebhookForged:
            secret = self._credentials["secret"]()
            raise WebhookForged(f"it wants {secret}", remedy=Remedy("-")) from None


def _kept(secret: str) -> Callable[[], str]:
    return lambda: secret


def _commits(said: Any) -> tuple[PushedCommits, ...]:
    names = ("repository", "reference", "before", "after")
    if not set(names) <= said.keys():
        return ()
    return (PushedCommits(*(said[name] for name in names)),)


FAULTS: Mapping[type[SimulatedWebhook], str] = {
    Trusting: "what_another_secret_signed_is_forged",
    Timeless: "a_time_that_is_away_is_too_old",
    Telling: "what_another_secret_signed_is_forged",
    Strict: "what_does_not_concern_us_is_received_all_the_same",
    Forgetful: "the_same_again_has_the_same_id",
    Keeps: "both_secrets_count_during_a_switch",
    OnlyOne: "both_secrets_count_during_a_switch",
    Open: "an_empty_secret_lets_nobody_in",
    Fragile: "broken_content_is_malformed_and_never_an_error",
    Ascii: "without_its_headers_it_is_forged",
    Blabs: "what_another_secret_signed_is_forged",
}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_each_fault_is_found_by_its_check(fault: type[SimulatedWebhook]) -> None:
    service = Service("fake", standard_of, body(SAID), body({}), is_time_signed=True)
    bench = bench_of(service, fault)
    failed = {check.__name__ for check in WEBHOOK_CHECKS if not _holds(check, bench)}
    assert FAULTS[fault] in failed


def test_what_only_reads_the_body_is_found_by_a_changed_one() -> None:
    """A token is held to nothing of the body; a signature is."""

    class TokenAlone(SimulatedWebhook):
        def receive(
            self, headers: Mapping[str, str], body: bytes, received_at: datetime
        ) -> Received:
            del received_at
            if "webhook-signature" not in headers:
                raise WebhookForged("no signature", remedy=Remedy("-"))
            name = hashlib.sha256(body).hexdigest()
            return Received(name, "push", commits=_commits(json.loads(body)))

    service = Service("fake", standard_of, body(SAID), body({}))
    bench = bench_of(service, TokenAlone)
    (check,) = [one for one in WEBHOOK_CHECKS if one.__name__ == "a_changed_body_is_forged"]
    assert not _holds(check, bench)


def _holds(check: Callable[[WebhookBench], None], bench: WebhookBench) -> bool:
    try:
        check(bench)
    except Exception:  # noqa: BLE001 - however it shows
        return False
    return True
