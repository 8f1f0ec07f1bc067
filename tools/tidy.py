"""The rules no linter knows, and the ten longest files and functions."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from reference import error_codes

ROOT = Path(__file__).resolve().parent.parent

FILE_BYTES_MAX = 600_000
BANNED_WORDS = ("TO" + "DO", "FIX" + "ME", "X" + "XX")
BANNED_MODULES = frozenset({"time", "random", "uuid", "secrets", "subprocess", "socket"})
# Of those modules, these only compute.
PURE_NAMES = frozenset({"NAMESPACE_URL", "UUID", "uuid5"})
BANNED_CALLS = frozenset({"now", "utcnow", "today"})
# Only these may touch the clock, chance, sockets and processes; the kernel wraps them.
OUTSIDE = frozenset(
    {"agent", "api", "app", "cli", "client", "demo", "doctor", "kernel", "lab", "sdk"}
)


def tracked_files(root: Path) -> list[Path]:
    """The files of the repository, also those not yet committed; ignored ones aside."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    paths = (root / name for name in sorted(set(listing.split("\0"))) if name)
    return [path for path in paths if path.is_file()]


def room_of(path: Path, root: Path) -> str | None:
    """The room that a source file belongs to; None for what lies in no room."""
    parts = path.relative_to(root).parts
    return parts[2] if parts[:2] == ("src", "stella") and len(parts) > 3 else None


def impure_lines(tree: ast.AST) -> list[tuple[int, str]]:
    """Where a module reaches for the clock, chance, a socket or a process."""
    found = []
    for node in _run_nodes(tree):
        match node:
            case ast.Import(names=names):
                modules = {alias.name.partition(".")[0] for alias in names} & BANNED_MODULES
                found += [(node.lineno, f"imports {module}") for module in sorted(modules)]
            case ast.ImportFrom(module=str(module), level=0, names=names):
                pure = {alias.name for alias in names} <= PURE_NAMES
                if module.partition(".")[0] in BANNED_MODULES and not pure:
                    found.append((node.lineno, f"imports {module}"))
            case ast.Call(func=ast.Attribute(value=ast.Name(id="datetime" | "date"), attr=attr)):
                if attr in BANNED_CALLS:
                    found.append((node.lineno, f"calls {attr}()"))
    return found


def _run_nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but what is for the type checker alone, which never runs."""
    waiting = [tree]
    while waiting:
        node = waiting.pop(0)
        match node:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=rest):
                waiting += rest
            case _:
                yield node
                waiting += ast.iter_child_nodes(node)


def problems(root: Path) -> list[str]:
    """Every broken rule, one sentence each."""
    found = []
    for path in tracked_files(root):
        name = path.relative_to(root)
        size = path.stat().st_size
        if size > FILE_BYTES_MAX:
            found.append(f"{name} has {size} bytes, over {FILE_BYTES_MAX}")
        content = path.read_bytes()
        if b"\0" in content:
            continue  # a picture's bytes say anything
        text = content.decode(errors="replace")
        if path.suffix != ".lock":
            found += [f"{name} says {word}" for word in BANNED_WORDS if f"{word}" in _words(text)]
        room = room_of(path, root)
        if path.suffix == ".py" and room is not None and room not in OUTSIDE:
            lines = impure_lines(ast.parse(text))
            found += [f"{name}:{line} {what}, which comes in by the door" for line, what in lines]
    codes = Counter(error.code for error in error_codes(root))
    found += [
        f"{code} is the code of {count} classes" for code, count in codes.items() if count > 1
    ]
    found += [f"{e.where}: {e.name} has no docstring" for e in error_codes(root) if not e.meaning]
    return found


def _words(text: str) -> set[str]:
    cleaned = "".join(letter if letter.isalnum() else " " for letter in text)
    return set(cleaned.split())


def longest(root: Path) -> tuple[list[tuple[int, str]], list[tuple[int, str]]]:
    """The ten longest Python files and functions, in lines."""
    files, functions = [], []
    for path in tracked_files(root):
        if path.suffix != ".py":
            continue
        name, text = str(path.relative_to(root)), path.read_text()
        files.append((len(text.splitlines()), name))
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or node.lineno) - node.lineno + 1
                functions.append((lines, f"{name}:{node.lineno} {node.name}"))
    return sorted(files, reverse=True)[:10], sorted(functions, reverse=True)[:10]


def main() -> None:
    """Print the tail and the broken rules; end with 1 where there is one."""
    files, functions = longest(ROOT)
    for title, rows in (("longest files", files), ("longest functions", functions)):
        print(title)
        for lines, name in rows:
            print(f"  {lines:5}  {name}")
    found = problems(ROOT)
    for problem in found:
        print(problem, file=sys.stderr)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
