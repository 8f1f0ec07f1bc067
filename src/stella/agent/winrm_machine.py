"""``Machine`` on a Windows host that is reached by WinRM over HTTPS: nothing of ours is installed there."""

import contextlib
import hashlib
import json
import logging
import ssl
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from stella.agent import winrm_script as scripts
from stella.agent.errors import (
    HostLoginRefused,
    HostLost,
    HostUnreachable,
    HostUnusable,
    NotReachedFromHere,
    WrongHost,
)
from stella.agent.local import missing
from stella.agent.machine import Command, Ended, Kept, Severed, Stopped, Tell
from stella.agent.over_ssh import Credential
from stella.agent.registry_login import with_login
from stella.agent.windows_words import command_line
from stella.kernel import Remedy, StellaError
from stella.sdk.files import FileNotWritten, checked_name
from stella.sdk.protocol import RegistryLogin, Winrm

_CONNECT_S, _READ_S = 10, 30
_POLL_S = 1
_IDLE_S = 60
_SMALL_S = 60.0
_UTF8 = 65001
_TOLD_MAX = 500
_ENDED_STATE_S = 5.0


class WinrmMachine:
    """A project's place there, below ``ProgramData``. One shell serves a whole order.

    A shell that hears nothing for a minute is ended by the host, with what runs in it. stop: set when
    nothing more may be done there.
    """

    def __init__(
        self, winrm: Winrm, project: str, credential: Credential, stop: threading.Event
    ) -> None:
        _refuse_without_library()
        self._winrm = winrm
        self._project = checked_name(project)
        self._credential = credential
        self._stop = stop
        self._shell: Any = None
        self._open = contextlib.ExitStack()
        self._was_open = False

    @property
    def name(self) -> str:
        """For people."""
        return f"{self._winrm.host}:{self._winrm.port}"

    def run(self, command: Command, tell: Tell, stop: threading.Event) -> Ended:
        """``Machine``."""
        if stop.is_set():
            raise Stopped
        words = scripts.asked(
            "run",
            self._project,
            command.stdin or b"",
            file=command.argv[0],
            arguments=command_line(command.argv[1:]),
            environment=[list(one) for one in sorted(command.environment.items())],
        )
        head, ended = self._asked(words, command.timeout_s, tell, stop)
        if head == scripts.MISSING:
            raise missing(command.argv[0])
        return ended

    def write(self, name: str, content: bytes) -> str:
        """``Machine``."""
        try:
            words = scripts.asked("write", self._project, content, name=checked_name(name))
            return self.small(words).decode()
        except HostUnusable as refusal:
            raise FileNotWritten(
                f"{name} cannot be written on {self.name}: {refusal.facts['said']}",
                remedy=Remedy("Free space there, or let the account write there; then try again."),
                path=name,
            ) from refusal

    def read(self, name: str) -> bytes | None:
        """``Machine``."""
        words = scripts.asked("read", self._project, name=checked_name(name))
        head, ended = self._asked(words, _SMALL_S, _nobody, self._stop)
        return None if head == scripts.MISSING else ended.output

    @contextmanager
    def logins(self) -> Iterator["_WinrmLogins"]:
        """``Machine``."""
        logins = _WinrmLogins(self, self._project)
        try:
            yield logins
        finally:
            for one in logins.made:
                # At a stop too: a login is not left behind.
                words = scripts.asked("forget", self._project, name=one)
                with suppress(HostUnusable, Severed):
                    self._asked(words, _SMALL_S, _nobody, threading.Event())

    def close(self) -> None:
        """``Machine``."""
        self._shell = None
        with suppress(Exception):
            self._open.close()
        self._open = contextlib.ExitStack()

    def small(self, words: bytes) -> bytes:
        """What it prints. Raises Stopped, HostUnusable, Severed, and what refuses."""
        _, ended = self._asked(words, _SMALL_S, _nobody, self._stop)
        if ended.status != 0:
            raise self._unusable(ended.said.decode(errors="replace") or "it did not end")
        return ended.output

    def _asked(
        self, words: bytes, timeout_s: float, tell: Tell, stop: threading.Event
    ) -> tuple[bytes, Ended]:
        """The first line that it says, and the rest. Raises Stopped, Severed, and what refuses."""
        import requests
        from pypsrp.exceptions import AuthenticationError, WinRMError

        try:
            return self._done(words, timeout_s, tell, stop)
        except requests.exceptions.SSLError as error:
            trouble: StellaError = self._wrong_host(error)
        except AuthenticationError:
            trouble = HostLoginRefused(
                f"{self.name} does not let {self._winrm.user} in with what is given",
                remedy=Remedy("See that the account has that password, and may use WinRM."),
                host=self.name,
                user=self._winrm.user,
            )
        except (requests.exceptions.RequestException, OSError) as error:
            trouble = self._away(type(error).__name__)
        except WinRMError as error:
            trouble = self._unusable(str(error))
        self.close()
        if not self._was_open:
            raise trouble
        if isinstance(trouble, HostUnreachable | HostUnusable):
            trouble = HostLost(
                f"the connection to {self.name} broke in the middle: {trouble}"[:_TOLD_MAX],
                remedy=Remedy(
                    "See why on the way there; then deploy again: it goes on from there."
                ),
                host=self.name,
            )
        raise Severed(trouble)

    def _done(
        self, words: bytes, timeout_s: float, tell: Tell, stop: threading.Event
    ) -> tuple[bytes, Ended]:
        from pypsrp.shell import CommandState, Process, SignalCode

        shell = self._opened()
        process = Process(shell, scripts.PROGRAM, scripts.arguments())
        process.begin_invoke()
        size = shell.wsman.max_payload_size
        for at in range(0, len(words), size):
            process.send(words[at : at + size], end=at + size >= len(words))
        output, said = Kept(), Kept(tell)
        head, deadline, is_ended = b"", time.monotonic() + timeout_s, False
        while process.state != CommandState.DONE:
            if not is_ended and (stop.is_set() or time.monotonic() >= deadline):
                is_ended, deadline = True, time.monotonic() + _ENDED_STATE_S
                process.signal(SignalCode.TERMINATE)
            elif is_ended and time.monotonic() >= deadline:
                break
            process.poll_invoke(timeout=_POLL_S)
            piece, process.stdout = process.stdout, b""
            if not head.endswith(b"\n"):
                first, end, piece = (head + piece).replace(b"\r\n", b"\n", 1).partition(b"\n")
                head = first + end
            output.add(piece)
            said.add(process.stderr)
            process.stderr = b""
        said.end()
        if is_ended and stop.is_set():
            raise Stopped
        status = None if is_ended else process.rc
        if head not in {scripts.BEGUN, scripts.MISSING} and not is_ended:
            why = said.content.decode(errors="replace") or head.decode(errors="replace")
            raise self._unusable(why)
        return head, Ended(bytes(output.content), bytes(said.content), status)

    def _opened(self) -> Any:
        if self._shell is not None:
            return self._shell
        from pypsrp.shell import WinRS
        from pypsrp.wsman import WSMan

        # What believes certificates wants a file.
        folder = self._open.enter_context(tempfile.TemporaryDirectory(prefix="stella-winrm-"))
        pinned = Path(folder, "pinned.pem")
        pinned.write_text(self._winrm.certificate)
        wsman = self._open.enter_context(
            WSMan(
                self._winrm.host,
                port=self._winrm.port,
                username=self._winrm.user,
                password=self._credential(self._winrm.password),
                ssl=True,
                auth=self._winrm.login.value,
                cert_validation=cast("Any", str(pinned)),
                connection_timeout=_CONNECT_S,
                read_timeout=_READ_S,
                no_proxy=True,
            )
        )
        # No redirect is followed: who is there is pinned for this place alone, and what is sent there
        # are secrets.
        session = wsman.transport._build_session()  # noqa: SLF001 - it takes none that is made already
        session.max_redirects = 0
        wsman.transport.session = session
        shell = WinRS(wsman, idle_time_out=_IDLE_S, codepage=_UTF8)
        self._shell = self._open.enter_context(shell)
        self._was_open = True
        return shell

    def _wrong_host(self, error: Exception) -> StellaError:
        expected = _shown(self._winrm.certificate)
        try:
            _, found = certificate_of(self._winrm.host, self._winrm.port)
        except HostUnreachable:
            return self._away(type(error).__name__)
        return WrongHost(
            f"{self.name} has the certificate {found}, which what is pinned ({expected}) does not prove,"
            " or it is for another name",
            remedy=Remedy(
                "Find out why. Where it was changed on purpose, pin the new one.",
                f"stella target host-key {self.name} --winrm",
            ),
            host=self.name,
            expected=expected,
            found=found,
        )

    def _away(self, why: str) -> HostUnreachable:
        return HostUnreachable(
            f"{self.name} is not reached: {why}",
            remedy=Remedy(
                "See that WinRM listens there by HTTPS, and that this agent may reach it."
            ),
            host=self.name,
        )

    def _unusable(self, said: str) -> HostUnusable:
        said = " ".join(said.split())[:_TOLD_MAX] or "it says nothing"
        return HostUnusable(
            f"{self.name} cannot be used: {said}",
            remedy=Remedy(
                "Let the account use WinRM, PowerShell and a directory below ProgramData."
            ),
            host=self.name,
            said=said,
        )


