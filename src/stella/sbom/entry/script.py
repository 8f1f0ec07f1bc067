"""A script -> what its layer remembers of it: the interpreter, and which command it ends in.

The text itself is not kept: it may hold what is nobody's business, and only its end matters here.
"""

import re

from stella.sbom.entry.known import SHELLS
from stella.sbom.facts import Script
from stella.sbom.secret.places import Place
from stella.sbom.secret.rules import find_secrets

SCRIPT_BYTES_MAX = 64 * 1024
SHEBANG = b"#!"

_INTERPRETER_BYTES_MAX = 256
_COMMAND_LETTERS_MAX = 1000
_SETS_MAX = 8
_EXEC = re.compile(r"(?:^|[;&|{(]|\bthen\b|\belse\b|\bdo\b)\s{0,20}(exec\s[^\n]{1,2000})")
_SET = re.compile(r"(?:^|[\s;&|{(])(set\s+--?\s|shift\b)")
# Values that are given by name. A variable keeps its name, and a port or a path behind -p stays.
_GIVEN = re.compile(
    r"""(?P<name>(?i:
            (?:password|passwd|secret|token)["']?\s{0,4}[=:][-=]?\s{0,4}
            | (?<!\S)-[\w-]{0,40}(?:password|passwd|secret|token)\s{1,4}
            | \bBearer\s{1,4}
        ) | (?<!\S)-p\s{0,4}(?=["']?[^\s"'/:]{0,40}[0-9])(?=["']?[^\s"'/:]{0,40}[A-Za-z]))
        (?P<value>"[^"$\n]+" | '[^'\n]+' | [^\s"'$;&|`()}-][^\s"'$;&|`()}]*)""",
    re.VERBOSE,
)
_HERE_DOCUMENT = re.compile(r"<<-?\s{0,8}[\"']?([A-Za-z_][A-Za-z0-9_]{0,63})[\"']?")


def read_script(content: bytes, size: int) -> Script:
    """What is remembered of a file that begins with ``#!``. size: of all of it, in bytes."""
    first = content[:_INTERPRETER_BYTES_MAX].partition(b"\n")[0]
    words = tuple(first[len(SHEBANG) :].decode("utf-8", "replace").split())[:8]
    if not _is_shell(words):
        return Script(words)
    if len(content) < size:
        return Script(words, unread=f"it is {size} bytes long, and not all of them were read")
    return _commands(words, content)


def read_commands(content: bytes) -> Script:
    """What is remembered of a shell script that is given to its shell by name."""
    return _commands((), content)


def _is_shell(words: tuple[str, ...]) -> bool:
    names = [word.rpartition("/")[2] for word in words[:3]]
    return bool(SHELLS & set(names))


def _commands(words: tuple[str, ...], content: bytes) -> Script:
    last, last_line, last_exec, exec_line, execs = "", 0, "", 0, 0
    sets: list[str] = []
    for number, line in _logical_lines(content.decode("utf-8", "replace")):
        last, last_line = line, number
        for hit in _EXEC.finditer(line) if "exec" in line else ():
            if not _is_redirection(hit[1]):
                last_exec, exec_line, execs = hit[1].strip(), number, execs + 1
        found = _SET.search(line) if "set -" in line or "shift" in line else None
        if found and len(sets) < _SETS_MAX:
            sets.append(line[found.start(1) :].strip())
    kept = (last, last_exec, *sets)
    if any(len(text) > _COMMAND_LETTERS_MAX for text in kept):
        return Script(words, unread="its commands are longer than anybody writes them")
    if any(True for _ in find_secrets("\n".join(kept).encode(), Place.ENVIRONMENT)):
        return Script(words, unread="a secret stands in its commands")
    last, last_exec, *sets = (_GIVEN.sub(r"\g<name>[secret]", text) for text in kept)
    return Script(words, last.rstrip(), last_line, last_exec, exec_line, execs, tuple(sets))


def _logical_lines(text: str) -> list[tuple[int, str]]:
    """Commands with the number of their first line: no comments, no empty ones, no here-documents."""
    found: list[tuple[int, str]] = []
    waiting, begun, ends_at = "", 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        if ends_at:
            ends_at = "" if line.strip() == ends_at else ends_at
            continue
        if not waiting and (not line.strip() or line.lstrip().startswith("#")):
            continue
        begun = begun or number
        if line.endswith("\\") and len(waiting) < 2 * _COMMAND_LETTERS_MAX:
            waiting += line[:-1] + " "
            continue
        whole = waiting + line
        found.append((begun, whole))
        opened = _HERE_DOCUMENT.search(whole) if "<<" in whole else None
        ends_at = opened[1] if opened else ""
        waiting, begun = "", 0
    if waiting:
        found.append((begun, waiting))
    return found


def _is_redirection(command: str) -> bool:
    """``exec 3>&1`` and ``exec > log`` start no program."""
    following = command[len("exec") :].lstrip()
    return bool(re.match(r"[0-9]*[<>]|\{", following))
