"""One session with a mail server: RFC 5321, STARTTLS (RFC 3207), AUTH (RFC 4954), in time.

The socket is the host's. A server that does not offer TLS where it is asked for is refused before
anything is said: who strips STARTTLS from its answer learns neither a password nor a message.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from stella.sdk import Connect

_TIMES_MAX = 3


@dataclass(frozen=True, slots=True)
class Server:
    """How a mail server is reached. trusted: the authorities; None for no TLS.

    is_implicit: TLS from the first byte on, else by STARTTLS.
    """

    host: str
    port: int
    connect: Connect = field(repr=False)
    timeout_s: int
    trusted: ssl.SSLContext | None
    is_implicit: bool


class NoTls(Exception):
    """It offers none."""


class NoLogin(Exception):
    """It offers no way to log in."""


class _Session(smtplib.SMTP):
    def __init__(self, server: Server) -> None:
        self._server = server
        super().__init__(local_hostname="stella-ops", timeout=server.timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """The seam that smtplib has for it."""
        opened = self._server.connect(host, port, timeout)
        opened.settimeout(timeout)
        if self._server.trusted is None or not self._server.is_implicit:
            return opened
        try:
            return self._server.trusted.wrap_socket(opened, server_hostname=host)
        except BaseException:
            opened.close()
            raise


@contextmanager
def session(server: Server, username: str, password: str) -> Iterator[smtplib.SMTP]:
    """Connected, encrypted and logged in (where a password is given).

    Raises NoTls, NoLogin, OSError, smtplib.SMTPException, ValueError.
    """
    made = _Session(server)
    with _in_time(made, server.timeout_s):
        try:
            made.connect(server.host, server.port)
            made.ehlo_or_helo_if_needed()
            if server.trusted is not None and not server.is_implicit:
                if not made.has_extn("starttls"):
                    raise NoTls
                # What came before the handshake is thrown away: RFC 3207, section 4.2.
                made._host = server.host  # type: ignore[attr-defined]  # noqa: SLF001 - it names whom TLS has to be with
                made.starttls(context=server.trusted)
                made.ehlo()
            if password:
                if not made.has_extn("auth"):
                    raise NoLogin
                made.login(username, password)
            yield made
            with suppress(smtplib.SMTPException, OSError):
                made.quit()
        finally:
            made.close()


@contextmanager
def _in_time(made: smtplib.SMTP, timeout_s: int) -> Iterator[None]:
    """The socket's own limit starts again with every byte. Raises TimeoutError."""
    late = threading.Event()

    def break_off() -> None:
        late.set()
        with suppress(OSError, AttributeError):
            made.sock.shutdown(socket.SHUT_RDWR)  # type: ignore[union-attr]

    limit = threading.Timer(timeout_s * _TIMES_MAX, break_off)
    limit.daemon = True
    limit.start()
    try:
        yield
    except (OSError, smtplib.SMTPException, ValueError):
        if not late.is_set():
            raise
    finally:
        limit.cancel()
    if late.is_set():
        raise TimeoutError(f"it takes more than {timeout_s * _TIMES_MAX} s")
