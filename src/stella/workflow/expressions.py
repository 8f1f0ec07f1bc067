"""Expressions of workflows: CEL, checked for types before anything runs, and bounded when it does.

CEL is not Turing complete, sees nothing but the names that it is given, and its evaluator ends what
goes through more than 10,000 items or is nested more than 32 deep. What an expression gives is plain
JSON without fractions, because it is kept, signed and compared.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from stella.kernel import Json, Remedy
from stella.kernel.names import nearest
from stella.workflow.errors import ExpressionFailed
from stella.workflow.shapes import ANY, STRING, Shape

if TYPE_CHECKING:
    from cel_expr_python import cel

CHARACTERS_MAX = 4000
_VALUE_CHARACTERS_MAX = 64 * 1024
_DEPTH_MAX = 20
_INTEGER_MAX = 2**53 - 1
_OPEN, _CLOSE = "${{", "}}"
_PLACE = re.compile(r"<input>:\d+:(?P<column>\d+): (?P<words>.*)")
_UNDECLARED = re.compile(r"undeclared reference to '(?P<name>[^']+)'")
_KINDS = {
    "STRING": "string",
    "INT": "int",
    "UINT": "int",
    "DOUBLE": "double",
    "BOOL": "bool",
    "NULL": "null",
    "DYN": "any",
}


class BadExpression(Exception):
    """It cannot be read, or its types do not fit. column: from 1, in the expression's text.

    missing: the name that is not there, where that is what is wrong.
    """

    def __init__(self, words: str, column: int = 1, missing: str = "") -> None:
        super().__init__(words)
        self.column = column
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that an expression may use, each with its shape: ``inputs.version``."""

    names: Mapping[str, Shape]

    def compile(self, text: str) -> "Expression":
        """Raises BadExpression, with the nearest name for one that is not there."""
        if len(text) > CHARACTERS_MAX:
            raise BadExpression(f"it has more than {CHARACTERS_MAX} characters")
        environment = _environment(tuple(sorted(self.names.items())))
        try:
            compiled = environment.compile(text)
        except RuntimeError as error:
            raise self._explained(str(error)) from None
        shape = _shape(compiled.return_type().name())
        if shape.kind == "double":
            raise BadExpression(
                "it gives a number with a fraction; int() or string() makes it one that is kept"
            )
        return Expression(text, shape, compiled)

    def _explained(self, said: str) -> BadExpression:
        place = _PLACE.search(said)
        words = place["words"].strip() if place else said.split("\n", 1)[0]
        undeclared = _UNDECLARED.search(words)
        missing = undeclared["name"] if undeclared else ""
        if missing:
            words = f"there is no {missing[:80]!r} here{nearest(missing, self.names)}"
        return BadExpression(words[:300], int(place["column"]) if place else 1, missing)


@dataclass(frozen=True, slots=True)
class Expression:
    """One that was checked. shape: of what it gives."""

    text: str
    shape: Shape
    compiled: "cel.Expression"

    def value(self, data: Mapping[str, Json]) -> Json:
        """What it gives. data: name -> value; a name without one fails where it is asked for.

        Raises ExpressionFailed.
        """
        try:
            found = self.compiled.eval(data=dict(data))
            value = found.plain_value()
        except RuntimeError as error:
            raise self._failed(_after_code(str(error))) from None
        if found.type().name() == "ERROR":
            raise self._failed(_after_code(str(value)))
        plain = self._plain(value, _DEPTH_MAX)
        if _size(plain) > _VALUE_CHARACTERS_MAX:
            raise self._failed(f"it gives more than {_VALUE_CHARACTERS_MAX} characters")
        return plain

    def _plain(self, value: Any, depth: int) -> Json:
        if isinstance(value, int) and abs(value) > _INTEGER_MAX:
            raise self._failed("it gives a whole number beyond 2^53, which is not kept")
        if value is None or isinstance(value, bool | int | str):
            return value
        if depth and isinstance(value, list):
            return [self._plain(one, depth - 1) for one in value]
        if depth and isinstance(value, dict) and all(isinstance(key, str) for key in value):
            return {key: self._plain(one, depth - 1) for key, one in value.items()}
        raise self._failed(
            f"it gives a {type(value).__name__}, which is not kept; string() may help"
        )

    def _failed(self, why: str) -> ExpressionFailed:
        return ExpressionFailed(
            f"{self.text[:200]} has no value: {why[:300]}",
            remedy=Remedy(
                "Ask for it only where it is there: steps.NAME.state says how a step ended."
            ),
            expression=self.text[:200],
        )


