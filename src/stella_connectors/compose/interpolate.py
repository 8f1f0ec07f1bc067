"""Variables in a compose file, by the rules of the Compose specification, "Interpolation"."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stella_connectors.compose.document import refused

_VARIABLE = re.compile(r"\$(?:(\$)|([A-Za-z_][A-Za-z0-9_]*)|(\{))")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPERATORS = (":-", ":?", ":+", "-", "?", "+")
_DEPTH_MAX = 10


@dataclass(frozen=True, slots=True)
class Variables:
    """What is known now; and which ones only the host knows: those stay as ``${NAME}``."""

    known: Mapping[str, str]
    late: frozenset[str] = frozenset()


def resolve(value: Any, variables: Variables) -> Any:
    """``value`` with every variable resolved, and every remaining ``$`` doubled for Compose.

    Raises ComposeFileRefused for a variable that has no value and no default.
    """
    if isinstance(value, Mapping):
        return {str(key): resolve(item, variables) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, variables) for item in value]
    if isinstance(value, str):
        return _text(value, variables, 0)
    return value


def _text(text: str, variables: Variables, depth: int) -> str:
    if depth > _DEPTH_MAX:
        raise refused("its variables are nested too deeply")
    done, at = [], 0
    while match := _VARIABLE.search(text, at):
        done.append(_escaped(text[at : match.start()]))
        at = match.end()
        if match[1]:
            done.append("$$")
        elif match[2]:
            done.append(_value(match[2], variables))
        else:
            end = _closing(text, at)
            done.append(_braced(text[at:end], variables, depth))
            at = end + 1
    done.append(_escaped(text[at:]))
    return "".join(done)


def _braced(inner: str, variables: Variables, depth: int) -> str:
    name = _NAME.match(inner)
    if name is None:
        raise refused(f"${{{inner}}} names no variable")
    rest = inner[name.end() :]
    if not rest or name[0] in variables.late:
        return _value(name[0], variables)
    operator = next((one for one in _OPERATORS if rest.startswith(one)), None)
    if operator is None:
        raise refused(f"${{{inner}}} cannot be read")
    word = rest[len(operator) :]
    given = variables.known.get(name[0])
    is_given = bool(given) if operator.startswith(":") else given is not None
    if operator.endswith("+"):
        return _text(word, variables, depth + 1) if is_given else ""
    if is_given:
        return _escaped(given or "")
    if operator.endswith("?"):
        raise refused(f"the variable {name[0]} is missing: {word or 'it has to be set'}")
    return _text(word, variables, depth + 1)


def _value(name: str, variables: Variables) -> str:
    if name in variables.late:
        return f"${{{name}}}"
    if name not in variables.known:
        raise refused(f"the variable {name} is missing: set it under env, or give a default")
    return _escaped(variables.known[name])


def _closing(text: str, start: int) -> int:
    depth = 1
    for index in range(start, len(text)):
        if text[index] == "{" and text[index - 1] == "$":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if depth == 0:
                return index
    raise refused(f"a brace is not closed in {text[:60]!r}")


def _escaped(text: str) -> str:
    return text.replace("$", "$$")
