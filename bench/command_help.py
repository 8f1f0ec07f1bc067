"""How long `stella --help` takes (the goal is 0.3 s), and that of its nouns (0.5 s)."""

import subprocess
import sys
from functools import partial
from pathlib import Path

from bench.row import Row, median_s
from stella.cli.nouns import NOUNS


def main() -> None:
    """Print the rows."""
    program = Path(sys.executable).with_name("stella")

    def ask(*words: str) -> None:
        subprocess.run([str(program), *words, "--help"], capture_output=True, check=True)

    Row("`stella --help`", "s", median_s(ask, runs=7), goal=0.3, note="median of 7").print()
    _, noun = max((median_s(partial(ask, one), runs=3), one) for one in NOUNS)
    # Measured anew: the slowest of so many is the one that something else disturbed most.
    slowest_s = median_s(partial(ask, noun), runs=7)
    Row(
        f"`stella {noun} --help`, the slowest",
        "s",
        slowest_s,
        goal=0.5,
        note=f"median of 7; of {len(NOUNS)} nouns",
    ).print()


if __name__ == "__main__":
    main()
