"""A VEX document's JSON, bounded, and the values in it that may be anything."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from stella.kernel import Remedy, parse_time, time_text
from stella.kernel.clock import MalformedTime
from stella.vex.errors import MalformedVex
from stella.vex.model import Gap

BYTES_MAX = 64 * 1024 * 1024
STATEMENTS_MAX = 100_000
PRODUCTS_MAX = 1_000_000
GAPS_MAX = 100
RANGE_UNREAD = "ranges of versions are not read; name the version in the purl"
_DEPTH_MAX = 40
_TEXT_MAX = 4_000
_NAME_MAX = 1_000
_FRACTION = re.compile(r"(\.\d{6})\d+")
_VALID_UNTIL = re.compile(r"^Valid until (.*?)\s*$", re.MULTILINE)


def malformed(what: str) -> MalformedVex:
    """The refusal of a document."""
    return MalformedVex(
        what,
        remedy=Remedy(
            "Give an OpenVEX, CSAF VEX or CycloneDX VEX document as JSON.",
            command="stella vex validate FILE",
        ),
    )


def read_object(content: bytes) -> dict[str, Any]:
    """The JSON object in ``content``. Raises MalformedVex."""
    if len(content) > BYTES_MAX:
        raise malformed(f"a document of more than {BYTES_MAX} bytes is not read")
    try:
        read = msgspec.json.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise malformed(f"no JSON: {str(error)[:200]}") from None
    if not isinstance(read, dict):
        raise malformed("no JSON object")
    if _depth(read) > _DEPTH_MAX:
        raise malformed(f"nested more than {_DEPTH_MAX} deep")
    return read


def text(value: object, length: int = _TEXT_MAX) -> str:
    """``value`` where it is text, cut and without control characters; "" where it is anything else."""
    if not isinstance(value, str):
        return ""
    cut = value[:length].strip()
    if cut.isprintable():
        return cut
    return "".join(letter for letter in cut if letter.isprintable() or letter in "\n\t")


def name(value: object) -> str:
    """A name or identifier: printable and not cut; "" where it is not usable as one."""
    if not isinstance(value, str) or len(value) > _NAME_MAX:
        return ""
    stripped = value.strip()
    return stripped if stripped.isprintable() else ""


def mappings(value: object) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects in a list, each with its place; what else stands in it is left out."""
    for place, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, dict):
            yield place, one


def mapping(value: object) -> dict[str, Any]:
    """``value`` where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def time_of(*values: object) -> str:
    """The first of ``values`` that names a time, as the product writes times; "" where none does."""
    for value in values:
        if isinstance(value, str) and value:
            try:
                # OpenVEX writers give nanoseconds, which the standard library does not read.
                return time_text(parse_time(_FRACTION.sub(r"\1", value[:64])))
            except MalformedTime:
                continue
    return ""


def version_of(value: object) -> tuple[int, ...]:
    """``1``, ``"1"`` and ``"1.2.3"`` as numbers; () for anything else."""
    words = str(value).split(".") if isinstance(value, int | str) else []
    numbers = [word for word in words[:5] if word.isascii() and word.isdecimal() and len(word) < 10]
    return tuple(map(int, numbers)) if len(numbers) == len(words) else ()


def until_line(expires: str) -> str:
    """How an expiry stands in ``status_notes``: OpenVEX has no field for it, and allows no other."""
    return f"Valid until {expires}"


def expiry_of(notes: object) -> tuple[str, bool]:
    """When the notes say that the statement ends, and whether that can be understood.

    notes: as they came, not cut: what ends must not go on because much was said before. Where several
    ends are said it is the first to come.
    """
    ends = [time_of(said) for said in _VALID_UNTIL.findall(notes)] if isinstance(notes, str) else []
    return min(ends, default=""), all(ends)


class Gaps:
    """Collects what could not be used: the first hundred, and how many there were."""

    def __init__(self) -> None:
        self._found: list[Gap] = []
        self._more = 0

    def add(self, place: str, reason: str) -> None:
        """One more."""
        if len(self._found) < GAPS_MAX:
            self._found.append(Gap(place, reason[:300]))
        else:
            self._more += 1

    def told(self) -> tuple[Gap, ...]:
        """All of them, in the order of the document."""
        more = (Gap("", f"and {self._more} more"),) if self._more else ()
        return (*self._found, *more)


def _depth(value: object) -> int:
    deepest, waiting = 0, [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        deepest = max(deepest, depth)
        if deepest > _DEPTH_MAX:
            break
        if isinstance(one, dict):
            waiting += [(item, depth + 1) for item in one.values()]
        elif isinstance(one, list):
            waiting += [(item, depth + 1) for item in one]
    return deepest
