"""What every check of the doctor has to hold, whoever wrote it: run each one of the list as a test."""

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from stella.kernel import Outcome, Remedy, StellaError
from stella.plugin.contract.check import DoctorCheck, Found
from stella.plugin.contract.connection import Connect
from stella.plugin.refusals import RegistryUnreachable, ServiceRefused

_DETAIL_MAX = 2000
INSIDE = (
    "http://169.254.169.254/latest/meta-data/",
    "http://10.0.0.1/",
    "http://[::ffff:127.0.0.1]:1/",
    "http://localhost:1/",
)
"""Where a redirect may lead whom nobody guards: what clouds hand out, and what is private."""

_SECONDS_MAX = 5.0


@dataclass(frozen=True, slots=True)
class CheckBench:
    """A check, and the thing that it looks at, which is well.

    open: connect -> the check, which waits for a second at most. connect: leads to the thing, and
    nowhere else. ill: while it is held, something is wrong that the check has to find. state: what
    looking could change, as it is now.
    """

    open: Callable[[Connect], DoctorCheck]
    connect: Connect
    ill: Callable[[], AbstractContextManager[None]]
    state: Callable[[], object]


def what_is_well_passes(bench: CheckBench) -> None:
    """With at least one finding, each of them a pass."""
    found = _examined(bench.open(bench.connect))
    assert {one.outcome for one in found} == {Outcome.PASS}, found


def what_is_ill_is_found_and_names_a_fix(bench: CheckBench) -> None:
    """And passes again afterwards, by the same check: nothing of it is remembered."""
    check = bench.open(bench.connect)
    with bench.ill():
        found = _examined(check)
    assert any(one.outcome is not Outcome.PASS for one in found), found
    assert {one.outcome for one in _examined(check)} == {Outcome.PASS}


def looking_twice_changes_nothing(bench: CheckBench) -> None:
    """Neither what was looked at nor what is found."""
    check, before = bench.open(bench.connect), bench.state()
    outcomes = [[one.outcome for one in _examined(check)] for _ in range(2)]
    assert outcomes[0] == outcomes[1]
    assert bench.state() == before


def a_way_that_is_shut_is_never_a_pass(bench: CheckBench) -> None:
    """A check that looks at nothing outside has nothing to hold here."""
    for refusal in (
        ConnectionRefusedError("shut"),
        TimeoutError("shut"),
        OSError("no such host"),
        RegistryUnreachable("the host does not allow it", remedy=Remedy("Grant it.")),
    ):
        _broken(bench, _refusing(refusal))


def a_broken_answer_is_never_a_pass(bench: CheckBench) -> None:
    """Nothing, no words, half an answer, an error, a redirect to where the host lets nobody: found or
    refused, never another exception.
    """
    for answer in (
        b"",
        b"\x00\xff\xfe nonsense \r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4000\r\n\r\n{",
        b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 429 X\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
    ):
        _broken(bench, _answering(answer))
    for place in INSIDE:
        _broken(bench, _leading_to(place))


def silence_is_given_up(bench: CheckBench) -> None:
    """In a few times the limit of the connection, which ``open`` sets: a second or so."""
    silent, held = _silent()
    said: list[object] = []

    def look() -> None:
        try:
            _broken(bench, silent)
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
    if isinstance(said[0], BaseException):
        raise said[0]


def nothing_is_reached_but_through_connect(bench: CheckBench) -> None:
    """No socket is connected, no name looked up, no process begun, but by the host's ``connect``."""
    watch = _Watch()
    with watch.held():
        check = bench.open(watch.guarded(bench.connect))
        _examined(check)
    assert not watch.seen, watch.seen


CHECK_CHECKS: tuple[Callable[[CheckBench], None], ...] = (
    what_is_well_passes,
    what_is_ill_is_found_and_names_a_fix,
    looking_twice_changes_nothing,
    a_way_that_is_shut_is_never_a_pass,
    a_broken_answer_is_never_a_pass,
    silence_is_given_up,
    nothing_is_reached_but_through_connect,
)


