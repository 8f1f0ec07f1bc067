"""``stella advisory ask``: a short answer from stored texts alone, each sentence cited."""

from collections.abc import Iterator, Sequence
from typing import Any

from stella.cli.output import Output, To, show_lines
from stella.client import open_client

_PARTS = (("What it is", "whatItIs"), ("Does it touch us", "touchesUs"), ("What to do", "whatToDo"))


def ask(question: Sequence[str], *, output: Output = "table", to: To = None) -> None:
    """Sentences are chosen from what the server has stored, never made, and each one is cited."""
    with open_client() as client:
        found = client.get("/answers", question=" ".join(question))
    show_lines(found, list(_lines(found)), output=output, to=to)


def _lines(found: Any) -> Iterator[str]:
    yield found["about"] or found["question"]
    for title, name in _PARTS:
        if found[name]:
            yield title
        for one in found[name]:
            yield f"  {one['text']} [{', '.join(map(str, one['cites']))}]"
    yield from found["missing"]
    if found["others"]:
        yield f"It may be meant: {', '.join(found['others'])}"
    if found["passages"]:
        yield "Sources"
    for one in found["passages"]:
        yield f"  [{one['number']}] {one['kind']}, {one['source']}: {one['place']}"
