"""A message as Block Kit. Source: Slack API, "Reference: blocks", "Formatting message text".

Everything of ours stands in ``plain_text`` objects, which know no markup, with ``&``, ``<`` and ``>``
escaped as Slack asks of all text: nothing in a message can name a person, a channel or a link.
"""

from stella.sdk import Choice, Json, Message, Severity
from stella.sdk.message_text import fields_of, lines, one_line, shortened

# Slack's limits: of a header, a section, a field, of fields in a section, of buttons, of a value.
_HEADER_MAX, _SECTION_MAX, _FIELD_MAX, _FIELDS_MAX = 150, 3000, 2000, 10
_BUTTONS_MAX, _BUTTON_MAX, _ACTION_MAX, _VALUE_MAX = 25, 75, 255, 2000
_URL_MAX = 3000
_MARKS = {
    Severity.INFO: "\u2139\ufe0f",
    Severity.GOOD: "\u2705",
    Severity.WARNING: "\u26a0\ufe0f",
    Severity.PROBLEM: "\u274c",
}
_STYLES = {"approve": "primary", "reject": "danger"}


def escaped(text: str) -> str:
    """As Slack reads it back to ``text``."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def blocks_of(message: Message) -> list[Json]:
    """Title, text, facts, buttons and where it is shown."""
    title = f"{_MARKS[message.severity]} {one_line(message.title, _HEADER_MAX)}"
    made: list[Json] = [{"type": "header", "text": _plain(title, _HEADER_MAX)}]
    text = lines(message.text, _SECTION_MAX)
    if text.strip():
        made.append({"type": "section", "text": _plain(text, _SECTION_MAX)})
    fields = fields_of(message)
    for at in range(0, len(fields), _FIELDS_MAX):
        group: list[Json] = [
            _plain(f"{name}\n{said}", _FIELD_MAX) for name, said in fields[at : at + _FIELDS_MAX]
        ]
        made.append({"type": "section", "fields": group})
    named = {one.name: one for one in message.choices}  # Slack refuses two of one name
    buttons: list[Json] = [_button(message.key, one) for one in list(named.values())[:_BUTTONS_MAX]]
    if message.url and len(message.url) <= _URL_MAX:
        open_it = {"type": "button", "action_id": "stella_open", "url": message.url}
        buttons = [*buttons[: _BUTTONS_MAX - 1], {**open_it, "text": _plain("Open", _BUTTON_MAX)}]
    if buttons:
        made.append({"type": "actions", "elements": buttons})
    return made


def _button(key: str, choice: Choice) -> Json:
    """What the connector ``slack`` of webhooks reads: the choice, and what it is about."""
    value = choice.about or key
    made: dict[str, Json] = {
        "type": "button",
        "action_id": shortened(choice.name, _ACTION_MAX),
        "text": _plain(choice.title, _BUTTON_MAX),
    }
    if len(value) <= _VALUE_MAX:
        made["value"] = value
    elif choice.url and len(choice.url) <= _URL_MAX:
        made["url"] = choice.url
    if choice.name in _STYLES:
        made["style"] = _STYLES[choice.name]
    return made


def _plain(text: str, characters_max: int) -> Json:
    made = escaped(text)
    while len(made) > characters_max:
        text = shortened(text, len(text) - max(1, (len(made) - characters_max) // 5))
        made = escaped(text)
    return {"type": "plain_text", "text": made or " ", "emoji": False}