def _examined(check: DoctorCheck) -> tuple[Found, ...]:
    found = check.examine()
    assert isinstance(found, tuple), f"a {type(found).__name__}, not a tuple"
    assert found, "nothing was found, not even that it is well"
    for one in found:
        assert isinstance(one, Found), one
        assert one.detail.isprintable(), one
        assert 0 < len(one.detail) <= _DETAIL_MAX, one
        assert bool(one.fix) is (one.outcome is not Outcome.PASS), f"a fix, unless it passed: {one}"
    return found


def _broken(bench: CheckBench, way: "_Way") -> None:
    said = _said(bench, way)
    if isinstance(said, StellaError):
        assert said.remedy.advice, said
        return
    is_pass = all(one.outcome is Outcome.PASS for one in said)
    assert not (way.used and is_pass), f"{way.name}: it passed, {said}"


def _said(bench: CheckBench, way: "_Way") -> tuple[Found, ...] | StellaError:
    try:
        return _examined(bench.open(way.connect))
    except StellaError as refusal:
        return refusal


@dataclass(slots=True)
class _Way:
    """A way to the network that does not lead there. used: how often it was taken."""

    name: str
    lead: Callable[[], socket.socket]
    used: int = 0

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """``stella.sdk.Connect``."""
        del host, port
        self.used += 1
        made = self.lead()
        made.settimeout(timeout)
        return made


def _refusing(refusal: Exception) -> _Way:
    def lead() -> socket.socket:
        raise refusal

    return _Way(repr(refusal), lead)


def _answering(answer: bytes) -> _Way:
    def lead() -> socket.socket:
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.sendall(answer)
        return ours

    return _Way(f"answered {answer[:40]!r}", lead)


class _Leading(_Way):
    """It answers with a redirect; and the host lets it reach what it asked for first alone."""

    first: tuple[str, int] | None = None

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        """``stella.sdk.Connect``."""
        self.first = self.first or (host, port)
        if (host, port) != self.first:
            raise ServiceRefused("the host does not allow it", remedy=Remedy("Grant it."))
        return super().connect(host, port, timeout)


def _leading_to(place: str) -> _Way:
    found = f"HTTP/1.1 307 X\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n"
    return _Leading(f"a redirect to {place}", _answering(found.encode()).lead)


def _silent() -> tuple[_Way, list[socket.socket]]:
    """And the other ends, which say nothing and stay."""
    held: list[socket.socket] = []

    def lead() -> socket.socket:
        ours, theirs = socket.socketpair()
        held.append(theirs)
        return ours

    return _Way("silence", lead), held


# ---------------------------------------------------------------- what Python itself tells of

_REACHING = frozenset(
    {
        "socket.connect",
        "socket.sendto",
        "socket.getaddrinfo",
        "socket.gethostbyname",
        "subprocess.Popen",
        "os.system",
        "os.posix_spawn",
        "os.exec",
        "os.fork",
    }
)
_watching: "list[_Watch]" = []


@dataclass(slots=True)
class _Watch:
    """What reached out while it was held, in any thread, but within the host's ``connect``."""

    seen: list[str] = field(default_factory=list)
    _inside: set[int] = field(default_factory=set)

    def guarded(self, connect: Connect) -> Connect:
        def open_socket(host: str, port: int, timeout: float) -> socket.socket:
            self._inside.add(threading.get_ident())
            try:
                return connect(host, port, timeout)
            finally:
                self._inside.discard(threading.get_ident())

        return open_socket

    @contextmanager
    def held(self) -> Iterator[None]:
        if not _hooked:
            _hooked.append(True)
            sys.addaudithook(_audited)  # for good: there is no way to take one back
        _watching.append(self)
        try:
            yield
        finally:
            _watching.remove(self)

    def note(self, event: str, arguments: object) -> None:
        if threading.get_ident() not in self._inside:
            self.seen.append(f"{event} {arguments!r}"[:200])


_hooked: list[bool] = []


def _audited(event: str, arguments: object) -> None:
    if event in _REACHING:
        for watch in [*_watching]:
            watch.note(event, arguments)
