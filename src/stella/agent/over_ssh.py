"""A host by SSH: one connection, through every jump host, each known by the key that is pinned.

Nothing of this machine's own SSH counts: no agent, no key files, no settings, no known hosts.
"""

import base64
import contextlib
import logging
import socket
import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import StringIO
from typing import TYPE_CHECKING

from stella.agent.errors import (
    HostLoginRefused,
    HostLost,
    HostUnreachable,
    NotReachedFromHere,
    WrongHost,
)
from stella.agent.machine import Severed
from stella.kernel import Remedy, StellaError
from stella.sdk.protocol import Hop, Ssh, fingerprint, pinned_key

if TYPE_CHECKING:
    import paramiko

CONNECT_S = 10.0
_KEEP_ALIVE_S = 10
_SILENT_MS = 30_000
_LAST_S = 0.5
_AHEAD = 2

Credential = Callable[[str], str]
"""A reference -> what lies there now, masked from then on. Raises SecretUnresolved."""


class SshLink:
    """The way to one host; opened when it is first needed, and again where it broke.

    line: what each session runs. A host takes a tenth of a second to begin one, so that the next ones are
    begun while the last is at work. They wait for their input, and do nothing where none comes.
    """

    def __init__(self, ssh: Ssh, credential: Credential, line: str) -> None:
        self._ssh = ssh
        self._credential = credential
        self._line = line
        self._begun: deque[_Beginning] = deque()
        self._way: list[paramiko.Transport] = []
        self._was_open = False

    @property
    def name(self) -> str:
        """For people."""
        return f"{self._ssh.host}:{self._ssh.port}"

    def session(self) -> "paramiko.Channel":
        """A session on the host. Raises Severed where it was reached before; else what refuses."""
        try:
            return self._session()
        except StellaError as refusal:
            self.close()
            if self._was_open:
                raise Severed(refusal) from refusal
            raise

    def severed(self) -> Severed:
        """What to raise where something broke off in the middle."""
        self.close()
        return Severed(
            HostLost(
                f"the connection to {self.name} broke in the middle",
                remedy=Remedy(
                    "See why on the way there; then deploy again: it goes on from there."
                ),
                host=self.name,
            )
        )

    def is_cut(self) -> bool:
        """Whether the connection itself is gone, asked after a session ended without a status."""
        last = self._way[-1] if self._way else None
        if last is None:
            return True
        last.join(_LAST_S)  # a session learns of it first
        return not last.is_active()

    def close(self) -> None:
        """The host first, then each jump host back to here."""
        self._begun.clear()
        while self._way:
            with suppress(Exception):
                self._way.pop().close()

    def _session(self) -> "paramiko.Channel":
        import paramiko

        if self._way and not all(one.is_active() for one in self._way):
            self.close()
        if not self._way:
            self._open()
            self._was_open = True
        while len(self._begun) <= _AHEAD:
            self._begun.append(_Beginning(self._way[-1], self._line))
        try:
            return self._begun.popleft().channel()
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._unreachable(self._ssh.hops[-1], error) from error

    def _open(self) -> None:
        for hop in self._ssh.hops:
            self._way.append(self._logged_in(hop, self._line_to(hop)))

    def _line_to(self, hop: Hop) -> "socket.socket | paramiko.Channel":
        """A connection from here, or from the jump host before it."""
        import paramiko

        try:
            if self._way:
                place, here = (hop.host, hop.port), ("127.0.0.1", 0)
                return self._way[-1].open_channel("direct-tcpip", place, here, timeout=CONNECT_S)
            line = socket.create_connection((hop.host, hop.port), CONNECT_S)
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A host that says nothing more to what is sent is gone; the keep-alives are sent always.
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENT_MS)
        except (paramiko.SSHException, EOFError, OSError) as error:
            raise self._unreachable(hop, error) from error
        return line

    def _logged_in(
        self, hop: Hop, line: "socket.socket | paramiko.Channel"
    ) -> "paramiko.Transport":
        import paramiko

        transport: paramiko.Transport | None = None
        try:
            transport = shaken(line, pinned_key(hop.host_key)[0])
            _refuse_other(hop, transport.get_remote_server_key().asbytes())
            self._let_in(transport, hop)
        except BaseException as error:
            (transport or line).close()
            match error:
                case paramiko.ssh_exception.IncompatiblePeer():
                    raise wrong_host(hop, self._shown_by(hop)) from None
                case paramiko.AuthenticationException():
                    raise _login_refused(hop) from None
                case paramiko.SSHException() | EOFError() | OSError():
                    raise self._unreachable(hop, error) from error
            raise
        transport.set_keepalive(_KEEP_ALIVE_S)
        return transport

    def _shown_by(self, hop: Hop) -> str:
        """The key that it has instead, of whatever kind."""
        with suppress(Exception):
            return fingerprint(shown_key(self._line_to(hop)))
        return "none of its kind"

    def _let_in(self, transport: "paramiko.Transport", hop: Hop) -> None:
        if hop.key is not None:
            passphrase = self._credential(hop.passphrase) if hop.passphrase else None
            transport.auth_publickey(hop.user, _key(hop, self._credential(hop.key), passphrase))
            return
        assert hop.password is not None, "a hop has a key or a password"
        transport.auth_password(hop.user, self._credential(hop.password), fallback=False)

    def _unreachable(self, hop: Hop, error: BaseException) -> HostUnreachable:
        through = " from the jump host before it" if self._way else ""
        why = error.strerror if isinstance(error, OSError) and error.strerror else ""
        return HostUnreachable(
            f"{hop.host}:{hop.port} is not reached{through}: {why or type(error).__name__}",
            remedy=Remedy("See that it runs, and that this agent's host may reach it by SSH."),
            host=f"{hop.host}:{hop.port}",
        )


