"""What every webhook has to hold, whoever wrote it: run each check of the list as a test.

That signatures are compared in constant time cannot be seen from outside: use
``hmac.compare_digest``, on bytes.
"""

import copy
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from stella.kernel import StellaError
from stella.plugin.contract.webhook import Received, Webhook
from stella.plugin.refusals import WebhookForged, WebhookMalformed, WebhookTooOld
from stella.plugin.wire import to_wire
from stella.sdk.testing.telling import untold

Ask = Callable[[], str]
SECRET, EARLIER, STRANGE = "kit-secret-4f0c1b77", "kit-earlier-9a2e5d31", "kit-strange-c8d7e6f5"
_BODY_BYTES_MAX = 1024 * 1024
_ID_LENGTH_MAX = 200
_EVENT_LENGTH_MAX = 100
_NEAR, _FAR = timedelta(minutes=4), timedelta(minutes=6)


@dataclass(frozen=True, slots=True)
class WebhookBench:
    """A webhook, and how its service sends.

    open: (its secret, the one before it or None) -> the webhook; both are asked for at each use.
    send: (body, when, secret, a number that is another for another delivery) -> the headers, names
    in lower case. body: says something that concerns us. others: bodies that do not; signed, each is
    received. is_body_signed, is_time_signed: what the service's proof covers; a token covers neither.
    """

    open: Callable[[Ask, Ask | None], Webhook]
    send: Callable[[bytes, datetime, str, int], Mapping[str, str]]
    body: bytes
    others: tuple[bytes, ...]
    at: datetime
    is_body_signed: bool = True
    is_time_signed: bool = False

    def webhook(self) -> Webhook:
        """With one secret."""
        return self.open(lambda: SECRET, None)

    def headers(self, body: bytes | None = None, secret: str = SECRET) -> dict[str, str]:
        """As the service sends ``body`` now."""
        return dict(self.send(self.body if body is None else body, self.at, secret, 1))


def what_is_signed_is_read(bench: WebhookBench) -> None:
    """It says something, and has an id and an event that can be stored."""
    received = _received(bench.webhook(), bench.headers(), bench.body, bench.at)
    assert _says(received), "nothing was read"
    assert 0 < len(received.id) <= _ID_LENGTH_MAX, received.id
    assert 0 < len(received.event) <= _EVENT_LENGTH_MAX, received.event


def what_does_not_concern_us_is_received_all_the_same(bench: WebhookBench) -> None:
    """As nothing: an error would make the service send it again, for ever."""
    for body in bench.others:
        assert not _says(_received(bench.webhook(), bench.headers(body), body, bench.at)), body


def what_another_secret_signed_is_forged(bench: WebhookBench) -> None:
    """Also beside a body that cannot be read: nothing of it is looked at before."""
    for body in (bench.body, b"", b"{", b"\xff"):
        _forged(bench, bench.webhook(), bench.headers(body, STRANGE), body)


def without_its_headers_it_is_forged(bench: WebhookBench) -> None:
    """None at all, and each one left out, empty, doubled, or of strange letters in its turn."""
    webhook, whole = bench.webhook(), bench.headers()
    _forged(bench, webhook, {}, bench.body)
    for name, value in whole.items():
        for instead in (None, "", f"{value}, {value}", f"{value}\u00e9", "\udcff", "a" * 60_000):
            headers = {key: held for key, held in whole.items() if key != name}
            if instead is not None:
                headers[name] = instead
            said = _said(webhook, headers, bench.body, bench.at)
            # A header that proves nothing may be missing; what it says may be of another kind.
            assert isinstance(said, Received | WebhookForged | WebhookMalformed), (name, said)