@dataclass(frozen=True, slots=True)
class Template:
    """A text with expressions in it, ``${{ like.this }}``; one that is nothing else gives their value."""

    parts: tuple[str | Expression, ...]

    @property
    def shape(self) -> Shape:
        """Of what it gives."""
        only = self.parts[0] if len(self.parts) == 1 else ""
        return only.shape if isinstance(only, Expression) else STRING

    def value(self, data: Mapping[str, Json]) -> Json:
        """Raises ExpressionFailed."""
        if len(self.parts) == 1 and isinstance(self.parts[0], Expression):
            return self.parts[0].value(data)
        return "".join(
            one if isinstance(one, str) else _text(one, one.value(data)) for one in self.parts
        )


def read_template(text: str, scope: Scope) -> Template:
    """``$${{`` stands for itself. Raises BadExpression; its column is that in the whole text."""
    parts: list[str | Expression] = []
    literal, at = "", 0
    while at < len(text):
        if text.startswith("$" + _OPEN, at):
            literal, at = literal + _OPEN, at + len(_OPEN) + 1
        elif text.startswith(_OPEN, at):
            start = at + len(_OPEN)
            end = _end(text, start)
            parts += (
                [literal, _inner(text, start, end, scope)]
                if literal
                else [_inner(text, start, end, scope)]
            )
            literal, at = "", end + len(_CLOSE)
        else:
            literal, at = literal + text[at], at + 1
    if literal or not parts:
        parts.append(literal)
    return Template(tuple(parts))


def _inner(text: str, start: int, end: int, scope: Scope) -> Expression:
    inner = text[start:end]
    margin = len(inner) - len(inner.lstrip())
    try:
        return scope.compile(inner.strip())
    except BadExpression as error:
        column = start + margin + error.column
        raise BadExpression(str(error), column, error.missing) from None


def _end(text: str, start: int) -> int:
    """Where the expression that begins at ``start`` ends: braces and quotes within it are its own."""
    depth, quote, at = 0, "", start
    while at < len(text):
        letter = text[at]
        if quote:
            at += letter == "\\"
            quote = "" if letter == quote else quote
        elif letter in "\"'":
            quote = letter
        elif letter == "{":
            depth += 1
        elif letter == "}" and depth:
            depth -= 1
        elif text.startswith(_CLOSE, at):
            return at
        at += 1
    raise BadExpression("it has no }} at its end", start - len(_OPEN) + 1)


@lru_cache(maxsize=256)
def _environment(names: tuple[tuple[str, Shape], ...]) -> "cel.Env":
    from cel_expr_python import cel

    return cel.NewEnv(variables={name: _type(shape) for name, shape in names})


def _type(shape: Shape) -> "cel.Type":
    from cel_expr_python import cel

    plain = {
        "string": cel.Type.STRING,
        "int": cel.Type.INT,
        "double": cel.Type.DOUBLE,
        "bool": cel.Type.BOOL,
        "null": cel.Type.NULL,
    }
    if shape.kind == "list":
        return cel.Type.List(_type(shape.item or ANY))
    if shape.kind == "map":
        return cel.Type.Map(cel.Type.STRING, _type(shape.item or ANY))
    return plain.get(shape.kind, cel.Type.DYN)


def _shape(name: str) -> Shape:
    """Of a type as CEL names it: ``LIST<STRING>``, ``MAP<STRING, DYN>``."""
    if name.startswith("LIST"):
        return Shape("list", _shape(name[5:-1]) if name.endswith(">") else ANY)
    if name.startswith("MAP"):
        inner = name[4:-1].partition(", ")[2] if name.endswith(">") else ""
        return Shape("map", _shape(inner) if inner else ANY)
    return Shape(_KINDS.get(name, "any"))


def _text(expression: Expression, value: Json) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int):
        return str(value)
    raise ExpressionFailed(
        f"{expression.text[:200]} gives no text",
        remedy=Remedy("Within a text stands a string, a number or true and false."),
        expression=expression.text[:200],
    )


def _after_code(said: str) -> str:
    """The evaluator's words without its own code before them."""
    return re.sub(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$", "", said)


def _size(value: Json) -> int:
    if isinstance(value, Mapping):
        return sum(len(key) + _size(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return sum(map(_size, value)) + len(value)
    return len(value) if isinstance(value, str) else 1
