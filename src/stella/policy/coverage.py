"""Which lines of a policy its tests come by, as the engine counts them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from stella.policy.engine import new_engine
from stella.policy.testing import TEST_SUFFIX, each_test


@dataclass(frozen=True, slots=True)
class FileCoverage:
    """One file. covered, missed: numbers of lines from 1; what is no code is in neither."""

    file: str
    covered: tuple[int, ...]
    missed: tuple[int, ...]


def policy_coverage(files: Mapping[str, str]) -> tuple[FileCoverage, ...]:
    """Run the tests of ``files`` and say what they came by; the tests themselves are left out.

    A test that fails or breaks covers what it came by. A file that nothing comes by is all missed.
    """
    engine = new_engine(files)
    engine.set_enable_coverage(True)
    engine.set_input_json("{}")
    for _ in each_test(engine, files):
        pass  # the engine counts
    report = json.loads(engine.get_coverage_report_as_json())
    told = {one["path"]: one for one in report["files"]}
    return tuple(
        FileCoverage(
            name,
            tuple(sorted(told[name]["covered"])) if name in told else (),
            tuple(sorted(told[name]["not_covered"])) if name in told else _code_lines(text),
        )
        for name, text in sorted(files.items())
        if not name.endswith(TEST_SUFFIX)
    )


def percent(found: tuple[FileCoverage, ...]) -> int:
    """Covered lines of all of them, rounded down; 100 where there is no code."""
    covered = sum(len(one.covered) for one in found)
    lines = covered + sum(len(one.missed) for one in found)
    return covered * 100 // lines if lines else 100


def ranges(lines: tuple[int, ...]) -> str:
    """``3-5, 9`` for 3, 4, 5 and 9."""
    parts: list[list[int]] = []
    for line in lines:
        if parts and line == parts[-1][1] + 1:
            parts[-1][1] = line
        else:
            parts.append([line, line])
    return ", ".join(f"{a}" if a == b else f"{a}-{b}" for a, b in parts)


def _code_lines(text: str) -> tuple[int, ...]:
    lines = enumerate(text.splitlines(), 1)
    return tuple(n for n, line in lines if line.strip() and not line.lstrip().startswith("#"))