def a_changed_body_is_forged(bench: WebhookBench) -> None:
    """One bit of it, one byte more, one less. Where a token is all, nothing holds that."""
    if not bench.is_body_signed:
        return
    body, webhook = bench.body, bench.webhook()
    for place in (0, len(body) // 2, len(body) - 1):
        changed = body[:place] + bytes([body[place] ^ 1]) + body[place + 1 :]
        _forged(bench, webhook, bench.headers(), changed)
    for changed in (body + b" ", body[:-1], b""):
        _forged(bench, webhook, bench.headers(), changed)


def a_time_that_is_away_is_too_old(bench: WebhookBench) -> None:
    """Six minutes to either side, where the service signs its time; four are near. Who cannot sign
    is not told about the time.
    """
    if not bench.is_time_signed:
        return
    webhook = bench.webhook()
    for away in (-_FAR, _FAR):
        said = _said(webhook, bench.headers(), bench.body, bench.at + away)
        assert isinstance(said, WebhookTooOld), said
        untold(said, (SECRET,))
        _forged(bench, webhook, bench.headers(secret=STRANGE), bench.body, bench.at + away)
    for away in (-_NEAR, _NEAR):
        _received(webhook, bench.headers(), bench.body, bench.at + away)


def the_same_again_has_the_same_id(bench: WebhookBench) -> None:
    """Whatever unsigned headers say; and another delivery has another id."""
    webhook, headers = bench.webhook(), bench.headers()
    first = _received(webhook, headers, bench.body, bench.at)
    later = _received(webhook, headers, bench.body, bench.at + timedelta(seconds=20))
    assert later.id == first.id
    if bench.is_body_signed:
        for name in headers:
            said = _said(webhook, {**headers, name: "another"}, bench.body, bench.at)
            assert isinstance(said, StellaError) or said.id == first.id, f"{name} changes its id"
    if bench.others:
        body = bench.others[0]
        sent = bench.send(body, bench.at, SECRET, 2)
        assert _received(webhook, sent, body, bench.at).id != first.id


def both_secrets_count_during_a_switch(bench: WebhookBench) -> None:
    """And a new one from its first moment."""
    secrets = [SECRET]
    webhook = bench.open(lambda: secrets[0], lambda: EARLIER)
    for secret in (SECRET, EARLIER):
        _received(webhook, bench.headers(secret=secret), bench.body, bench.at)
    _forged(bench, webhook, bench.headers(secret=STRANGE), bench.body)
    secrets[0] = STRANGE
    _received(webhook, bench.headers(secret=STRANGE), bench.body, bench.at)
    _forged(bench, webhook, bench.headers(), bench.body)


def an_empty_secret_lets_nobody_in(bench: WebhookBench) -> None:
    """A variable that is not set would otherwise be a secret that everybody knows."""
    webhook = bench.open(lambda: "", lambda: "")
    for headers in (bench.headers(secret=""), bench.headers(), {}):
        _forged(bench, webhook, headers, bench.body)


def broken_content_is_malformed_and_never_an_error(bench: WebhookBench) -> None:
    """Signed, and no JSON, too deep, too large, of wrong types, letters that cannot be stored."""
    webhook = bench.webhook()
    for body in (*_BROKEN, *_changed(bench.body)):
        said = _said(webhook, bench.headers(body), body, bench.at)
        assert isinstance(said, Received | WebhookMalformed), (body[:200], said)
        if isinstance(said, Received):
            text = json.dumps(to_wire(said), ensure_ascii=False)
            assert len(text.encode()) <= _BODY_BYTES_MAX, body[:200]
    huge = b" " * (4 * _BODY_BYTES_MAX)
    said = _said(webhook, bench.headers(huge), huge, bench.at)
    assert isinstance(said, WebhookMalformed), said


WEBHOOK_CHECKS: tuple[Callable[[WebhookBench], None], ...] = (
    what_is_signed_is_read,
    what_does_not_concern_us_is_received_all_the_same,
    what_another_secret_signed_is_forged,
    without_its_headers_it_is_forged,
    a_changed_body_is_forged,
    a_time_that_is_away_is_too_old,
    the_same_again_has_the_same_id,
    both_secrets_count_during_a_switch,
    an_empty_secret_lets_nobody_in,
    broken_content_is_malformed_and_never_an_error,
)

_BROKEN = (
    b"",
    b"{",
    b"[]",
    b"null",
    b"1",
    b'"text"',
    b"\xff\xfe\x00",
    b"[" * 100_000,
    b'{"a":' * 50_000,
    b'{"a": NaN}',
    b'{"a": ' + b"9" * 10_000 + b"}",
)
_INSTEAD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e300,
    "",
    "\u0000",
    "\ud800",
    "\u202e\u001b[2J",
    "x" * 300_000,
    [],
    [[]],
    [None],
    {},
)


def _changed(body: bytes) -> Iterator[bytes]:
    """The body with each of its values, in turn, left out or of another kind."""
    try:
        said = json.loads(body)
    except ValueError:
        return
    for place in list(_places(said)):
        for instead in _INSTEAD:
            other = copy.deepcopy(said)
            at = other
            for key in place[:-1]:
                at = at[key]
            at[place[-1]] = instead
            yield json.dumps(other).encode()


def _places(said: Any, before: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = said.items() if isinstance(said, dict) else enumerate(said)
    for key, value in inside:
        yield (*before, key)
        if isinstance(value, dict | list):
            yield from _places(value, (*before, key))


def _said(
    webhook: Webhook, headers: Mapping[str, str], body: bytes, at: datetime
) -> Received | StellaError:
    try:
        return webhook.receive(headers, body, at)
    except StellaError as error:
        refusal = error
    assert refusal.remedy.advice, refusal
    return refusal


def _received(webhook: Webhook, headers: Mapping[str, str], body: bytes, at: datetime) -> Received:
    said = _said(webhook, headers, body, at)
    assert isinstance(said, Received), said
    return said


def _forged(
    bench: WebhookBench,
    webhook: Webhook,
    headers: Mapping[str, str],
    body: bytes,
    at: datetime | None = None,
) -> None:
    said = _said(webhook, headers, body, at or bench.at)
    assert isinstance(said, WebhookForged), said
    untold(said, (SECRET, EARLIER))


def _says(received: Received) -> bool:
    return bool(received.images or received.commits or received.builds or received.choices)
