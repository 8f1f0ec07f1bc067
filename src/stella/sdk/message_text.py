"""A message's words as plain text, in bounds: what every notifier's connector needs."""

import hashlib
import re
import unicodedata

from stella.plugin.contract.notifier import Message

TITLE_MAX = 200
TEXT_MAX = 20_000
FIELDS_MAX = 40
FIELD_NAME_MAX = 100
FIELD_MAX = 1000
_BLANKS = re.compile(r"[ \t\r\n]+")


def one_line(text: str, characters_max: int) -> str:
    """``text`` on one line, without what is no letter or sign; cut where it is longer."""
    return shortened(_BLANKS.sub(" ", _printable(text)).strip(), characters_max)


def lines(text: str, characters_max: int = TEXT_MAX) -> str:
    """The same, with its line ends."""
    ended = text.replace("\r\n", "\n").replace("\r", "\n")
    return shortened(
        "\n".join(_printable(one).rstrip() for one in ended.split("\n")), characters_max
    )


def shortened(text: str, characters_max: int) -> str:
    """At most so many characters, the last of them an ellipsis where something was left out."""
    return text if len(text) <= characters_max else f"{text[: characters_max - 1]}\u2026"


def fields_of(message: Message) -> tuple[tuple[str, str], ...]:
    """Names and facts, each on one line, the first ``FIELDS_MAX`` of them."""
    return tuple(
        (one_line(name, FIELD_NAME_MAX) or "-", one_line(text, FIELD_MAX) or "-")
        for name, text in list(message.fields.items())[:FIELDS_MAX]
    )


def as_text(message: Message) -> str:
    """All of it below its title: the text, the facts, the choices and where it is shown."""
    parts = [lines(message.text)]
    parts += ["\n".join(f"{name}: {text}" for name, text in fields_of(message))]
    parts += ["\n".join(f"{one_line(one.title, 80)}: {one.url}" for one in message.choices)]
    parts += [message.url]
    return "\n\n".join(part for part in parts if part.strip())


def key_digest(key: str) -> str:
    """32 hex digits that stand for a message's key where not every key may stand."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _printable(text: str) -> str:
    """Without control characters, and those that turn the direction of what follows."""
    return "".join(
        one
        for one in text
        if one in "\t\n\r \u200d" or not unicodedata.category(one).startswith(("C", "Zl", "Zp"))
    )
