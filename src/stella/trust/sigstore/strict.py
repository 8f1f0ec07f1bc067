"""JSON, base64 and numbers with one reading: what two readers could take for two things is refused."""

import base64
import binascii
import json
import re
from typing import Any, NoReturn

from stella.trust.dsse import malformed

_BYTES_MAX = 64 * 1024 * 1024
_NUMBER = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z")
_INT64_MAX = 2**63 - 1


def strict_json(content: bytes) -> Any:
    """The one value in ``content``. Raises MalformedEnvelope, also for a key that stands twice."""
    if len(content) > _BYTES_MAX:
        raise malformed(f"{len(content)} bytes of JSON")
    try:
        return json.loads(content.decode(), object_pairs_hook=_unique, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise malformed("it is not UTF-8") from error
    except ValueError as error:
        raise malformed(f"it is no JSON: {error}") from error
    except RecursionError as error:
        raise malformed("JSON without end") from error


def strict_base64(text: str, what: str) -> bytes:
    """What ``text`` stands for, in its one spelling. Raises MalformedEnvelope."""
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise malformed(f"{what} is no base64") from error
    if base64.b64encode(content).decode() != text:
        raise malformed(f"{what} is base64 with spare bits set")
    return content


def strict_number(text: str, what: str) -> int:
    """A 64-bit number that is not negative, as text. Raises MalformedEnvelope."""
    if not _NUMBER.match(text) or int(text) > _INT64_MAX:
        raise malformed(f"{what} is {text[:40]!r}, not a number from 0 to 2^63 - 1")
    return int(text)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]
        raise malformed(f"the key {twice[:80]!r} stands twice")
    return read


def _no_constant(text: str) -> NoReturn:
    raise malformed(f"{text} is no JSON")
