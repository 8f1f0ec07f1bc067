"""What every connector holds when the way to its service is bad: a refusal, and nothing else.

Each takes ``open`` (connect -> the connector, which waits for a second at most) and ``ask`` (a call of
it). A connector that takes no way at all has nothing to hold here.
"""

import threading
from collections.abc import Callable
from typing import TypeVar

from stella.kernel import Remedy, StellaError
from stella.plugin.contract.connection import Connect
from stella.plugin.refusals import ServiceUnreachable
from stella.sdk.testing.check_checks import (
    INSIDE,
    _answering,
    _leading_to,
    _refusing,
    _silent,
    _Watch,
    _Way,
)

_SECONDS_MAX = 20.0

T = TypeVar("T")
Open = Callable[[Connect], T]
Ask = Callable[[T], object]

_BROKEN = (
    b"",
    b"\x00\xff\xfe nonsense \r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{",
    b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]",
    b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
)


def shut_is_refused(open_it: Open[T], ask: Ask[T]) -> None:
    """No such host, nobody there, or the host does not let it."""
    for refusal in (
        ConnectionRefusedError("shut"),
        TimeoutError("shut"),
        OSError("no such host"),
        ServiceUnreachable("the host does not allow it", remedy=Remedy("Grant it.")),
    ):
        _refused(open_it, ask, _refusing(refusal))


def broken_is_refused(open_it: Open[T], ask: Ask[T]) -> None:
    """Nothing, no words, half an answer, an error, too many requests, another type, a redirect to where
    the host lets nobody.
    """
    for answer in _BROKEN:
        _refused(open_it, ask, _answering(answer))
    for place in INSIDE:
        _refused(open_it, ask, _leading_to(place))


def silence_is_given_up(open_it: Open[T], ask: Ask[T]) -> None:
    """In a few times the limit of the connection, which ``open`` sets: a second or so."""
    silent, held = _silent()
    said: list[BaseException | None] = []

    def look() -> None:
        try:
            _refused(open_it, ask, silent)
        except BaseException as error:  # noqa: BLE001 - raised again below, in the thread that waits
            said.append(error)
        else:
            said.append(None)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(_SECONDS_MAX)
    is_given_up = bool(said)
    for end in held:  # which ends what still waits
        end.close()
    assert is_given_up, f"it still waits after {_SECONDS_MAX:.0f} s"
    if said[0] is not None:
        raise said[0]


def nothing_else_is_reached(open_it: Open[T], connect: Connect, ask: Ask[T]) -> None:
    """No socket is connected, no name looked up, no process begun, but by the host's ``connect``."""
    watch = _Watch()
    with watch.held():
        ask(open_it(watch.guarded(connect)))
    assert not watch.seen, watch.seen


def refusal_of(ask: Callable[[], object], *kinds: type[StellaError]) -> StellaError:
    """The refusal, one of ``kinds``, with its remedy; any other exception goes through."""
    refusal: StellaError | None = None
    said: object = None
    try:
        said = ask()
    except kinds as raised:
        refusal = raised
    assert refusal is not None, f"it answered {str(said)[:200]!r}"
    assert refusal.remedy.advice, refusal
    return refusal


def _refused(open_it: Open[T], ask: Ask[T], way: _Way) -> None:
    said: object = None
    try:
        said = ask(open_it(way.connect))
    except StellaError as refusal:
        said = refusal
    if isinstance(said, StellaError):
        assert said.remedy.advice, said
        return
    assert not way.used, f"{way.name}: it answered {said!r}"
