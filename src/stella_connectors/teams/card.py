"""A message as an Adaptive Card. Source: Adaptive Cards 1.4, RichTextBlock and TextRun.

A ``TextBlock`` reads Markdown; a ``TextRun`` reads none, so everything of ours stands in one.
"""

import json

from stella.sdk import Json, Message, Severity
from stella.sdk.message_text import fields_of, lines, one_line, shortened

BYTES_MAX = 26_000
"""A webhook of Teams takes 28 KB."""

_TITLE_MAX, _TEXT_MAX, _FIELDS_MAX, _FIELD_MAX = 200, 4000, 20, 200
_LINES_MAX = 60
_ACTIONS_MAX = 6
_COLOURS = {
    Severity.INFO: "Default",
    Severity.GOOD: "Good",
    Severity.WARNING: "Warning",
    Severity.PROBLEM: "Attention",
}


def card_bytes(message: Message) -> bytes:
    """The body of a POST, shortened until it is small enough."""
    text_max, field_max = _TEXT_MAX, _FIELD_MAX
    while True:
        content = json.dumps(_posted(message, text_max, field_max), ensure_ascii=False).encode()
        if len(content) <= BYTES_MAX or text_max < 50:
            return content
        text_max, field_max = text_max // 2, max(10, field_max // 2)


def _posted(message: Message, text_max: int, field_max: int) -> Json:
    title = one_line(message.title, _TITLE_MAX) or "-"
    body: list[Json] = [
        _block(
            {
                "text": title,
                "weight": "Bolder",
                "size": "Large",
                "color": _COLOURS[message.severity],
            }
        )
    ]
    told = [one for one in lines(message.text, text_max).split("\n") if one.strip()]
    body += [_block({"text": one}) for one in told[:_LINES_MAX]]
    body += [
        _block({"text": f"{name}: ", "weight": "Bolder"}, {"text": shortened(text, field_max)})
        for name, text in fields_of(message)[:_FIELDS_MAX]
    ]
    links = [(one.title, one.url) for one in message.choices] + [("Open", message.url)]
    actions: list[Json] = [
        {"type": "Action.OpenUrl", "title": one_line(text, 60), "url": url}
        for text, url in links
        if url.startswith(("https://", "http://")) and len(url) <= 2000
    ]
    if len(actions) > _ACTIONS_MAX:
        actions = [*actions[: _ACTIONS_MAX - 1], actions[-1]]
    card: Json = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": body,
        "actions": actions,
    }
    attached: Json = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attached]}


def _block(*runs: dict[str, Json]) -> Json:
    inlines: list[Json] = [{"type": "TextRun", **one} for one in runs]
    return {"type": "RichTextBlock", "inlines": inlines}
