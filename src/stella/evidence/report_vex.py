"""What the report tells of VEX: each finding that somebody speaks of, what it came to, and by whose word."""

from collections.abc import Iterable, Iterator
from html import escape
from typing import Any

from stella.evidence.html import code, items, look, state, table, text, time

_ROWS_MAX = 500


def vex_of(documents: Iterable[Any]) -> list[str]:
    """The section of findings documents; nothing where nobody speaks of any finding."""
    rows = [row for document in documents for row in _rows(document)]
    left_out = len(rows) - _ROWS_MAX
    note = f" (the first {_ROWS_MAX} of {len(rows)})" if left_out > 0 else ""
    heads = ("Finding", "Comes to", "Reason", "Said by", "Document")
    return [f"<h3>VEX{note}</h3>\n{table(heads, rows[:_ROWS_MAX])}"] if rows else []


def _rows(document: Any) -> Iterator[tuple[str, ...]]:
    for finding in items(look(document, "findings")):
        why = look(finding, "vexWhy")
        if why is None:
            continue
        said = [text(look(why, name)) for name in ("justification", "impact", "action")]
        voices = items(look(why, "voices"))
        yield (
            f"{escape(text(look(finding, 'id')))}<br>{code(look(finding, 'purl'))}",
            state(text(look(finding, "vex"))),
            escape("; ".join(one for one in said if one)),
            "<br>".join(map(_voice, voices)),
            "<br>".join(code(look(voice, "document")) for voice in voices),
        )


def _voice(voice: Any) -> str:
    """Who said what, when, and whether it counted."""
    who = f"{text(look(voice, 'issuer'))}: {text(look(voice, 'status'))}"
    ends = text(look(voice, "expires"))
    until = f" until {time(ends)}" if ends else ""
    why_not = "" if look(voice, "counts") is True else f"; {text(look(voice, 'why'))}"
    return f"{escape(who)} {time(look(voice, 'at'))}{until}{escape(why_not)}"
