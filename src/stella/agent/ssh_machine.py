"""``Machine`` on a host that is reached by SSH: nothing of ours is installed there."""

import hashlib
import json
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from stella.agent import ssh_script as scripts
from stella.agent.errors import HostUnusable, SudoRefused
from stella.agent.local import missing
from stella.agent.machine import (
    OUTPUT_BYTES_MAX,
    Command,
    Ended,
    Severed,
    Stopped,
    Tell,
    watched,
)
from stella.agent.over_ssh import SshLink, refuse_without_ssh
from stella.agent.registry_login import with_login
from stella.kernel import Remedy
from stella.sdk.files import FileNotWritten, checked_name
from stella.sdk.protocol import RegistryLogin, Ssh

if TYPE_CHECKING:
    import paramiko

_PIECE = 64 * 1024
_SMALL_S = 60.0
_GREETING_BYTES_MAX = 64 * 1024
_TOLD_MAX = 500
_TICK_S = 0.5
_FORGET_S = 10.0
_LAST_WORDS_S = 3.0


class SshMachine:
    """A project's place there: below ``~/.local/state/stella/reached``, for root ``/var/lib/stella``.

    stop: set when nothing more may be done there. Whatever a host does, or does not do, nothing that
    waits for it takes longer than it is given (small_s, in seconds, for all that is small), and none of
    it outlasts a stop by much.
    """

    def __init__(
        self,
        ssh: Ssh,
        project: str,
        link: SshLink,
        stop: threading.Event,
        *,
        small_s: float = _SMALL_S,
    ) -> None:
        refuse_without_ssh()
        self._ssh = ssh
        self._project = checked_name(project)
        self._link = link
        self._stop = stop
        self._small_s = small_s
        self._clerk: _Clerk | None = None
        self._mark = hashlib.sha256(project.encode()).hexdigest()[:12]

    def run(self, command: Command, tell: Tell, stop: threading.Event) -> Ended:
        """``Machine``."""
        if stop.is_set():
            raise Stopped
        script = scripts.command_script(self._project, command)
        begun = self._begun(script, command.stdin or b"", _Patience(stop, self._small_s))
        if begun.head == scripts.MISSING:
            raise missing(command.argv[0])
        ended = watched(begun, command.timeout_s, tell, stop)
        if ended.status == _NO_STATUS and self._link.is_cut():
            raise self._link.severed()
        return ended

    def write(self, name: str, content: bytes) -> str:
        """``Machine``."""
        script = scripts.write_script(self._project, name, len(content))
        try:
            return self.small(script, content).decode()
        except HostUnusable as refusal:
            raise FileNotWritten(
                f"{name} cannot be written on {self._link.name}: {refusal.facts['said']}",
                remedy=Remedy("Free space there, or let the account write there; then try again."),
                path=name,
            ) from refusal

    def read(self, name: str) -> bytes | None:
        """``Machine``."""
        script = scripts.read_script(self._project, name)
        head, content = self._clerks(script, b"", _Patience(self._stop, self._small_s))
        return None if head == scripts.MISSING else content

    @contextmanager
    def logins(self) -> Iterator["_SshLogins"]:
        """``Machine``."""
        logins = _SshLogins(self, self._mark)
        try:
            yield logins
        finally:
            for one in logins.made:
                # Where it cannot be reached now, the next login there removes what is old. At a stop
                # too: a login is not left behind.
                with suppress(HostUnusable, Severed):
                    self._clerks(
                        scripts.forget_script(one), b"", _Patience(threading.Event(), _FORGET_S)
                    )

    def close(self) -> None:
        """``Machine``."""
        self._clerk = None
        self._link.close()

    def small(self, script: bytes, content: bytes = b"") -> bytes:
        """What a short script prints. Raises Stopped, HostUnusable, Severed, and what refuses."""
        patience = _Patience(self._stop, self._small_s)
        if len(content) > scripts.SMALL_BYTES_MAX:
            return self._whole(self._begun(script, content, patience, is_over=True))
        return self._clerks(script, content, patience)[1]

    def _clerks(self, script: bytes, content: bytes, patience: "_Patience") -> tuple[bytes, bytes]:
        """The first line, and the rest, of what a short script says to the session kept for that."""
        import paramiko

        try:
            if self._clerk is None or not self._clerk.is_there():
                mark = secrets.token_hex(16)
                self._clerk = _Clerk(self._begun(scripts.clerk_script(mark), b"", patience), mark)
            said, status = self._clerk.asked(scripts.sent(script) + content, patience)
        except (paramiko.SSHException, EOFError, OSError) as error:
            self._clerk = None
            raise self._link.severed() from error
        except Stopped:
            self._leave_clerk()
            raise
        head, end, rest = said.partition(b"\n")
        if status != 0 or head + end not in {scripts.BEGUN, scripts.MISSING}:
            # It ended there; what it has not read of the content must meet no other that reads.
            self._leave_clerk()
            raise self._unusable(said.decode(errors="replace"))
        return head + end, rest

    def _leave_clerk(self) -> None:
        """It is asked nothing more; where it is in the middle of something, it ends."""
        if self._clerk is not None:
            self._clerk.close()
        self._clerk = None

    def _whole(self, begun: "_Begun") -> bytes:
        ended = watched(begun, self._small_s, lambda _: None, self._stop)
        if ended.status == 0:
            return ended.output
        if ended.status == _NO_STATUS and self._link.is_cut():
            raise self._link.severed()
        raise self._unusable((ended.said or b"it did not end").decode(errors="replace"))

    def _begun(
        self, script: bytes, content: bytes, patience: "_Patience", *, is_over: bool = False
    ) -> "_Begun":
        """A script that has said that it begins. is_over: nothing more is sent, also no line is held.

        Raises Stopped, HostUnusable, SudoRefused, Severed, and what refuses to let us in.
        """
        import paramiko

        channel = self._link.session()
        try:
            patience.send(channel, scripts.sent(script) + content)
            if is_over:
                channel.shutdown_write()
            head = _head(channel, patience)
        except (paramiko.SSHException, EOFError, OSError) as error:
            channel.close()
            raise self._link.severed() from error
        except Stopped:
            channel.close()
            raise
        begun = _Begun(channel, head)
        if head in {scripts.BEGUN, scripts.MISSING}:
            return begun
        said = _last_words(channel)
        status = channel.recv_exit_status() if channel.exit_status_ready() else _NO_STATUS
        channel.close()
        if status == _NO_STATUS and self._link.is_cut():
            raise self._link.severed()
        raise (
            self._sudo_refused(said) if self._ssh.sudo and "sudo:" in said else self._unusable(said)
        )

    def _unusable(self, said: str) -> HostUnusable:
        said = " ".join(said.split())[:_TOLD_MAX] or "it says nothing"
        return HostUnusable(
            f"{self._link.name} cannot be used: {said}",
            remedy=Remedy("Let the account have a POSIX shell, dd, and a directory to write in."),
            host=self._link.name,
            said=said,
        )

    def _sudo_refused(self, said: str) -> SudoRefused:
        return SudoRefused(
            f"sudo on {self._link.name} does not let {self._ssh.user}: "
            f"{' '.join(said.split())[:_TOLD_MAX]}",
            remedy=Remedy(
                "Let the account run sh as root without a password, or leave out sudo: true.",
                f"echo '{self._ssh.user} ALL=(root) NOPASSWD: /bin/sh' > /etc/sudoers.d/stella",
            ),
            host=self._link.name,
            user=self._ssh.user,
        )


