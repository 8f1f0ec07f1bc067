"""Constraints on versions as package managers write them, made into spans of the versions that fit."""

import re
from collections.abc import Iterable, Iterator

from stella.advisory.model import Span
from stella.advisory.versions import Key, version_key

_CHARACTERS_MAX = 4_000
_PARTS_MAX = 200

_COMPARATOR = re.compile(r"(>=|<=|==|=>|=<|!=|~>|>|<|=|~|\^)?\s*([^\s<>=~^!,|]+)")
_ROOM = re.compile(r"(>=|<=|==|=>|=<|~>|>|<|=|~|\^)\s+")
_NPM = re.compile(
    r"[v=]*(?P<numbers>(?:[0-9]+|[xX*])(?:\.(?:[0-9]+|[xX*])){0,2})(?P<rest>(?:[-+].*|\.?[a-zA-Z].*)?)\Z"
)
_SPELLINGS = {"": "=", "==": "=", "=>": ">=", "=<": "<="}


class UnreadableConstraint(ValueError):
    """A constraint that is not understood: what it allows is unknown."""


def plain_spans(scheme: str, text: str) -> tuple[Span, ...]:
    """``>= 1.0, < 2.0 || = 3``: comparators that all hold, in alternatives. Raises UnreadableConstraint."""
    return _alternatives(scheme, (_comparators(part) for part in _parts(text)))


def listed_spans(scheme: str, texts: Iterable[str]) -> tuple[Span, ...]:
    """Comparators that all hold, each a text of its own (Composer's). Raises UnreadableConstraint."""
    return plain_spans(scheme, ", ".join(texts))


def npm_spans(text: str) -> tuple[Span, ...]:
    """A range of node-semver: ``^1.2``, ``~1``, ``1.x``, ``1 - 2``, ``||``. Raises UnreadableConstraint.

    Pre-releases are versions like others: the range that npm hides them in is no range of what is bad.
    """
    return _alternatives("semver", (_npm_comparators(part) for part in _parts(text)))


def gem_spans(text: str) -> tuple[Span, ...]:
    """A requirement of RubyGems: ``~> 2.3.1, >= 2.3.1.2``. Raises UnreadableConstraint."""
    found = []
    for operator, version in _comparators(_bounded(text)):
        if operator == "~>":
            found += [(">=", version), ("<", _gem_bump(version))]
        else:
            found.append((operator, version))
    return _alternatives("gem", [found])


def vers_spans(scheme: str, text: str) -> tuple[Span, ...]:
    """``vers:pypi/>=1|<2|>=3|<4``: lower and upper bounds in turn. Raises UnreadableConstraint."""
    spans: list[Span] = []
    low: tuple[str, str] | None = None
    _, _, constraints = _bounded(text).partition("/")
    if constraints == "*":
        return (Span(),)
    for part in _few(constraints.split("|")):
        comparators = _comparators(part)
        if len(comparators) != 1:
            raise UnreadableConstraint(text[:100])
        ((operator, version),) = comparators
        if operator in {">", ">="}:
            low = (operator, version)
        elif operator in {"<", "<="}:
            spans += _alternatives(scheme, [[*([low] if low else []), (operator, version)]])
            low = None
        elif operator == "=":
            spans += _alternatives(scheme, [[("=", version)]])
        else:
            raise UnreadableConstraint(text[:100])
    if low:
        spans += _alternatives(scheme, [[low]])
    return tuple(spans)


def outside(scheme: str, spans: Iterable[Span]) -> tuple[Span, ...]:
    """Every version that no span holds. Raises UnreadableConstraint."""
    ordered = sorted(spans, key=lambda span: _low(scheme, span))
    found: list[Span] = []
    begin = Span()
    for span in ordered:
        gap = _until(begin, span)
        if gap is not None and not _is_empty(scheme, gap):
            found.append(gap)
        if not span.fixed and not span.last:
            return tuple(found)
        rest = Span(introduced=span.fixed) if span.fixed else Span(after=span.last)
        begin = max(begin, rest, key=lambda one: _low(scheme, one))
    return (*found, begin)


def _until(begin: Span, span: Span) -> Span | None:
    """From ``begin`` up to where ``span`` begins; None where nothing can lie before it."""
    if span.after:
        return Span(begin.introduced, last=span.after, after=begin.after)
    if span.introduced == "0":
        return None
    return Span(begin.introduced, fixed=span.introduced, after=begin.after)


def _bounded(text: str) -> str:
    if len(text) > _CHARACTERS_MAX:
        raise UnreadableConstraint(f"{text[:60]} and {len(text) - 60} more characters")
    return text


def _parts(text: str) -> list[str]:
    return _few(re.split(r"\|\|?", _bounded(text)))


def _few(parts: list[str]) -> list[str]:
    """All of them: what is left out would count as not affected."""
    if len(parts) > _PARTS_MAX:
        raise UnreadableConstraint(f"it has {len(parts)} alternatives, {_PARTS_MAX} are read")
    return parts


def _comparators(text: str) -> list[tuple[str, str]]:
    rest = _COMPARATOR.sub("", text)
    if rest.strip(" ,\t\n"):
        raise UnreadableConstraint(text[:100])
    return [
        (_SPELLINGS.get(found[1] or "", found[1]), found[2]) for found in _COMPARATOR.finditer(text)
    ]


