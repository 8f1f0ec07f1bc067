"""One connection to an LDAP server (RFC 4511): bind, search, StartTLS; bounded in time and size.

Filters are made of values, never of text, so that nothing typed into a form can become a part of
one. Referrals are not followed: they would lead a password to another server.
"""

import socket
import ssl
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from stella_connectors.ldap.ber import (
    ENUMERATED,
    MESSAGE_BYTES_MAX,
    Element,
    MalformedBer,
    boolean,
    elements,
    encoded,
    head_of,
    integer,
    octets,
    sequence,
)

BASE, SUBTREE = 0, 2
SUCCESS, SIZE_LIMIT, REFERRAL, NO_SUCH_OBJECT = 0, 4, 10, 32
_START_TLS = "1.3.6.1.4.1.1466.20037"
_BIND, _BOUND, _UNBIND = 0x60, 0x61, 0x42
_SEARCH, _ENTRY, _DONE, _REFERENCE = 0x63, 0x64, 0x65, 0x73
_EXTENDED, _EXTENDED_DONE = 0x77, 0x78
_AND, _EQUAL, _PRESENT = 0xA0, 0xA3, 0x87
_ANSWER_BYTES_MAX = 4 * MESSAGE_BYTES_MAX
_MESSAGES_MAX = 2000


class LdapTrouble(Exception):
    """No whole answer came. Its text quotes nothing that was sent or received."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What was found. attributes: names in lower case."""

    dn: str
    attributes: Mapping[str, tuple[bytes, ...]] = field(default_factory=dict, repr=False)

    def texts(self, name: str) -> tuple[str, ...]:
        """The values of an attribute as text; one that is none as hex digits."""
        return tuple(_text(value) for value in self.attributes.get(name.lower(), ()))

    def text(self, name: str) -> str:
        """The first of them; empty where there is none."""
        return next(iter(self.texts(name)), "")


