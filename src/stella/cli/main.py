"""The ``stella`` command: runs what is asked for, and says in one place why something was refused."""

import gc
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from stella.cli.plain import read_scan, run_scan_plainly

if TYPE_CHECKING:
    from stella.kernel import StellaError

_GARBAGE_MAX = 50_000
_LASTING = (["serve"], ["agent"])
"""What goes on: there, what is in a circle is not to keep files open for long."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. arguments: without the program's name."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    scan = read_scan(words)
    # Late, all of it: what is loaded is most of the time that a short command takes.
    from stella.kernel import StellaError

    try:
        if scan is not None:
            return run_scan_plainly(scan)
        from stella.cli.commands import run_command

        return run_command(words)
    except StellaError as refusal:
        return _tell(refusal)
    except ModuleNotFoundError as missing:
        from stella.cli.server_part import explained

        refusal_of_install = explained(missing)
        if refusal_of_install is None:
            raise
        return _tell(refusal_of_install)


def _tell(refusal: "StellaError") -> int:
    for line in refusal_lines(refusal):
        print(line, file=sys.stderr)  # noqa: T201 - the one place that tells refusals
    return refusal.exit_code


def refusal_lines(refusal: "StellaError") -> list[str]:
    """What was refused, what to do now, and the code to look up."""
    lines = [f"error: {refusal}", f"  {refusal.remedy.advice}"]
    if refusal.remedy.command:
        lines.append(f"  $ {refusal.remedy.command}")
    return [*lines, f"  {refusal.code}"]


def run() -> None:
    """The entry point of the installed program."""
    # What is loaded stays: to look through it for cycles is a fifth of the start and a part of the end.
    if sys.argv[1:2] not in _LASTING:
        gc.set_threshold(_GARBAGE_MAX)
    code = main()
    gc.freeze()
    sys.exit(code)


if __name__ == "__main__":
    run()