_NO_STATUS = -1


class _Patience:
    """How long one answer may take in all, however it comes; a stop ends it too.

    Raises Stopped, TimeoutError, and what paramiko does where it breaks.
    """

    def __init__(self, stop: threading.Event, limit_s: float) -> None:
        self._stop = stop
        self._until = time.monotonic() + limit_s

    def send(self, channel: "paramiko.Channel", words: bytes) -> None:
        """All of it; less where what reads it has ended: it has said why."""
        left = memoryview(words)
        while left:
            self._look(channel)
            try:
                sent = channel.send(bytes(left[:_PIECE]))
            except TimeoutError:
                continue
            except OSError:
                return  # as paramiko says that the other side has closed it
            if sent == 0:
                return
            left = left[sent:]

    def receive(self, channel: "paramiko.Channel", size: int) -> bytes:
        """The next bytes; none at its end."""
        while True:
            self._look(channel)
            with suppress(TimeoutError):
                return channel.recv(size)

    def _look(self, channel: "paramiko.Channel") -> None:
        if self._stop.is_set():
            raise Stopped
        left_s = self._until - time.monotonic()
        if left_s <= 0:
            raise TimeoutError
        channel.settimeout(min(_TICK_S, left_s))


class _Begun:
    """``UnderWay``: a session. Its input is the line that holds it: at its end all of it is ended."""

    def __init__(self, channel: "paramiko.Channel", head: bytes) -> None:
        self.head = head
        self.channel = channel
        channel.settimeout(None)

    def read_output(self) -> bytes:
        return _received(lambda: self.channel.recv(_PIECE))

    def read_errors(self) -> bytes:
        return _received(lambda: self.channel.recv_stderr(_PIECE))

    def status(self, wait_s: float) -> int | None:
        if not self.channel.status_event.wait(wait_s):
            return None
        return self.channel.exit_status

    def end(self) -> None:
        with suppress(Exception):
            self.channel.shutdown_write()
        # The shell over there asks first, and makes it end then; its own end tells that all did.
        self.channel.status_event.wait(_END_S)
        with suppress(Exception):
            self.channel.close()


