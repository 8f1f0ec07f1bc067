"""Git over SSH: ``git-upload-pack`` in a session of its own, by the socket of the connection.

The server is known by its host keys, which stand in the configuration: no other is ever taken, not
even at the first time. Nothing of the machine's own SSH counts: no agent, no key files, no settings.
"""

import logging
import shlex
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from urllib.parse import urlsplit

import paramiko
from paramiko.ssh_exception import IncompatiblePeer

from stella.sdk import (
    Connection,
    NotSupported,
    NotThere,
    Remedy,
    ServiceRefused,
    ServiceUnreachable,
)
from stella.sdk.http import BYTES_PER_SECOND_MIN
from stella_connectors.git.source import Mark, Source

_PIECE = 64 * 1024
_PORT = 22
_COMPLAINT_BYTES_MAX = 4096
_GREETING_BYTES_MAX = 8 * 1024 * 1024
# It logs what the other side says; a refusal says what we need to know.
logging.getLogger("paramiko").addHandler(logging.NullHandler())


class GitSsh:
    """``Transport`` over SSH. Safe for several threads: each line is a connection of its own."""

    title = "Git"

    def __init__(self, connection: Connection) -> None:
        parts = urlsplit(connection.endpoint)
        self._connection = connection
        self.host = parts.netloc.rpartition("@")[2]
        self._place = (parts.hostname or "", parts.port or _PORT)
        self._base = parts.path.rstrip("/")
        self._account = str(connection.config.get("username") or "git")
        self._looked_at = str(connection.config.get("repository") or "")
        given = connection.config.get("host_keys")
        self._host_keys = _host_keys(given if isinstance(given, list) else [])
        if not self._host_keys:
            raise self.refused(
                "its configuration names no host key",
                "Give host_keys as `ssh-keyscan` prints them, and compare them with the server's.",
            )

    def close(self) -> None:
        """Nothing is kept."""

    def check(self) -> str:
        """That it lets us in, and gives us the repository that the configuration names."""
        if not self._looked_at:
            with self._connected():
                return f"{self._account} is let in"
        with self.line(self._looked_at) as line:
            for _ in line.advertised():
                break
        return f"{self._account} is given {self._looked_at}"

    @contextmanager
    def line(self, repository: str) -> Iterator["_SshLine"]:
        """One connection; each question is a session of its own."""
        with self._connected() as transport:
            yield _SshLine(self, transport, f"{self._base}/{repository}")

    @contextmanager
    def session(self, transport: paramiko.Transport, path: str) -> Iterator[paramiko.Channel]:
        """An upload-pack that runs there."""
        try:
            channel = transport.open_session(timeout=self._connection.timeout_s)
            channel.settimeout(self._connection.timeout_s)
            # Where sshd does not take it, it greets in version 0, which is refused with the remedy.
            channel.set_environment_variable("GIT_PROTOCOL", "version=2")
            channel.exec_command(f"git-upload-pack {shlex.quote(path)}")
        except (paramiko.SSHException, EOFError, OSError) as error:
            trouble = type(error).__name__
        else:
            try:
                yield channel
            finally:
                with suppress(Exception):
                    channel.close()
            return
        raise self.unreachable(f"it opens no session ({trouble})")

    def chunks(self, channel: paramiko.Channel) -> Iterator[bytes]:
        """What comes, as it comes, and not too slowly. Raises ServiceUnreachable."""
        received, grace_until = 0, time.monotonic() + self._connection.timeout_s
        while True:
            trouble = ""
            try:
                chunk = channel.recv(_PIECE)
            except (paramiko.SSHException, EOFError, OSError) as error:
                trouble = type(error).__name__
            if trouble:
                raise self.unreachable(f"it broke off ({trouble})")
            if not chunk:
                return
            received += len(chunk)
            if received < (time.monotonic() - grace_until) * BYTES_PER_SECOND_MIN:
                raise self.unreachable("it sends too slowly")
            yield chunk

    def refuse_silence(self, channel: paramiko.Channel, path: str) -> None:
        """Why it ended without a greeting. Raises NotThere, ServiceRefused, ServiceUnreachable."""
        told = b""
        with suppress(OSError, EOFError, paramiko.SSHException):
            while len(told) < _COMPLAINT_BYTES_MAX:
                piece = channel.recv_stderr(_COMPLAINT_BYTES_MAX)
                if not piece:
                    break
                told += piece
        said = told.lower()
        if any(
            one in said for one in (b"not appear to be", b"not found", b"not exist", b"could not")
        ):
            raise self.not_there(f"repository {path.strip('/')}")
        if any(one in said for one in (b"denied", b"permission", b"not allowed", b"unauthorized")):
            raise self.refused("it does not give us that repository", "Let the account read it.")
        raise self.unreachable("it ends without a word of git's")

    # ------------------------------------------------------------ the way there

    @contextmanager
    def _connected(self) -> Iterator[paramiko.Transport]:
        """Raises ServiceUnreachable, ServiceRefused."""
        transport = self._opened()
        try:
            yield transport
        finally:
            transport.close()

    def _opened(self) -> paramiko.Transport:
        timeout_s = self._connection.timeout_s
        trouble: Exception | None = None
        transport: paramiko.Transport | None = None
        try:
            opened = self._connection.connect(*self._place, timeout_s)
            transport = paramiko.Transport(opened)
            transport.banner_timeout = transport.handshake_timeout = timeout_s
            transport.auth_timeout = timeout_s
            self._pin(transport)
            transport.start_client(timeout=timeout_s)
            if transport.get_remote_server_key().asbytes() not in self._host_keys:
                raise self._wrong_host()
            self._let_in(transport)
        except IncompatiblePeer:
            trouble = self._wrong_host()
        except paramiko.AuthenticationException:
            trouble = self.refused(
                f"it does not take the key or password of {self._account}",
                "See that the account has that key, and that it counts.",
            )
        except (paramiko.SSHException, EOFError, OSError) as error:
            trouble = self.unreachable(f"no SSH connection ({type(error).__name__})")
        except (ServiceRefused, ServiceUnreachable) as refusal:
            trouble = refusal
        if trouble is not None or transport is None:
            if transport is not None:
                transport.close()
            raise trouble or self.unreachable("no SSH connection")
        return transport

    def _pin(self, transport: paramiko.Transport) -> None:
        """Ask for host keys of the kinds that are known alone."""
        kinds = set(self._host_keys.values())
        if "ssh-rsa" in kinds:
            kinds |= {"rsa-sha2-512", "rsa-sha2-256"}
        kinds.discard("ssh-rsa")
        options = transport.get_security_options()
        options.key_types = tuple(one for one in options.key_types if one in kinds)

    def _let_in(self, transport: paramiko.Transport) -> None:
        key = self._credential("private_key")
        if key is not None:
            transport.auth_publickey(self._account, self._key(key))
            return
        password = self._credential("password")
        if password is None:
            raise self.refused(
                "it has neither a private key nor a password",
                "Give the credential private_key or password in the connection.",
            )
        transport.auth_password(self._account, password, fallback=False)

    def _key(self, text: str) -> paramiko.PKey:
        passphrase = self._credential("passphrase")
        for kind in (paramiko.Ed25519Key, paramiko.ECDSAKey, paramiko.RSAKey):
            with suppress(paramiko.SSHException, ValueError, TypeError, IndexError):
                return kind.from_private_key(StringIO(text.strip() + "\n"), passphrase)
        raise self.refused(
            "its private key cannot be read",
            "Give an Ed25519, ECDSA or RSA key in OpenSSH's form, and its passphrase if it has one.",
        )

    def _credential(self, name: str) -> str | None:
        if name not in self._connection.credentials:
            return None
        return self._connection.credentials[name]() or None

    # ------------------------------------------------------------ how it says no

    def unreachable(self, why: str, advice: str = "") -> ServiceUnreachable:
        """No usable answer."""
        return ServiceUnreachable(
            f"{self.title} at {self.host} gives no usable answer: {why}",
            remedy=Remedy(advice or "Check its address, and that it runs; then try again."),
            service=self.host,
        )

    def refused(self, why: str, advice: str) -> ServiceRefused:
        """We are not let in, or not to that."""
        return ServiceRefused(
            f"{self.title} at {self.host} cannot be used: {why}",
            remedy=Remedy(advice),
            service=self.host,
        )

    def not_there(self, what: str) -> NotThere:
        """There is no such thing."""
        return NotThere(
            f"{self.title} at {self.host} has no {what}",
            remedy=Remedy("Check the name, and that our account may see it."),
            service=self.host,
        )

    def not_supported(self, what: str) -> NotSupported:
        """It cannot do that."""
        return NotSupported(
            f"{self.title} at {self.host} cannot do that: {what}",
            remedy=Remedy("Leave it out, or use a service that can."),
            service=self.host,
        )

    def _wrong_host(self) -> ServiceRefused:
        return self.refused(
            "it does not show a host key that its configuration names",
            "Compare the server's key with host_keys; where it changed on purpose, replace it.",
        )


class _SshLine:
    def __init__(self, ssh: GitSsh, transport: paramiko.Transport, path: str) -> None:
        self._ssh = ssh
        self._transport = transport
        self._path = path

    def advertised(self) -> Iterator[bytes]:
        """``Line``."""
        with self._ssh.session(self._transport, self._path) as channel:
            is_silent = True
            for chunk in self._ssh.chunks(channel):
                is_silent = False
                yield chunk
            if is_silent:
                self._ssh.refuse_silence(channel, self._path)

    @contextmanager
    def ask(self, request: bytes) -> Iterator[Iterator[bytes]]:
        """``Line``."""
        with self._ssh.session(self._transport, self._path) as channel:
            chunks = self._ssh.chunks(channel)
            greeting = Source(chunks, _GREETING_BYTES_MAX)
            while greeting.line() is not Mark.FLUSH:
                pass
            channel.sendall(request)
            yield chunks


def _host_keys(lines: list[object]) -> dict[bytes, str]:
    """Blob -> kind of each key that can be read."""
    found: dict[bytes, str] = {}
    for line in lines:
        words = str(line).split()
        if len(words) >= 2:
            with suppress(ValueError):
                found[b64decode(words[1], validate=True)] = words[0]
    return found
