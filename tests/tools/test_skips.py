"""A run that allows no skips fails for each skip but that of absent conformance data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long  # each runs a pytest of its own

TESTS = Path(__file__).parents[1]


@pytest.mark.parametrize("workers", [[], ["-n", "1"]], ids=["alone", "with workers"])
@pytest.mark.parametrize(
    ("reason", "strict", "exit_code"),
    [
        ("no root", "1", 1),
        ("conformance data absent: ../shared", "1", 0),
        ("no root", "0", 0),
    ],
)
def test_a_skip_fails_the_run_unless_it_is_allowed(
    tmp_path: Path, workers: list[str], reason: str, strict: str, exit_code: int
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    (tmp_path / "test_a.py").write_text(
        f"import pytest\ndef test_a():\n    pytest.skip({reason!r})\ndef test_b():\n    pass\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "xdist", "-p", "fixtures.skips", *workers],
        cwd=tmp_path,
        env={
            **os.environ,
            "STELLA_NO_SKIPS": strict,
            "PYTHONPATH": str(TESTS),
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # loading what is installed takes seconds
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == exit_code, done.stdout
    assert ("does not allow" in done.stdout) == bool(exit_code)