class LdapLine:
    """For one thread. ends_at: by ``time.monotonic``, when everything must be done."""

    def __init__(self, opened: socket.socket, timeout_s: float) -> None:
        self._socket = opened
        self._ends_at = time.monotonic() + timeout_s
        self._number = 0
        self._buffer = bytearray()

    def close(self) -> None:
        """Say so, where it still listens, and end the connection."""
        with suppress(OSError, LdapTrouble):
            self._send(encoded(_UNBIND, b""))
        with suppress(OSError):
            self._socket.close()

    def secure(self, context: ssl.SSLContext, host: str) -> None:
        """TLS from here on. Raises LdapTrouble."""
        if self._buffer:
            raise LdapTrouble("it said something before TLS began, which nobody vouches for")
        trouble = ""
        try:
            self._socket.settimeout(self._left_s())
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        except (OSError, ValueError) as error:
            trouble = _told(error)
        if trouble:
            raise LdapTrouble(trouble)

    def start_tls(self) -> None:
        """Ask for TLS on this connection. Raises LdapTrouble where it will not."""
        number = self._send(sequence(octets(_START_TLS, 0x80), tag=_EXTENDED))
        code = _code(self._receive(number, {_EXTENDED_DONE}))
        if code != SUCCESS:
            raise LdapTrouble(f"it does not begin TLS (LDAP result {code})")

    def bind(self, dn: str, password: str) -> int:
        """The result code; 0 where the password is that of ``dn``. Both empty: as nobody.

        Raises LdapTrouble. A DN with an empty password would be taken for nobody, and succeed (RFC
        4513 section 5.1.2): it is never sent.
        """
        assert bool(dn) == bool(password), "a bind without a password is nobody's"
        request = sequence(integer(3), octets(dn), octets(password, 0x80), tag=_BIND)
        return _code(self._receive(self._send(request), {_BOUND}))

    def search(
        self,
        base: str,
        equal: Sequence[tuple[str, str]],
        wanted: Sequence[str],
        *,
        scope: int = SUBTREE,
        entries_max: int,
    ) -> tuple[int, list[Entry]]:
        """The result code, and what was found.

        equal: attribute and value, all of which an entry must have. Raises LdapTrouble.
        """
        request = sequence(
            octets(base),
            integer(scope, ENUMERATED),
            integer(0, ENUMERATED),  # aliases are not followed either
            integer(entries_max),
            integer(max(1, int(self._left_s()))),
            boolean(False),
            _filter(equal),
            sequence(*(octets(name) for name in wanted)),
            tag=_SEARCH,
        )
        number, found, size = self._send(request), list[Entry](), 0
        for _ in range(_MESSAGES_MAX):
            answer = self._receive(number, {_ENTRY, _REFERENCE, _DONE})
            size += len(answer.content)
            if size > _ANSWER_BYTES_MAX:
                break
            if answer.tag == _DONE:
                return _code(answer), found
            if answer.tag == _ENTRY:
                found.append(_entry(answer))
        raise LdapTrouble("its answer has no end")

    def _send(self, request: bytes) -> int:
        self._number += 1
        trouble = ""
        try:
            self._socket.settimeout(self._left_s())
            self._socket.sendall(sequence(integer(self._number), request))
        except (OSError, ValueError) as error:
            trouble = _told(error)
        if trouble:
            raise LdapTrouble(trouble)
        return self._number

    def _receive(self, number: int, expected: set[int]) -> Element:
        """The next message that answers ``number``. Raises LdapTrouble."""
        trouble = ""
        try:
            parts = Element(0, self._message()).parts
            if len(parts) >= 2 and parts[0].number == number and parts[1].tag in expected:
                return parts[1]
        except MalformedBer as error:
            trouble = f"its answer is no LDAP: {error}"
        # Number 0 is the server's own word, that it ends the connection (RFC 4511 section 4.4.1).
        raise LdapTrouble(trouble or "it answers something that was not asked")

    def _message(self) -> bytes:
        """The content of the next message."""
        while True:
            head = head_of(bytes(self._buffer[:6]))
            if head is not None:
                if self._buffer[0] != 0x30:
                    raise MalformedBer("no message")
                size = sum(head)
                if len(self._buffer) >= size:
                    content = bytes(self._buffer[head[0] : size])
                    del self._buffer[:size]
                    return content
            self._buffer += self._more()

    def _more(self) -> bytes:
        trouble = "it ended the connection"
        try:
            self._socket.settimeout(self._left_s())
            received = self._socket.recv(65536)
        except (OSError, ValueError) as error:
            received, trouble = b"", _told(error)
        if not received:
            raise LdapTrouble(trouble)
        return received

    def _left_s(self) -> float:
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            raise LdapTrouble("no whole answer came in time")
        return left_s


def _filter(equal: Sequence[tuple[str, str]]) -> bytes:
    parts = [sequence(octets(name), octets(value), tag=_EQUAL) for name, value in equal]
    return sequence(*parts, tag=_AND) if parts else octets("objectClass", _PRESENT)


def _code(answer: Element) -> int:
    trouble = False
    try:
        parts = answer.parts
        if parts and parts[0].tag == ENUMERATED:
            return parts[0].number
    except MalformedBer:
        trouble = True
    raise LdapTrouble("its answer is no LDAP" if trouble else "its answer has no result")


def _entry(answer: Element) -> Entry:
    trouble = False
    try:
        dn, listed = answer.parts[:2]
        attributes = {}
        for one in listed.parts:
            name, values = one.parts[:2]
            attributes[name.content.decode().lower()] = tuple(
                value.content for value in elements(values.content)
            )
        return Entry(dn.content.decode(), attributes)
    except (MalformedBer, ValueError):
        trouble = True
    assert trouble
    raise LdapTrouble("an entry that it gives is no LDAP")


def _text(value: bytes) -> str:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value.hex()
    return text if text.isprintable() else value.hex()


def _told(error: Exception) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not one that is trusted: {error.verify_message}"
    if isinstance(error, TimeoutError):
        return "no whole answer came in time"
    if isinstance(error, OSError):
        return f"{type(error).__name__}: {error.strerror or 'the connection broke'}"
    return type(error).__name__
