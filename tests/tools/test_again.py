"""What failed on a busy machine is run once more alone; whatever else went wrong stays wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tools.test_setup import load

again = load("again")


def outcome(directory: Path, name: str, code: int, *failed: str) -> Path:
    file = directory / name
    file.write_text(json.dumps({"exit": code, "failed": failed}))
    return file


def test_the_few_that_failed_in_any_run_are_named(tmp_path: Path):
    files = [outcome(tmp_path, "a", 0), outcome(tmp_path, "b", 1, "t.py::x", "t.py::y")]
    assert again.few_failed(files) == ["t.py::x", "t.py::y"]


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        pytest.param(2, ["t.py::x"], id="interrupted"),
        pytest.param(3, ["t.py::x"], id="broken off"),
        pytest.param(1, [], id="a skip that is not allowed"),
        pytest.param(1, [f"t.py::{n}" for n in range(6)], id="many"),
    ],
)
def test_what_is_no_accident_is_not_tried_again(tmp_path: Path, code: int, failed: list[str]):
    assert again.few_failed([outcome(tmp_path, "a", code, *failed)]) == []
    assert again.main([str(tmp_path / "a")]) == 1


def test_a_run_that_told_nothing_has_failed(tmp_path: Path):
    files = [outcome(tmp_path, "a", 1, "t.py::x"), tmp_path / "none"]
    assert again.few_failed(files) == []


TESTS = """
from pathlib import Path

def test_at_second_try():
    seen = Path(__file__).with_name("seen")
    seen.write_text(seen.read_text() + "x" if seen.exists() else "x")
    assert seen.read_text() == "xx"

def test_never():
    assert {never}
"""


@pytest.mark.parametrize(("never", "code"), [("True", 0), ("False", 1)])
def test_only_what_passes_alone_has_passed(tmp_path: Path, never: str, code: int):
    (tmp_path / "test_it.py").write_text(TESTS.format(never=never))
    plugin = Path(__file__).parents[1] / "fixtures"
    (tmp_path / "conftest.py").write_text(
        f"import sys\nsys.path.insert(0, {str(plugin)!r})\npytest_plugins = ['outcomes']\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", str(tmp_path)]
    environment = {"PATH": "/usr/bin:/bin", "STELLA_OUTCOME": str(tmp_path / "told")}
    first = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, check=False)
    assert first.returncode == 1
    program = Path(again.__file__).resolve()
    second = subprocess.run(
        [sys.executable, str(program), str(tmp_path / "told")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == code, second.stdout
    assert "test_at_second_try" in second.stdout
    assert ("NOT beside other tests" in second.stdout) == (code == 0)


FLAKY = "def test_flaky(): assert False\n"
SKIPPED = "import pytest\ndef test_skipped(): pytest.skip('no engine here')\n"


@pytest.mark.parametrize("processes", ["0", "2"])
@pytest.mark.parametrize(
    ("beside", "options"),
    [
        pytest.param("import no_such_module\n", [], id="a module that cannot be read"),
        pytest.param(SKIPPED, [], id="a skip that is not allowed"),
        pytest.param("", ["-x"], id="cut short"),
    ],
)
def test_a_run_of_which_more_is_wrong_than_a_test_is_no_verdict(
    tmp_path: Path, beside: str, options: list[str], processes: str
):
    (tmp_path / "test_a_flaky.py").write_text(FLAKY)
    (tmp_path / "test_beside.py").write_text(beside)
    plugins = Path(__file__).parents[1] / "fixtures"
    (tmp_path / "conftest.py").write_text(
        f"import sys\nsys.path.insert(0, {str(plugins)!r})\n"
        "pytest_plugins = ['skips', 'outcomes']\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-n", processes]
    environment = {
        "PATH": "/usr/bin:/bin",
        "STELLA_OUTCOME": str(tmp_path / "told"),
        "STELLA_NO_SKIPS": "1",
    }
    done = subprocess.run(
        [*command, *options, "--continue-on-collection-errors", str(tmp_path)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert json.loads((tmp_path / "told").read_text())["exit"] == 2
    assert again.few_failed([tmp_path / "told"]) == []
