"""``NAME=VALUE``, where the value is JSON or a text."""

import json
from collections.abc import Container
from typing import Any

from stella.kernel import Remedy, StellaError


class MalformedInput(StellaError):
    """An input of a run is no NAME=VALUE."""

    code = "ST-CLI-111"


def read_input(text: str, texts: Container[str] = ()) -> tuple[str, Any]:
    """``NAME=VALUE``. texts: the names whose value is a text, whatever it looks like.

    Raises MalformedInput.
    """
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise MalformedInput(
            f"{text[:80]!r} is no NAME=VALUE",
            remedy=Remedy("Write, for example, --input version=1.2.0."),
            input=text[:80],
        )
    if name in texts:
        return name, value
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
