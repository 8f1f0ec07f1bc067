"""The report tells what people let pass: waivers, overrides of freezes, and a broken glass."""

from collections.abc import Callable, Iterator
from html import escape
from typing import Any, TypeAlias

from stella.evidence.html import code, items, look, table, text, texts, time

PersonText: TypeAlias = Callable[[Any], str]
"""A person of a document -> how the report names them, as HTML."""


def let_pass(given: Any, record: Any, person: PersonText) -> list[str]:
    """The table of it; nothing where gates alone decided."""
    rows = [*_waivers(record, person), *_overrides(given, person), *_broken_glass(record, person)]
    heads = ("Let pass", "Of", "Asked for by", "Agreed to by", "Until", "Why")
    return [f"<h3>What people let pass</h3>\n{table(heads, rows)}"] if rows else []


def banner(record: Any) -> str:
    """What nobody may overlook: that gates did not pass."""
    glass = look(record, "breakGlass")
    if glass is None:
        return ""
    gates = [text(look(one, "name")) for one in items(look(record, "gates"))]
    states = [text(look(one, "state")) for one in items(look(record, "gates"))]
    held = [f"{gate} {state}" for gate, state in zip(gates, states, strict=True) if state != "pass"]
    said = escape(", ".join(held))
    return f'<p class="simulated"><strong>Passed by break-glass.</strong> Gates: {said}.</p>\n'


def _waivers(record: Any, person: PersonText) -> Iterator[tuple[str, ...]]:
    for one in items(look(record, "waivers")):
        about = [text(look(one, name)) for name in ("rule", "finding", "component")]
        yield (
            f"waiver {code(look(one, 'id'))}",
            escape(" / ".join(word for word in about if word)),
            f"{person(look(one, 'requestedBy'))}<br>{time(look(one, 'requestedAt'))}",
            f"{person(look(one, 'approvedBy'))}<br>{time(look(one, 'approvedAt'))}",
            time(look(one, "expiresAt")),
            escape(text(look(one, "reason"))),
        )


def _overrides(given: Any, person: PersonText) -> Iterator[tuple[str, ...]]:
    """The promotion is what the override serves: whoever asks for it is the other person."""
    asked = f"{person(look(given, 'requestedBy'))}<br>{time(look(given, 'requestedAt'))}"
    for freeze in items(look(given, "environment", "freezes")):
        for one in items(look(freeze, "overrides")):
            yield (
                f"override {code(look(one, 'id'))}",
                f"freeze {escape(text(look(freeze, 'id')))}",
                asked,
                f"{person(look(one, 'by'))}<br>{time(look(one, 'at'))}",
                time(look(freeze, "endsAt")),
                escape(text(look(one, "reason"))),
            )


def _broken_glass(record: Any, person: PersonText) -> Iterator[tuple[str, ...]]:
    one = look(record, "breakGlass")
    if one is not None:
        gates = ", ".join(texts(look(one, "gates")))
        yield (
            f"break-glass {code(look(one, 'id'))}",
            f"plan {code(look(one, 'planDigest'))}" + (f"<br>{escape(gates)}" if gates else ""),
            f"{person(look(one, 'requestedBy'))}<br>{time(look(one, 'requestedAt'))}",
            f"{person(look(one, 'agreedBy'))}<br>{time(look(one, 'agreedAt'))}",
            time(look(one, "endsAt")),
            escape(text(look(one, "reason"))),
        )
