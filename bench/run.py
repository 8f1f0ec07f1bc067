"""Run every measurement in a process of its own and write docs/benchmarks.md."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent
PAGE = FOLDER.parent / "docs" / "benchmarks.md"
_NO_MEASUREMENT = {"__init__.py", "row.py", "run.py"}


def measure(path: Path) -> list[dict[str, Any]] | str:
    """The rows that one file prints, or the last line of why it ended badly."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{path.stem}"],
        cwd=FOLDER.parent,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        return (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
    return [json.loads(line) for line in done.stdout.splitlines()]


def table(rows: list[dict[str, Any]], load: float) -> str:
    """The rows as a table, with the ratio where there is something beside. load: before it all."""
    machine = f"{platform.machine()} with {os.cpu_count()} cores"
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench` on {machine}; load average before it began: {load:.1f}.",
        "Where others use the machine at the same time, only the ratios mean something.",
        "",
        "| what | ours | goal | instead | ours / instead | how |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        unit, theirs = row["unit"], row["theirs"]
        goal = f"{row['goal']} {unit}" if row["goal"] is not None else ""
        beside = f"{row['theirs_name']} {theirs:.2f} {unit}" if theirs is not None else ""
        ratio = f"{row['ours'] / theirs:.2f}" if theirs is not None else ""
        ours = f"{row['ours']:.2f} {unit}"
        lines.append(f"| {row['what']} | {ours} | {goal} | {beside} | {ratio} | {row['note']} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, write the page, and end with 1 where a measurement failed or missed its goal."""
    rows, failed, load = [], [], os.getloadavg()[0]
    for path in sorted(FOLDER.glob("*.py")):
        if path.name in _NO_MEASUREMENT:
            continue
        result = measure(path)
        if isinstance(result, str):
            failed.append(f"{path.name}: {result}")
            continue
        rows += result
        failed += [
            f"{row['what']} took {row['ours']:.2f} {row['unit']}, over {row['goal']}"
            for row in result
            if row["goal"] is not None and row["ours"] > row["goal"]
        ]
    PAGE.write_text(table(rows, load))
    print(PAGE.read_text())
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main()
