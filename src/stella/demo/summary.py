"""What a demonstration showed, for people and as JSON."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class Summary:
    """Collected while it is walked. seconds: of each step; every other field as the step left it."""

    simulated: bool
    steps: list[dict[str, Any]] = field(default_factory=list)
    releases: dict[str, dict[str, str]] = field(default_factory=dict)
    promotions: dict[str, str] = field(default_factory=dict)
    refusal: dict[str, Any] = field(default_factory=dict)
    run: dict[str, str] = field(default_factory=dict)
    tag_moved: dict[str, Any] = field(default_factory=dict)
    tamper: dict[str, Any] = field(default_factory=dict)
    rollback: dict[str, Any] = field(default_factory=dict)
    packets: list[str] = field(default_factory=list)
    verify: list[dict[str, Any]] = field(default_factory=list)
    replay: list[dict[str, Any]] = field(default_factory=list)
    console: str = ""
    seconds: float = 0.0

    def write(self, file: Path) -> None:
        """As JSON."""
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(asdict(self), indent=2) + "\n")


class Teller:
    """Tells on the terminal what happens, step by step, with times; plain where there is no TTY."""

    def __init__(self, summary: Summary, *, colours: bool) -> None:
        self._summary = summary
        self._colours = colours
        self._begun = time.monotonic()

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """One numbered step."""
        number = len(self._summary.steps) + 1
        self.line(f"\n{self._bold(f'{number}. {title}')}")
        begun = time.monotonic()
        yield
        took = time.monotonic() - begun
        self._summary.steps.append({"name": title, "seconds": round(took, 2)})
        self.line(self._dim(f"   {took:.1f} s"))
        self._summary.seconds = round(time.monotonic() - self._begun, 2)

    def say(self, text: str) -> None:
        """One line about what is so now."""
        self.line(f"   {text}")

    def command(self, text: str) -> None:
        """The command that does the same by hand."""
        self.line(self._dim(f"   $ {text}"))

    def quote(self, text: str, lines_max: int = 40) -> None:
        """What a program printed."""
        lines = text.rstrip().splitlines()
        for line in lines[:lines_max]:
            self.line(f"   | {line}")
        if len(lines) > lines_max:
            self.line(f"   | and {len(lines) - lines_max} lines more")

    def line(self, text: str) -> None:
        """A line as it stands, at once: a step may take a while."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._colours else text

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self._colours else text
