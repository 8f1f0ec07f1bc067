"""How long the lab takes to start: a registry and two Docker Engines."""

import statistics

from bench.row import Row
from stella.lab import Lab


def main() -> None:
    """Print the row."""
    times = []
    for _ in range(3):
        with Lab() as lab:
            times.append(lab.started_in_s)
    note = "registry and two engines ready; median of 3"
    Row("start of the lab", "s", statistics.median(times), note=note).print()


if __name__ == "__main__":
    main()