def _alternatives(scheme: str, parts: Iterable[list[tuple[str, str]]]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for comparators in parts:
        span = _all_of(scheme, comparators)
        if span not in spans and not _is_empty(scheme, span):
            spans.append(span)
    return tuple(spans)


def _all_of(scheme: str, comparators: list[tuple[str, str]]) -> Span:
    """The versions that fit all of them."""
    if not comparators:
        raise UnreadableConstraint("no version is named")
    span = Span()
    for operator, version in comparators:
        if version == "*":
            continue
        _key(scheme, version)
        match operator:
            case ">=":
                more = Span(introduced=version)
            case ">":
                more = Span(after=version)
            case "<":
                more = Span(fixed=version)
            case "<=":
                more = Span(last=version)
            case "=":
                more = Span(introduced=version, last=version)
            case _:
                raise UnreadableConstraint(f"{operator}{version}")
        span = _both(scheme, span, more)
    return span


def _both(scheme: str, one: Span, two: Span) -> Span:
    low = max(one, two, key=lambda span: _low(scheme, span))
    high = min(one, two, key=lambda span: _high(scheme, span))
    return Span(low.introduced, fixed=high.fixed, last=high.last, after=low.after)


def _low(scheme: str, span: Span) -> tuple[int, Key, bool]:
    """Sorts spans by where they begin."""
    if span.after:
        return 1, _key(scheme, span.after), True
    if span.introduced == "0":
        return 0, (), False
    return 1, _key(scheme, span.introduced), False


def _high(scheme: str, span: Span) -> tuple[int, Key, bool]:
    """Sorts spans by where they end."""
    bound = span.fixed or span.last
    return (0, _key(scheme, bound), bool(span.last)) if bound else (1, (), False)


def _is_empty(scheme: str, span: Span) -> bool:
    bound = span.fixed or span.last
    first = span.after or span.introduced
    if not bound or (first == "0" and not span.after):
        return False
    low, high = _key(scheme, first), _key(scheme, bound)
    if span.last and not span.after:
        return bool(high < low)
    return not low < high


def _key(scheme: str, version: str) -> Key:
    key = version_key(scheme, version)
    if key is None:
        raise UnreadableConstraint(f"{version[:100]!r} is no version")
    return key


def _gem_bump(version: str) -> str:
    """Where ``~> version`` ends: below every pre-release of the next."""
    numbers = re.match(r"[0-9]+(?:\.[0-9]+)*", version)
    if numbers is None:
        raise UnreadableConstraint(f"{version[:100]!r} is no version")
    parts = numbers[0].split(".")
    parts = parts[:-1] if len(parts) > 1 else parts
    return ".".join([*parts[:-1], str(int(parts[-1]) + 1), "a"])


def _npm_comparators(text: str) -> list[tuple[str, str]]:
    first, dash, last = text.strip().partition(" - ")
    if dash:
        return [*_npm_one(">=", first.strip()), *_npm_one("<=", last.strip())]
    words = _ROOM.sub(r"\1", text.replace(",", " ")).split()
    found: list[tuple[str, str]] = []
    for word in words or ["*"]:
        operator = re.match(r"(>=|<=|==|=>|=<|~>|>|<|=|~|\^)?", word)
        sign = operator[0] if operator else ""
        found += _npm_one(_SPELLINGS.get(sign, sign) if sign else "", word[len(sign) :])
    return found


def _npm_one(operator: str, text: str) -> Iterator[tuple[str, str]]:
    """Comparators of whole versions for one that may leave out its last numbers."""
    found = _NPM.match(text)
    if found is None:
        raise UnreadableConstraint(text[:100] or "no version is named")
    numbers = []
    for one in found["numbers"].split("."):
        if not one.isdigit():
            break
        numbers.append(int(one))
    rest = found["rest"].partition("+")[0].replace("*", "0")
    if rest:
        rest = f"-{rest.lstrip('-.')}"  # "1.0.0rc1" and "1.0.0.beta.3" stand in feeds
        numbers = [*numbers, 0, 0][:3]
    if not numbers:
        yield ("<", "0.0.0-0") if operator in {"<", ">"} else (">=", "*")
        return
    yield from _npm_whole(operator, numbers, rest)


def _npm_whole(operator: str, numbers: list[int], rest: str) -> list[tuple[str, str]]:
    version = ".".join(map(str, [*numbers, 0, 0][:3])) + rest
    is_whole = len(numbers) == 3
    following = _npm_bump(numbers, len(numbers) - 1)
    match operator:
        case "~" | "~>" | "^":
            last = len(numbers) - 1
            first = next((n for n, one in enumerate(numbers) if one), last)
            return [
                (">=", version),
                ("<", _npm_bump(numbers, first if operator == "^" else min(last, 1))),
            ]
        case "" | "=":
            return [("=", version)] if is_whole else [(">=", version), ("<", following)]
        case ">":
            return [(">", version) if is_whole else (">=", following.removesuffix("-0"))]
        case "<=":
            return [("<=", version) if is_whole else ("<", following)]
        case "<" if not is_whole:
            return [("<", f"{version}-0")]
    return [(operator, version)]


def _npm_bump(numbers: list[int], place: int) -> str:
    """The lowest version of the next number at ``place``."""
    raised = [*numbers[:place], numbers[place] + 1, 0, 0, 0][:3]
    return ".".join(map(str, raised)) + "-0"
