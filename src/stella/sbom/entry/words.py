"""A line of shell -> the one command that it ends in, where that can be told without running it."""

import re
import shlex
from collections.abc import Mapping, Sequence

import msgspec

LINE_LETTERS_MAX = 4000
WORDS_MAX = 1000
WORDS_LETTERS_MAX = 128 * 1024
_WORDS_MAX = 500
_OPERATORS = frozenset("();<>|&")
_KEYWORDS = frozenset(
    {
        *(
            "if",
            "then",
            "else",
            "elif",
            "fi",
            "for",
            "while",
            "until",
            "do",
            "done",
            "case",
            "esac",
        ),
        *("{", "}", "!", "function", "select", "[[", "[", "test"),
    }
)
_NO_PROGRAMS = frozenset(
    {"exit", "return", "wait", "true", "false", ":", "break", "continue", "trap", "read", "eval"}
)
# What they do does not keep the next command from being run.
_QUIET = frozenset({"set", "umask", "ulimit", "export", "unset", ":", "shopt", "echo", "printf"})
_NAME_LETTERS_MAX = 100
_VARIABLE = (
    r"\$(?:\{(?P<braced>[A-Za-z_][A-Za-z0-9_]{0,99}|[0-9])(?::?-(?P<default>[^{}$]{0,500}))?\}"
    r"|(?P<plain>[A-Za-z_][A-Za-z0-9_]{0,99}|[0-9]))"
)
_ALL = frozenset({"$@", "$*", "${@}", "${*}"})


class Command(msgspec.Struct, frozen=True):
    """Words of one command. variables: those set for it. directory: where it is run, empty for here.

    doubts: why another one might be run.
    """

    words: tuple[str, ...]
    variables: Mapping[str, str]
    directory: str = ""
    doubts: tuple[str, ...] = ()


class Unclear(msgspec.Struct, frozen=True):
    """It cannot be told, and why."""

    reason: str


def last_command(
    line: str, variables: Mapping[str, str], arguments: Sequence[str]
) -> Command | Unclear:
    """The command that ``line`` ends in. arguments: ``$0`` and those after it."""
    tokens = _tokens(line)
    if isinstance(tokens, Unclear):
        return tokens
    parts = _parts(tokens)
    if isinstance(parts, Unclear):
        return parts
    known, directory, doubts = dict(variables), "", list[str]()
    for part in parts[:-1]:
        if part and part[0] == "cd" and len(part) == 2:
            directory = _expanded(part[1], known)
        elif part and part[0] in _QUIET:
            known |= dict(_assignments(part[1:], known)) if part[0] == "export" else {}
        elif part and all(_assigned(word) for word in part):
            known |= dict(_assignments(part, known))
        else:
            doubts.append(f"{part[0] if part else 'nothing'!r} comes before it".replace("''", "'"))
    return _command(parts[-1], known, arguments, directory, doubts)


def _tokens(line: str) -> list[str] | Unclear:
    if len(line) > LINE_LETTERS_MAX:
        return Unclear("its command is longer than anybody writes it")
    if "`" in line or "$(" in line:
        return Unclear("its command is made by another one")
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    tokens: list[str] = []
    try:
        for token in lexer:
            if token.startswith("#"):
                break
            tokens.append(token)
    except ValueError:
        return Unclear("its quotes do not close")
    return tokens if len(tokens) <= _WORDS_MAX else Unclear("its command has too many words")


def _parts(tokens: list[str]) -> list[list[str]] | Unclear:
    """Commands one after the other, without their redirections."""
    parts: list[list[str]] = [[]]
    at = 0
    while at < len(tokens):
        token = tokens[at]
        at += 1
        if not token or not set(token) <= _OPERATORS:
            parts[-1].append(token)
        elif set(token) & set("<>") and "(" not in token:
            # "2>&1": the number before it belongs to it, and the word behind.
            if parts[-1] and parts[-1][-1].isdecimal() and len(parts[-1][-1]) == 1:
                parts[-1].pop()
            at += 1
        elif token in {";", "&&"}:
            parts.append([])
        elif token == "||":
            break
        else:
            return Unclear(_OPERATOR_REASONS.get(token, "its command has more than one part"))
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts


_OPERATOR_REASONS = {
    "|": "its command is a pipe",
    "&": "its command is run in the background",
    ";;": "its end is one of several cases",
}


def _command(
    part: list[str],
    variables: dict[str, str],
    arguments: Sequence[str],
    directory: str,
    doubts: list[str],
) -> Command | Unclear:
    words = _without_prefix(part, variables)
    given = _with_arguments(words, variables, arguments)
    if words and words[0].startswith("$") and words[0] not in _ALL and " " in given[0]:
        given = [*given[0].split(), *given[1:]]
    reason = _why_not(words, given)
    if reason:
        return Unclear(reason)
    return Command(tuple(given), variables, directory, tuple(doubts))


def _why_not(words: Sequence[str], given: Sequence[str]) -> str:
    """Why it is not told which program the command is; empty where it is."""
    if not words:
        return "there is no command at its end"
    if words[0] in _KEYWORDS | _NO_PROGRAMS:
        return f"it ends in {words[0]!r}, which is no program"
    if len(given) > WORDS_MAX or sum(map(len, given)) > WORDS_LETTERS_MAX:
        return "its command has more words than any program is given"
    if not given:
        return "it runs what it is given, and the image gives it nothing"
    if "$" in given[0]:
        return f"it is named by {given[0][:60]!r}, which the image does not set"
    return ""


def _without_prefix(part: Sequence[str], variables: dict[str, str]) -> list[str]:
    """Without assignments, which are taken over, and without ``exec`` and its options."""
    words = list(part)
    while words and _assigned(words[0]):
        variables |= dict(_assignments(words[:1], variables))
        words.pop(0)
    while words and words[0] in {"exec", "command"}:
        words.pop(0)
        if words and words[0] == "-a":
            words = words[2:]
        elif words and words[0] in {"-c", "-l", "--"}:
            words.pop(0)
    return words


def _with_arguments(
    words: Sequence[str], variables: Mapping[str, str], arguments: Sequence[str]
) -> list[str]:
    numbered = {str(n): text for n, text in enumerate(arguments[:10])}
    given: list[str] = []
    for word in words:
        if word in _ALL and len(given) <= WORDS_MAX:
            given += arguments[1:]
        else:
            given.append(_expanded(word, {**variables, **numbered}))
    return given


def arguments_set(lines: Sequence[str], arguments: Sequence[str]) -> tuple[str, ...] | None:
    """What ``set -- program "$@"`` makes of arguments that are only options; None where nothing does."""
    for line in lines:
        tokens = _tokens(line)
        if isinstance(tokens, Unclear):
            continue
        ends = [at for at, word in enumerate(tokens) if word and set(word) <= _OPERATORS]
        tokens = tokens[: ends[0]] if ends else tokens
        if len(tokens) < 4 or tokens[:2] != ["set", "--"]:
            continue
        if any("$" in word and word not in _ALL for word in tokens) or "$@" not in tokens:
            continue
        return (*arguments[:1], *_with_arguments(tokens[2:], {}, arguments))
    return None


def _assignments(words: Sequence[str], variables: Mapping[str, str]) -> list[tuple[str, str]]:
    hits = [hit for word in words if (hit := _assigned(word))]
    return [(name, _expanded(value, variables)) for name, value in hits]


def _assigned(word: str) -> tuple[str, str] | None:
    """Name and value of ``NAME=value``."""
    name, equals, value = word.partition("=")
    is_name = equals and name.isascii() and name.isidentifier() and len(name) <= _NAME_LETTERS_MAX
    return (name, value) if is_name else None


def _expanded(word: str, variables: Mapping[str, str]) -> str:
    """The word with the variables that are known; the others stay as they are written."""

    def value(hit: re.Match[str]) -> str:
        name = hit["braced"] or hit["plain"]
        return variables.get(name) or (hit[0] if hit["default"] is None else hit["default"])

    # Compiled where it is first needed: most images name their program plainly.
    return re.sub(_VARIABLE, value, word)[:LINE_LETTERS_MAX] if "$" in word else word