class _WinrmLogins:
    """``Logins``: a directory in the project's own, which is closed to others."""

    def __init__(self, machine: WinrmMachine, project: str) -> None:
        self._machine = machine
        self._project = project
        self.made: list[str] = []

    def directory(self, login: RegistryLogin) -> str:
        """``Logins``."""
        told = self._machine.small(scripts.asked("login", self._project))
        place, _, own = told.partition(b"\n")
        directory = place.decode().rstrip("\r")
        self.made.append(directory)
        config: object = None
        with suppress(ValueError):
            config = json.loads(own)
        content = json.dumps(with_login(config if isinstance(config, dict) else {}, login)).encode()
        self._machine.small(scripts.asked("login_file", self._project, content, name=directory))
        return directory


def certificate_of(host: str, port: int) -> tuple[str, str]:
    """What is shown there, PEM, and its fingerprint; nobody logs in. Raises HostUnreachable."""
    try:
        pem = ssl.get_server_certificate((host, port), timeout=_CONNECT_S)
    except OSError as error:
        raise HostUnreachable(
            f"{host}:{port} shows no certificate: {error.strerror or type(error).__name__}",
            remedy=Remedy("See that WinRM listens there by HTTPS, and that it may be reached."),
            host=f"{host}:{port}",
        ) from error
    return pem, _shown(pem)


def _shown(pem: str) -> str:
    """SHA-256 of a certificate, as Windows and OpenSSL show it but for colons."""
    with suppress(ValueError):
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem.strip() + "\n")).hexdigest()
    return "several"


def _refuse_without_library() -> None:
    try:
        import pypsrp
    except ImportError as error:
        raise NotReachedFromHere(
            "this agent cannot reach hosts by WinRM: its library is not installed",
            remedy=Remedy("Install it beside the agent.", "pip install 'stella-ops[reach]'"),
            way="winrm",
        ) from error
    # At its finest it logs whole messages, secrets among them.
    for name in (pypsrp.__name__, "spnego"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _nobody(_: str) -> None:
    return