_END_S = 8.0


class _Clerk:
    """A session that does one small thing after the other. Raises what paramiko does where it breaks."""

    def __init__(self, begun: "_Begun", mark: str) -> None:
        self._channel = begun.channel
        # Between what was said and its end; nobody over there can know it before.
        self._end = re.compile(rb"\n" + mark.encode() + rb" ([0-9]+)\n\Z")

    def is_there(self) -> bool:
        """Whether it can be asked: its connection was not closed since."""
        return not self._channel.closed and not self._channel.eof_received

    def close(self) -> None:
        """It is asked nothing more."""
        with suppress(Exception):
            self._channel.close()

    def asked(self, words: bytes, patience: _Patience) -> tuple[bytes, int]:
        """All that was said, and the status. Raises Stopped."""
        patience.send(self._channel, words)
        said = bytearray()
        while True:
            piece = patience.receive(self._channel, _PIECE)
            if not piece:
                raise EOFError
            said += piece
            end = self._end.search(said, max(0, len(said) - _END_BYTES_MAX))
            if end is not None:
                return bytes(said[: end.start()]), int(end[1])
            if len(said) > 2 * OUTPUT_BYTES_MAX:
                raise EOFError


_END_BYTES_MAX = 64


class _SshLogins:
    """``Logins``: a directory in the host's memory where it has such a place."""

    def __init__(self, machine: SshMachine, mark: str) -> None:
        self._machine = machine
        self._mark = mark
        self.made: list[str] = []

    def directory(self, login: RegistryLogin) -> str:
        told = self._machine.small(scripts.login_script(self._mark))
        place, _, own = told.partition(b"\n")
        directory = place.decode()
        self.made.append(directory)
        config: object = None
        with suppress(ValueError):
            config = json.loads(own)
        content = json.dumps(with_login(config if isinstance(config, dict) else {}, login)).encode()
        self._machine.small(scripts.login_file_script(directory, len(content)), content)
        return directory


def _received(receive: Callable[[], bytes]) -> bytes:
    import paramiko

    try:
        return receive()
    except (paramiko.SSHException, EOFError, OSError):
        return b""


def _head(channel: "paramiko.Channel", patience: _Patience) -> bytes:
    """The first line that a script of ours says; less where it ended before.

    What stands before it is the account's own shell, whose settings greet whoever comes.
    """
    line, greeted = bytearray(), 0
    while greeted < _GREETING_BYTES_MAX:
        one = patience.receive(channel, 1)
        if not one:
            break
        line += one
        greeted += 1
        if one == b"\n":
            if bytes(line) in {scripts.BEGUN, scripts.MISSING, scripts.UNREADABLE}:
                break
            line.clear()
    return bytes(line)


def _last_words(channel: "paramiko.Channel") -> str:
    said = b""
    deadline = time.monotonic() + _LAST_WORDS_S
    with suppress(Exception):
        while len(said) < _GREETING_BYTES_MAX and (left_s := deadline - time.monotonic()) > 0:
            channel.settimeout(left_s)
            piece = channel.recv_stderr(_PIECE)
            if not piece:
                break
            said += piece
    channel.status_event.wait(1.0)
    return said.decode(errors="replace")
