"""Plain command lines of the commands that must start fast, read without typer.

Everything that is not plain (help, a wrong word, ``--option=value``) is left to typer, which explains
itself. A test holds the two readings together.
"""

import os
import sys
from collections.abc import Sequence
from typing import Any

VALUES = {
    "-o": "output",
    "--output": "output",
    "--to": "to",
    "--advisories": "advisories",
    "--end-of-life": "end_of_life",
    "--fail-on": "fail_on",
    "--sign": "sign",
    "--platform": "platform",
    "--ca-file": "ca_file",
    "--username": "username",
    "--password": "password",
}
FLAGS = {
    "--attach": ("attach", True),
    "--log": ("log", True),
    "--cache": ("cache", True),
    "--no-cache": ("cache", False),
    "--plain-http": ("plain_http", True),
}
ENVIRONMENT = {
    "username": "STELLA_REGISTRY_USERNAME",
    "password": "STELLA_REGISTRY_PASSWORD",
}
PATHS = frozenset({"to", "advisories", "end_of_life"})


def read_scan(words: Sequence[str]) -> dict[str, Any] | None:
    """The options of a plain ``scan TARGET ...`` by name; None where the words are for typer."""
    if words[:1] != ["scan"]:
        return None
    given: dict[str, Any] = {}
    for name, variable in ENVIRONMENT.items():
        if os.environ.get(variable):
            given[name] = os.environ[variable]
    rest = iter(words[1:])
    for word in rest:
        if word in FLAGS:
            name, value = FLAGS[word]
            given[name] = value
        elif word in VALUES:
            text = next(rest, "")
            if not text or text.startswith("-"):
                return None
            name = VALUES[word]
            given[name] = _path(text) if name in PATHS else text
        elif word.startswith("-") or not word or "target" in given:
            return None
        else:
            given["target"] = word
    return given if "target" in given else None


def run_scan_plainly(given: dict[str, Any]) -> int:
    """Scan as ``read_scan`` has read it; the exit code. Refusals pass through."""
    from stella.cli.scanning import ScanOptions, run_scan

    try:
        return run_scan(ScanOptions(**given))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read has gone; what is left in the buffer must not complain at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _path(text: str) -> object:
    from pathlib import Path

    return Path(text)
