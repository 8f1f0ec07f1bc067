# ruff: noqa: ARG002 - the shapes of aiosmtpd
"""A real mail server: aiosmtpd, by STARTTLS, by TLS and in the open."""

import contextlib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, LoginPassword

from connectors.registries import served_tls
from stella.lab.network import free_port
from stella.trust import create_authority, new_signer


@dataclass
class Mails:
    """aiosmtpd. takes_tls: it offers STARTTLS. password: of ``ana``; empty where nobody logs in."""

    port: int
    ca: str
    tls: ssl.SSLContext
    password: str = "correct horse battery"
    received: list[EmailMessage] = field(default_factory=list)
    envelopes: list[Envelope] = field(default_factory=list)
    logins: int = 0

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if address.startswith("nobody@"):
            return "550 5.1.1 no such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.envelopes.append(envelope)
        self.received.append(message_from_bytes(envelope.content, policy=default))
        return "250 2.0.0 taken"

    def authenticate(self, server, session, envelope, mechanism, data) -> AuthResult:
        self.logins += 1
        is_good = isinstance(data, LoginPassword) and (
            data.login,
            data.password,
        ) == (b"ana", self.password.encode())
        return AuthResult(success=is_good, handled=is_good)

    def seen(self) -> tuple[str, ...]:
        return tuple(
            f"{one['subject']}\n{one.get_content()}".replace("\r\n", "\n") for one in self.received
        )


@contextlib.contextmanager
def serving_mail(
    directory: Path, *, by: str = "starttls", needs_login: bool = True
) -> Iterator[Mails]:
    """by: ``starttls``, ``tls`` from the first byte, or ``plain``. A certificate for 127.0.0.1."""
    authority = create_authority(directory, new_signer(), datetime.now(UTC))
    tls = served_tls(authority, "127.0.0.1", directory)
    mails = Mails(free_port(), authority.certificate.decode(), tls)
    controller = Controller(
        mails,
        hostname="127.0.0.1",
        port=mails.port,
        ssl_context=tls if by == "tls" else None,
        tls_context=tls if by == "starttls" else None,
        require_starttls=by == "starttls",
        authenticator=mails.authenticate if needs_login else None,
        auth_required=needs_login,
        auth_require_tls=by == "starttls",
        ready_timeout=20,
    )
    controller.start()
    try:
        yield mails
    finally:
        controller.stop()