class _Beginning:
    """A session that a host is asked for, by a thread of its own: the asking waits for the host."""

    def __init__(self, way: "paramiko.Transport", line: str) -> None:
        self._way, self._line = way, line
        self._found: paramiko.Channel | None = None
        self._trouble: Exception | None = None
        self._thread = threading.Thread(target=self._begin, name="session", daemon=True)
        self._thread.start()

    def channel(self) -> "paramiko.Channel":
        """Raises SSHException, EOFError, OSError."""
        self._thread.join(2 * CONNECT_S)
        if self._found is None:
            raise self._trouble or TimeoutError("it begins no session")
        return self._found

    def _begin(self) -> None:
        import paramiko

        try:
            channel = self._way.open_session(timeout=CONNECT_S)
            channel.settimeout(CONNECT_S)
            channel.exec_command(self._line)
        except (paramiko.SSHException, EOFError, OSError) as error:
            self._trouble = error
        else:
            self._found = channel


def refuse_without_ssh() -> None:
    """Return where this agent can use SSH. Raises NotReachedFromHere."""
    try:
        import paramiko
    except ImportError as error:
        raise NotReachedFromHere(
            "this agent cannot reach hosts by SSH: its library is not installed",
            remedy=Remedy("Install it beside the agent.", "pip install 'stella-ops[reach]'"),
            way="ssh",
        ) from error
    # It logs what the other side says; a refusal says what we need to know.
    logging.getLogger(paramiko.__name__).setLevel(logging.CRITICAL)


def shown_key(line: "socket.socket | paramiko.Channel", kind: str | None = None) -> bytes:
    """The host key that is shown there; nobody logs in. Raises SSHException, EOFError, OSError."""
    with contextlib.closing(shaken(line, kind)) as transport:
        return transport.get_remote_server_key().asbytes()


def keys_of(host: str, port: int) -> tuple[str, ...]:
    """The host keys that are shown there, one of a kind, as ``hostKey`` has them; nobody logs in.

    Raises NotReachedFromHere, HostUnreachable.
    """
    refuse_without_ssh()
    import paramiko

    found, trouble = [], ""
    for kind in ("ssh-ed25519", "ecdsa-sha2-nistp256", "ssh-rsa"):
        try:
            key = shown_key(socket.create_connection((host, port), CONNECT_S), kind)
            found.append(f"{kind} {base64.b64encode(key).decode()}")
        except paramiko.ssh_exception.IncompatiblePeer:
            continue  # it has none of that kind
        except (paramiko.SSHException, EOFError, OSError) as error:
            trouble = str(error) or type(error).__name__
            break
    if not found:
        raise HostUnreachable(
            f"{host}:{port} shows no host key: {trouble or 'it has none of a kind that counts'}",
            remedy=Remedy("See that an sshd listens there, and that this machine may reach it."),
            host=f"{host}:{port}",
        )
    return tuple(found)


def shaken(line: "socket.socket | paramiko.Channel", kind: str | None) -> "paramiko.Transport":
    """After the handshake, before any login. kind: of the host key that is asked for."""
    import paramiko

    transport = paramiko.Transport(line)
    transport.daemon = True
    transport.banner_timeout = transport.handshake_timeout = transport.auth_timeout = CONNECT_S
    if kind is not None:
        options = transport.get_security_options()
        kinds = ("rsa-sha2-512", "rsa-sha2-256") if kind == "ssh-rsa" else (kind,)
        options.key_types = tuple(one for one in options.key_types if one in kinds)
    try:
        transport.start_client(timeout=CONNECT_S)
    except BaseException:
        transport.close()
        raise
    return transport


def _refuse_other(hop: Hop, found: bytes) -> None:
    """Return where that key is the one that is pinned. Raises WrongHost."""
    if found != pinned_key(hop.host_key)[1]:
        raise wrong_host(hop, fingerprint(found))


def wrong_host(hop: Hop, found: str) -> WrongHost:
    """The refusal of a machine that is not who it should be."""
    expected = fingerprint(pinned_key(hop.host_key)[1])
    return WrongHost(
        f"{hop.host}:{hop.port} has the host key {found}, not {expected}, which is pinned",
        remedy=Remedy(
            "Find out why. Where the key was changed on purpose, pin the new one.",
            f"stella target host-key {hop.host}:{hop.port}",
        ),
        host=f"{hop.host}:{hop.port}",
        expected=expected,
        found=found,
    )


def _login_refused(hop: Hop) -> HostLoginRefused:
    return HostLoginRefused(
        f"{hop.host}:{hop.port} does not let {hop.user} in with what is given",
        remedy=Remedy("See that the account has that key or password, and that the host takes it."),
        host=f"{hop.host}:{hop.port}",
        user=hop.user,
    )


def _key(hop: Hop, text: str, passphrase: str | None) -> "paramiko.PKey":
    import paramiko

    kinds: Sequence[type[paramiko.PKey]] = (
        paramiko.Ed25519Key,
        paramiko.ECDSAKey,
        paramiko.RSAKey,
    )
    for kind in kinds:
        with suppress(paramiko.SSHException, ValueError, TypeError, IndexError):
            return kind.from_private_key(StringIO(text.strip() + "\n"), passphrase)
    raise HostLoginRefused(
        f"the private key {hop.key} cannot be read",
        remedy=Remedy(
            "Give an Ed25519, ECDSA or RSA key in OpenSSH's form, and its passphrase if it has one."
        ),
        reference=str(hop.key),
    )
