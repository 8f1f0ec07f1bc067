"""What a form of a document cannot say: the difference to the other form, carried in a property.

A conversion is done forth and back at once; where the way back does not give the same, the difference
goes along, with the digest of what it is a difference to. So nothing is lost, whatever the conversion
itself knows; and nothing gets to a wrong place after somebody has edited the document.
"""

from typing import Any

import msgspec

from stella.kernel import Digest

PREFIX = "stella:carried:"
Change = list[Any]
"""["=", path, value] puts a value at the path, ["-", path] takes one away."""


def difference(before: Any, after: Any) -> list[Change]:
    """The changes that turn ``before`` into ``after``, both plain JSON values."""
    found: list[Change] = []
    _compare(before, after, [], found)
    return found


def _compare(before: Any, after: Any, path: list[str | int], found: list[Change]) -> None:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if key not in after:
                found.append(["-", [*path, key]])
            elif key not in before:
                found.append(["=", [*path, key], after[key]])
            else:
                _compare(before[key], after[key], [*path, key], found)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (one, other) in enumerate(zip(before, after, strict=True)):
            _compare(one, other, [*path, number], found)
    elif type(before) is not type(after) or before != after or isinstance(before, list):
        # 1, 1.0 and true are equal in Python and not in JSON.
        found.append(["=", path, after])


def packed(before: Any, after: Any) -> dict[str, Any]:
    """What turns ``before`` into ``after``, to be carried."""
    changes = difference(before, after)
    return {"of": tree_digest(before) if changes else "", "changes": changes}


def unpacked(before: Any, carried: Any) -> tuple[Any, int]:
    """``before``, itself changed, and how many of the carried changes found no place in it.

    None of them is made where ``before`` is not what they were made for.
    """
    match carried:
        case {"of": str(of), "changes": list(changes)}:
            if not changes or of == tree_digest(before):
                return _changed(before, changes)
            return before, len(changes)
        case _:
            return before, 1


def tree_digest(tree: Any) -> str:
    """The same for equal values, whatever the order of their names."""
    return Digest.of(msgspec.json.encode(tree, order="sorted")).text


def _changed(tree: Any, changes: list[Any]) -> tuple[Any, int]:
    """The changes are hostile like the rest of the document."""
    lost = 0
    for change in changes:
        match change:
            case ["=", [], value]:
                tree = value
            case ["=", [*path], value]:
                lost += not _put(_at(tree, path[:-1]), path[-1], value)
            case ["-", [*path, last]]:
                lost += not _take(_at(tree, path), last)
            case _:
                lost += 1
    return tree, lost


def _at(tree: Any, path: list[Any]) -> Any:
    for step in path:
        if isinstance(tree, dict) and isinstance(step, str):
            tree = tree.get(step)
        elif isinstance(tree, list) and type(step) is int and 0 <= step < len(tree):
            tree = tree[step]
        else:
            return None
    return tree


def _put(parent: Any, step: Any, value: Any) -> bool:
    if isinstance(parent, dict) and isinstance(step, str):
        parent[step] = value
        return True
    if isinstance(parent, list) and type(step) is int and 0 <= step < len(parent):
        parent[step] = value
        return True
    return False


def _take(parent: Any, step: Any) -> bool:
    if isinstance(parent, dict) and isinstance(step, str) and step in parent:
        del parent[step]
        return True
    return False


def with_carried(tree: dict[str, Any], name: str, value: Any) -> dict[str, Any]:
    """``tree`` with a property of the document that carries ``value``."""
    # Escaped to ASCII: XML cannot hold every character that JSON can.
    text = ascii_json(value)
    entry = {"name": f"{PREFIX}{name}", "value": text}
    return {**tree, "properties": [*tree.get("properties", []), entry]}


def without_carried(tree: dict[str, Any], name: str) -> tuple[dict[str, Any], Any]:
    """``tree`` without the property that ``with_carried`` wrote, and what it carried, or None."""
    entries = tree.get("properties", [])
    kept = [one for one in entries if one.get("name") != f"{PREFIX}{name}"]
    if len(kept) == len(entries):
        return tree, None
    texts = [one.get("value", "") for one in entries if one.get("name") == f"{PREFIX}{name}"]
    rest = {key: value for key, value in tree.items() if key != "properties"}
    try:
        carried = msgspec.json.decode(texts[0])
    except (ValueError, RecursionError):
        carried = texts[0]  # broken by somebody: found no place, and is said to be lost
    return rest | ({"properties": kept} if kept else {}), carried


def ascii_json(value: Any) -> str:
    """JSON in ASCII, names sorted."""
    text = msgspec.json.encode(value, order="sorted").decode()
    if text.isascii():
        return text
    return "".join(_escaped(one) for one in text)


def _escaped(character: str) -> str:
    if character.isascii():
        return character
    units = character.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))
