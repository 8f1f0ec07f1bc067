"""Mail by SMTP as a notifier."""

import re
import smtplib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import TypeVar
from urllib.parse import urlsplit

from stella.sdk import (
    Connection,
    Message,
    NotSupported,
    NotThere,
    Remedy,
    SentMessage,
    ServiceRefused,
    ServiceUnreachable,
    Severity,
    StellaError,
    Ticket,
)
from stella.sdk.http import HttpTrouble, trusted
from stella.sdk.message_text import TITLE_MAX, as_text, key_digest, one_line
from stella_connectors.smtp.session import NoLogin, NoTls, Server, session

_Given = TypeVar("_Given")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,253}\Z")
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|::1)\Z")
_MARKS = {Severity.PROBLEM: "[problem] ", Severity.WARNING: "[warning] "}
_PORTS = {"smtp": 587, "smtps": 465}
_NO_SUCH_BOX = frozenset({550, 551, 553})


def open_smtp(connection: Connection) -> "Mailbox":
    """The notifier of a connection profile; nothing is sent yet. Raises ServiceRefused."""
    return Mailbox(connection)


class Mailbox:
    """``stella.sdk.Notifier``: mail to the addresses of ``to``. Safe for several threads.

    now: the clock, UTC. What is sent again has the same Message-ID, which most mailboxes show once.
    """

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        config = connection.config
        parts = urlsplit(connection.endpoint)
        host, self._now, self._connection = parts.hostname or "", now, connection
        self._place = parts.netloc or "its endpoint"
        if parts.scheme not in _PORTS or not host or parts.path.strip("/"):
            raise self._refused("its endpoint is no server", "Write smtp://HOST or smtps://HOST.")
        is_plain = config.get("tls") is False
        if is_plain and (parts.scheme == "smtps" or not _LOOPBACK.match(host)):
            raise self._refused(
                "tls: false is for a server on this machine alone",
                "Use smtps://, or smtp:// with STARTTLS.",
            )
        if connection.proxy:
            raise self._refused("its proxy is one for HTTP", "Take the proxy out of it.")
        trouble, context = "", None
        try:
            context = None if is_plain else trusted(connection.ca)
        except HttpTrouble as error:
            trouble = str(error)
        if trouble:
            raise self._refused(trouble, "Give the authority as PEM, -----BEGIN CERTIFICATE-----.")
        self._server = Server(
            host=host,
            port=parts.port or _PORTS[parts.scheme],
            connect=connection.connect,
            timeout_s=connection.timeout_s,
            trusted=context,
            is_implicit=parts.scheme == "smtps",
        )
        self._from, to = str(config.get("from") or ""), config.get("to")
        self._to = [str(one) for one in to] if isinstance(to, list | tuple) else []
        if not self._to or not all(_ADDRESS.match(one) for one in (self._from, *self._to)):
            raise self._refused("it has no from, or no to", "Write addresses like ops@example.com.")

    def send(self, message: Message) -> SentMessage:
        """One mail to all. Raises NotThere where the server knows an address not."""
        mail = self._mail(message)
        unknown = self._used(lambda server: server.send_message(mail, self._from, self._to))
        if unknown:
            raise self._refused(
                f"it takes mail for {len(self._to) - len(unknown)} of {len(self._to)} addresses",
                "Check the addresses; the others were told.",
            )
        return SentMessage("")

    def update(self, reference: str, message: Message) -> SentMessage:
        """Mail that was sent is sent."""
        del reference, message
        raise NotSupported(
            "mail that was sent cannot be changed", remedy=Remedy("Send another one.")
        )

    def ticket(self, key: str) -> Ticket:
        """There are none here."""
        del key
        raise NotSupported(
            "mail knows no tickets",
            remedy=Remedy("Name an integration of a service that has some."),
        )

    def check(self) -> str:
        """That it encrypts and lets us in."""
        self._used(lambda server: server.noop())
        how = "in the open" if self._server.trusted is None else "by TLS"
        return f"it takes mail from us {how}"

    def _mail(self, message: Message) -> EmailMessage:
        """Headers are one line each: nothing of a message begins another one."""
        mail = EmailMessage(policy=SMTP)
        title = one_line(message.title, TITLE_MAX) or "-"
        mail["Subject"] = f"{_MARKS.get(message.severity, '')}{title}"
        mail["From"] = self._from
        mail["To"] = ", ".join(self._to)
        mail["Date"] = format_datetime(self._now())
        mail["Message-ID"] = f"<{key_digest(message.key)}@{self._from.partition('@')[2]}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(f"{title}\n\n{as_text(message)}\n", cte="base64")
        return mail

    # ------------------------------------------------------------ sessions

    def _used(self, call: Callable[[smtplib.SMTP], _Given]) -> _Given:
        """What the call gives. Its refusal is raised where nothing is handled any more: a server's
        words, which may repeat ours, do not hang on it.
        """
        user, password = self._credential("username"), self._credential("password")
        refusal: StellaError
        try:
            with session(self._server, user, password) as server:
                return call(server)
        except NoTls:
            refusal = self._refused(
                "it offers no TLS, or somebody on the way took the offer out",
                "Let it offer STARTTLS, or use smtps://.",
            )
        except NoLogin:
            refusal = self._refused("it offers no way to log in", "Leave out the credentials.")
        except ssl.SSLError:
            refusal = self._unreachable("its certificate does not count, or it speaks no TLS")
        except smtplib.SMTPAuthenticationError as error:
            refusal = self._answered(error.smtp_code, "our login")
        except smtplib.SMTPRecipientsRefused as error:
            refusal = self._no_box(error)
        except smtplib.SMTPResponseException as error:
            refusal = self._answered(error.smtp_code, "the mail")
        except (smtplib.SMTPException, ValueError) as error:
            refusal = self._unreachable(f"{type(error).__name__}: it does not speak as it should")
        except OSError as error:
            refusal = self._unreachable(f"{type(error).__name__}: {error.strerror or 'no answer'}")
        raise refusal

    def _credential(self, name: str) -> str:
        ask = self._connection.credentials.get(name)
        text = ask() if ask is not None else ""
        if text and not (text.isprintable() and text.isascii()):
            raise self._refused(f"its credential {name} holds what none has", "Store it anew.")
        return text

    def _no_box(self, error: smtplib.SMTPRecipientsRefused) -> StellaError:
        codes = {code for code, _ in error.recipients.values()}
        if codes <= _NO_SUCH_BOX:
            return NotThere(
                f"the mail server at {self._place} has none of the addresses",
                remedy=Remedy("Check the addresses under to."),
                service=self._place,
            )
        return self._answered(max(codes, default=0), "the addresses")

    def _answered(self, code: int, what: str) -> StellaError:
        """4yz passes by itself, 5yz does not (RFC 5321, section 4.2.1)."""
        if not 500 <= code <= 599:
            return self._unreachable(f"it does not take {what} now ({code})")
        return self._refused(
            f"it does not take {what} ({code})", "See its log, and what it lets us send as."
        )

    def _refused(self, why: str, advice: str) -> ServiceRefused:
        return ServiceRefused(
            f"the mail server at {self._place} cannot be used: {why}",
            remedy=Remedy(advice),
            service=self._place,
        )

    def _unreachable(self, why: str) -> ServiceUnreachable:
        return ServiceUnreachable(
            f"the mail server at {self._place} gives no usable answer: {why}",
            remedy=Remedy("Check its address and certificate, and that it runs; then try again."),
            service=self._place,
        )
