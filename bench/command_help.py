"""How long `stella --help` takes; the goal is 0.3 s."""

import subprocess
import sys
from pathlib import Path

from bench.row import Row, median_s


def main() -> None:
    """Print the row."""
    program = Path(sys.executable).with_name("stella")

    def ask() -> None:
        subprocess.run([str(program), "--help"], capture_output=True, check=True)

    Row("`stella --help`", "s", median_s(ask, runs=7), goal=0.3, note="median of 7").print()


if __name__ == "__main__":
    main()
