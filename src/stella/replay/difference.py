"""Where two documents first say something else."""

import json
from typing import Any


def first_difference(recorded: bytes, replayed: bytes) -> str:
    """The path of the first difference and both values; for what is no JSON, the first byte.

    ``$.gates[1].state: recorded "pass", replayed "blocked"``
    """
    try:
        found = _difference(json.loads(recorded), json.loads(replayed), "$")
    except (ValueError, RecursionError):
        found = None
    if found is not None:
        return found
    pairs = enumerate(zip(recorded, replayed, strict=False))
    shorter = min(len(recorded), len(replayed))
    offset = next((n for n, (one, other) in pairs if one != other), shorter)
    return f"byte {offset} of {len(recorded)} recorded, {len(replayed)} replayed"


def _difference(recorded: Any, replayed: Any, path: str) -> str | None:
    if isinstance(recorded, dict) and isinstance(replayed, dict):
        for key in sorted(recorded.keys() | replayed.keys()):
            place = f"{path}.{key}"
            if key not in replayed:
                return f"{place}: recorded {_shown(recorded[key])}, replayed nothing"
            if key not in recorded:
                return f"{place}: recorded nothing, replayed {_shown(replayed[key])}"
            if (found := _difference(recorded[key], replayed[key], place)) is not None:
                return found
        return None
    if isinstance(recorded, list) and isinstance(replayed, list):
        for number, (one, other) in enumerate(zip(recorded, replayed, strict=False)):
            if (found := _difference(one, other, f"{path}[{number}]")) is not None:
                return found
        if len(recorded) != len(replayed):
            return f"{path}: recorded {len(recorded)} items, replayed {len(replayed)}"
        return None
    if _shown(recorded) == _shown(replayed):
        return None
    return f"{path}: recorded {_shown(recorded)}, replayed {_shown(replayed)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 120 else f"{text[:117]}..."
