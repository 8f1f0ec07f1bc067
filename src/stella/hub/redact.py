"""Masks secrets that were read wherever text leaves us."""

import json
from collections import OrderedDict
from threading import Lock

from stella.plugin.crossing import masked

_LENGTH_MIN = 4  # shorter ones would mask half of every text
_KNOWN_MAX = 10_000
_LINES_MAX = 200


def _fields(value: str) -> list[str]:
    """The texts of a secret that is a JSON object: each of them is one as well."""
    try:
        held = json.loads(value) if value.startswith("{") else None
    except (ValueError, RecursionError):
        held = None
    values = held.values() if isinstance(held, dict) else ()
    return [one for one in values if isinstance(one, str)][:_LINES_MAX]


class Redactor:
    """Knows the values that were read lately. Safe for threads."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def learn(self, value: str) -> None:
        """From now on ``value`` is masked; each line of one that has several, too."""
        with self._lock:
            # Few enough that one long value does not drive out all the others.
            for part in {value, *value.splitlines()[:_LINES_MAX], *_fields(value)}:
                if len(part) >= _LENGTH_MIN:
                    self._known[part] = None
                    self._known.move_to_end(part)
            while len(self._known) > _KNOWN_MAX:
                self._known.popitem(last=False)

    def masked(self, text: str) -> str:
        """``text`` without them; the longest first, so that no part of one is left."""
        with self._lock:
            found = [one for one in self._known if one in text]
        return masked(text, found)
