"""Freezes as a calendar that other programs read: RFC 5545, each window an event of its own in UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

_LINE_OCTETS_MAX = 75


@dataclass(frozen=True, slots=True)
class CalendarEvent:
    """One window. uid: the same for the same window each time the calendar is fetched."""

    uid: str
    starts_at: datetime
    ends_at: datetime
    title: str
    text: str


def calendar(events: Iterable[CalendarEvent], now: datetime) -> str:
    """The calendar's text, with the line ends that the standard wants."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Stella Ops//Freezes//EN"]
    for one in events:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{_text(one.uid)}",
            f"DTSTAMP:{_time(now)}",
            f"DTSTART:{_time(one.starts_at)}",
            f"DTEND:{_time(one.ends_at)}",
            f"SUMMARY:{_text(one.title)}",
            f"DESCRIPTION:{_text(one.text)}",
            "TRANSP:OPAQUE",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _text(text: str) -> str:
    """TEXT of section 3.3.11. Control characters, which no calendar takes, are left out."""
    escaped = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    lines = escaped.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(one for one in lines if one.isprintable())


def _folded(line: str) -> str:
    """Section 3.1: at most 75 octets a line, never cut within a character."""
    parts, size = [""], 0
    for one in line:
        octets = len(one.encode(errors="replace"))
        if size + octets > _LINE_OCTETS_MAX:
            parts.append(" ")
            size = 1
        parts[-1] += one
        size += octets
    return "\r\n".join(parts)
