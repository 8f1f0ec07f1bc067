"""The part of BER that LDAP speaks (X.690, RFC 4511 section 5.1): written, and read within bounds."""

from collections.abc import Iterator
from dataclasses import dataclass

INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x02, 0x04, 0x0A, 0x30, 0x31
BOOLEAN = 0x01
MESSAGE_BYTES_MAX = 1024 * 1024


class MalformedBer(ValueError):
    """Bytes that are no BER, or none that LDAP allows. Never leaves the connector."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag, and its content."""

    tag: int
    content: bytes

    @property
    def parts(self) -> tuple["Element", ...]:
        """Of one that is made of others. Raises MalformedBer."""
        return tuple(elements(self.content))

    @property
    def number(self) -> int:
        """Of an integer. Raises MalformedBer."""
        if not 0 < len(self.content) <= 8:
            raise MalformedBer("a number of no usable length")
        return int.from_bytes(self.content, signed=True)


def encoded(tag: int, content: bytes) -> bytes:
    """One element."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(length))) + length + content


def sequence(*parts: bytes, tag: int = SEQUENCE) -> bytes:
    """One element that is made of others."""
    return encoded(tag, b"".join(parts))


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A number that is not negative."""
    return encoded(tag, value.to_bytes(value.bit_length() // 8 + 1))


def octets(value: str | bytes, tag: int = OCTETS) -> bytes:
    """Text as UTF-8, or bytes."""
    return encoded(tag, value.encode() if isinstance(value, str) else value)


def boolean(value: bool) -> bytes:
    """TRUE is 0xFF in LDAP."""
    return encoded(BOOLEAN, b"\xff" if value else b"\x00")


def elements(content: bytes) -> Iterator[Element]:
    """Each element of ``content``. Raises MalformedBer."""
    at = 0
    while at < len(content):
        head = head_of(content[at : at + 6])
        if head is None:
            raise MalformedBer("an element that has no end")
        size, length = head
        end = at + size + length
        if end > len(content):
            raise MalformedBer("an element that is longer than what it lies in")
        yield Element(content[at], content[at + size : end])
        at = end


def head_of(content: bytes) -> tuple[int, int] | None:
    """Bytes of the head, and of the content after it; None where more must come first.

    Raises MalformedBer, also for what is longer than anything we take.
    """
    if len(content) < 2:
        return None
    if content[0] & 0x1F == 0x1F:
        raise MalformedBer("a tag that LDAP does not have")
    first = content[1]
    if first < 0x80:
        return 2, first
    count = first & 0x7F
    if not 0 < count <= 4:
        raise MalformedBer("a length that LDAP does not have")
    if len(content) < 2 + count:
        return None
    length = int.from_bytes(content[2 : 2 + count])
    if length > MESSAGE_BYTES_MAX:
        raise MalformedBer(f"more than {MESSAGE_BYTES_MAX >> 10} KiB")
    return 2 + count, length
