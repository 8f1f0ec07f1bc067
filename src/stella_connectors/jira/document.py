"""A message as a document of Atlassian (ADF, version 1): text is text there, and a link its own node."""

from stella.sdk import Json, Message
from stella.sdk.message_text import fields_of, lines, one_line, shortened

# Jira takes 32,767 characters in a description.
_TEXT_MAX, _FIELD_MAX, _LINES_MAX = 10_000, 300, 400
_URL_MAX = 2000


def document_of(message: Message) -> Json:
    """Text, facts, choices and where it is shown."""
    told = [one for one in lines(message.text, _TEXT_MAX).split("\n") if one.strip()]
    content: list[Json] = [_paragraph(_text(one)) for one in told[:_LINES_MAX]]
    content += [
        _paragraph(_text(f"{name}: ", {"type": "strong"}), _text(shortened(said, _FIELD_MAX)))
        for name, said in fields_of(message)
    ]
    content += [
        _paragraph(_text(f"{one_line(title, 80)}: "), _link(url))
        for title, url in [(one.title, one.url) for one in message.choices[:25]]
        if _is_link(url)
    ]
    if _is_link(message.url):
        content.append(_paragraph(_link(message.url)))
    return {"type": "doc", "version": 1, "content": content or [_paragraph(_text("-"))]}


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://")) and len(url) <= _URL_MAX


def _paragraph(*nodes: Json) -> Json:
    return {"type": "paragraph", "content": list(nodes)}


def _text(text: str, *marks: Json) -> Json:
    made: dict[str, Json] = {"type": "text", "text": text}
    return {**made, "marks": list(marks)} if marks else made


def _link(url: str) -> Json:
    return _text(url, {"type": "link", "attrs": {"href": url}})
