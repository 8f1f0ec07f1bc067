"""How long a gate decision takes, evaluated before it is stored and signed: p99 20 ms and 2 ms."""

import importlib
import sys
import time
from pathlib import Path
from typing import Any

from bench.row import Row
from stella.promotion.decide import decide

TESTS = Path(__file__).resolve().parent.parent / "tests"
_RUNS = 200


def main() -> None:
    """Print the rows."""
    sys.path.insert(0, str(TESTS))
    packets = importlib.import_module("evidence.packets")
    for image, count, goal_ms in (("many", 1000, 20), ("some", 20, 2)):
        story = packets.Story(image=image)
        findings = story.scan.findings
        given = story.given()
        scan = given.release.components[0].scans[0]
        documents = {scan.findings: findings, scan.sbom: story.scan.sbom}
        note = f"99th percentile of {_RUNS}"
        milliseconds = p99_ms(given, documents, story.policy)
        Row(
            f"gate decision, {count:,} findings", "ms", milliseconds, goal=goal_ms, note=note
        ).print()


def p99_ms(given: Any, documents: Any, policy: Any) -> float:
    """The time that 99 of 100 decisions stay below."""
    times = []
    for _ in range(_RUNS + 1):  # the first one warms up
        begun = time.perf_counter()
        decide(given, documents, policy)
        times.append(time.perf_counter() - begun)
    return sorted(times[1:])[int(_RUNS * 0.99) - 1] * 1000


if __name__ == "__main__":
    main()
