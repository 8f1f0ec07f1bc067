"""``stella advisory ask``: a short answer from stored texts alone, each sentence cited."""

from collections.abc import Iterator, Sequence
from typing import Any

from stella.cli.output import Output, To, show_lines
from stella.client import open_client

_PARTS = (("What it is", "whatItIs"), ("Does it touch us", "touchesUs"), ("What to do", "whatToDo"))


def ask(
    question: Sequence[str],
    *,
    written_by: str | None = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Sentences are chosen from what the server has stored, and each one is cited.

    written_by: an integration of a language model that writes them instead, from the same texts.
    """
    asked = " ".join(question)
    with open_client() as client:
        if written_by is None:
            found = client.get("/answers", question=asked)
        else:
            found = client.post("/answers", {"question": asked, "writtenBy": written_by})
    show_lines(found, list(_lines(found)), output=output, to=to)


def _lines(found: Any) -> Iterator[str]:
    yield found["about"] or found["question"]
    for title, name in _PARTS:
        if found[name]:
            yield title
        for one in found[name]:
            yield f"  {one['text']} [{', '.join(map(str, one['cites']))}]"
            for quote in one.get("quotes", ()):
                yield f"    > {quote['words']} [{quote['number']}]"
    yield from found["missing"]
    if "by" in found:
        yield f"Written by {found['by']} from the sources alone; what it quotes stands in them."
    if found.get("leftOut"):
        yield f"{found['leftOut']} sentences are left out: they do not stand on what they quote."
    if found.get("others"):
        yield f"It may be meant: {', '.join(found['others'])}"
    if found["passages"]:
        yield "Sources"
    for one in found["passages"]:
        yield f"  [{one['number']}] {one['kind']}, {one['source']}: {one['place']}"
