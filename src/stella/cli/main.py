"""The ``stella`` command: runs what is asked for, and says in one place why something was refused."""

import sys
from collections.abc import Sequence

from stella.cli.plain import run_plain
from stella.kernel.errors import StellaError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code. arguments: without the program's name."""
    words = sys.argv[1:] if arguments is None else list(arguments)
    try:
        ended = run_plain(words)
        if ended is not None:
            return ended
        # Late: it takes longer to load than a plain scan takes as a whole.
        from stella.cli.commands import run_command

        return run_command(words)
    except StellaError as refusal:
        for line in refusal_lines(refusal):
            print(line, file=sys.stderr)  # noqa: T201 - the one place that tells refusals
        return refusal.exit_code


def refusal_lines(refusal: StellaError) -> list[str]:
    """What was refused, what to do now, and the code to look up."""
    lines = [f"error: {refusal}", f"  {refusal.remedy.advice}"]
    if refusal.remedy.command:
        lines.append(f"  $ {refusal.remedy.command}")
    return [*lines, f"  {refusal.code}"]


def run() -> None:
    """The entry point of the installed program."""
    sys.exit(main())


if __name__ == "__main__":
    run()
