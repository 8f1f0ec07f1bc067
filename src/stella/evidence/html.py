"""How the report tells things in HTML: cells, tables, states; and the values it takes them from."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

_TONES = {
    **dict.fromkeys(("pass", "succeeded", "deployed", "approved", "healthy"), "pass"),
    **dict.fromkeys(("blocked", "unknown", "waiting", "undoing", "running"), "blocked"),
    **dict.fromkeys(("failed", "errored", "cancelled", "rejected"), "bad"),
}


def look(value: Any, *path: str) -> Any:
    """What stands at ``path`` inside nested objects; None where there is nothing."""
    for step in path:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def items(value: Any) -> list[Any]:
    """``value`` if it is a list; otherwise nothing."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """A scalar as people read it; nothing for anything else."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if isinstance(value, str | int) else ""


def texts(value: Any) -> list[str]:
    """The scalars of a list."""
    return [text(item) for item in items(value)]


def state(word: str) -> str:
    """Its word, in its tone."""
    return f'<span class="state {_TONES.get(word, "")}">{escape(word)}</span>'


def table(heads: Sequence[str], rows: Iterable[Iterable[str]]) -> str:
    """Heads are words of ours; cells are HTML already escaped."""
    head = "".join(f"<th>{word}</th>" for word in heads)
    head = f"<thead><tr>{head}</tr></thead>" if any(heads) else ""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table>{head}<tbody>\n{body}</tbody></table>\n"


def time(value: Any) -> str:
    """A time as it is written; nothing where there is none."""
    return f"<time>{escape(text(value))}</time>" if text(value) else ""


def code(value: Any) -> str:
    """What is to be read letter by letter."""
    return f"<code>{escape(text(value))}</code>"
