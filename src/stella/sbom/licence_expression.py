"""SPDX licence expressions: which licences one may choose between, and which come together.

Source: https://spdx.github.io/spdx-spec/v3.0.1/annexes/spdx-license-expressions/
"""

import re
from functools import cache

from stella.sbom.format.schemas import schema_table

CHOICES_MAX = 64
"""So many choices an expression may come to; ``(A OR B) AND (C OR D) AND ...`` doubles them each time."""
_NAMES_MAX = 640
"""So many names all choices together may have: what asks of each of them has to be done soon."""
_DEPTH_MAX = 32
_TOKEN = re.compile(r"\s*([()]|[A-Za-z0-9.:+-]+)\s*")
# Ids that the list keeps for old documents; "+" there is a part of the name.
_GNU = re.compile(r"((?:A?GPL|LGPL|GFDL)-[0-9.]+)(\+?)\Z")
_OPERATORS = {"AND": "AND", "OR": "OR", "WITH": "WITH", "and": "AND", "or": "OR", "with": "WITH"}
_NO_LICENCE = frozenset({"NONE", "NOASSERTION"})
# The exceptions that do not call themselves so, in lower case.
_EXCEPTIONS = frozenset({"linux-syscall-note", "gpl-cc-1.0", "shl-2.0", "shl-2.1"})

Choices = tuple[tuple[str, ...], ...]
"""One of these must be kept, and of it every licence."""


class _NoExpressionError(Exception):
    """Never leaves this module."""


def choices_of(text: str) -> Choices:
    """What the expression leaves one to choose, sorted; empty where it is no expression.

    A licence is ``MIT``, or with its exception ``GPL-2.0-only WITH Classpath-exception-2.0``, as the
    SPDX list writes it; names that stand on no list stay as they are.
    """
    tokens = _tokens(text)
    if not tokens or tokens[0] in _NO_LICENCE:
        return ()
    try:
        choices, rest = _either(tokens, 0)
    except _NoExpressionError:
        return ()
    return () if rest else tuple(sorted(tuple(sorted(one)) for one in choices))


def is_listed(licence: str) -> bool:
    """Whether the SPDX list has it, exception included.

    ``LicenseRef-...`` is on no list: what it stands for is told beside it, and nobody reads that.
    """
    licence, _, exception = licence.partition(" WITH ")
    known = _spelling()
    if exception and not (exception.lower() in known and _is_exception(exception.lower())):
        return False
    bare = licence.removesuffix("+").lower()
    if bare != licence.lower() and bare.endswith(("-only", "-or-later")):
        return False  # it says twice, or both, which versions it is
    return bare in known and "exception" not in bare and bare not in _EXCEPTIONS


def _is_exception(word: str) -> bool:
    """Whether it is no licence by itself; ``GPL-2.0-with-bison-exception`` is one."""
    return word in _EXCEPTIONS or ("exception" in word and "-with-" not in word)


def both(one: Choices, other: Choices) -> Choices:
    """What is left to choose where both have to be kept; empty where that is too much, or one is."""
    try:
        choices = _joined({frozenset(part) for part in one}, {frozenset(part) for part in other})
    except _NoExpressionError:
        return ()
    return tuple(sorted(tuple(sorted(part)) for part in choices))


def _tokens(text: str) -> list[str]:
    """Its words and brackets; none where there is something else in it."""
    found, place = [], 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            return []
        found.append(token[1])
        place = token.end()
    return found


_Sets = set[frozenset[str]]


def _either(tokens: list[str], depth: int) -> tuple[_Sets, list[str]]:
    """``a OR b``, and what comes after it."""
    if depth > _DEPTH_MAX:
        raise _NoExpressionError
    choices, rest = _all(tokens, depth)
    while rest and _OPERATORS.get(rest[0]) == "OR":
        more, rest = _all(rest[1:], depth)
        choices |= more
    if len(choices) > CHOICES_MAX:
        raise _NoExpressionError
    return choices, rest


def _all(tokens: list[str], depth: int) -> tuple[_Sets, list[str]]:
    """``a AND b``."""
    choices, rest = _one(tokens, depth)
    while rest and _OPERATORS.get(rest[0]) == "AND":
        more, rest = _one(rest[1:], depth)
        choices = _joined(choices, more)
    return choices, rest


def _joined(choices: _Sets, more: _Sets) -> _Sets:
    if len(choices) * len(more) > CHOICES_MAX:
        raise _NoExpressionError
    joined = {one | other for one in choices for other in more}
    if sum(map(len, joined)) > _NAMES_MAX:
        raise _NoExpressionError
    return joined


def _one(tokens: list[str], depth: int) -> tuple[_Sets, list[str]]:
    """A licence with its exception, or brackets."""
    if tokens and tokens[0] == "(":
        choices, rest = _either(tokens[1:], depth + 1)
        if not rest or rest[0] != ")":
            raise _NoExpressionError
        return choices, rest[1:]
    licence, rest = _name(tokens)
    licence = _canonical(licence)
    if rest and _OPERATORS.get(rest[0]) == "WITH":
        exception, rest = _name(rest[1:])
        licence += f" WITH {_spelling().get(exception.lower(), exception)}"
    return {frozenset({licence})}, rest


def _name(tokens: list[str]) -> tuple[str, list[str]]:
    if not tokens or tokens[0] in {"(", ")"} or tokens[0] in _OPERATORS:
        raise _NoExpressionError
    return tokens[0], tokens[1:]


def _canonical(licence: str) -> str:
    """As the list writes it now: ``gpl-2.0+`` is ``GPL-2.0-or-later``."""
    known = _spelling()
    plus = "+" if licence.endswith("+") and licence.lower() not in known else ""
    bare = licence.removesuffix(plus) if plus else licence
    spelt = known.get(bare.lower(), bare) + plus
    gnu = _GNU.match(spelt)
    if gnu is None:
        return spelt
    newer = gnu[1] + ("-or-later" if gnu[2] else "-only")
    return known.get(newer.lower(), spelt)


@cache
def _spelling() -> dict[str, str]:
    """Every id of the SPDX list, exceptions among them, in lower case -> as it is written."""
    return {one.lower(): one for one in schema_table("licences.xml")}
