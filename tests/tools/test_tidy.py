"""Tidy finds each broken rule, the error reference each code."""

import subprocess
import sys
from pathlib import Path

import pytest

TOOLS = Path(__file__).parents[2] / "tools"
ROOM = "src/stella/promotion/request.py"

SLOPPY_WORD = "FIX" + "ME"
REFUSAL = 'class {name}(StellaError):\n    """Refused."""\n\n    code = "ST-PRO-001"\n'


def tidy(root: Path, files: dict[str, str]) -> list[str]:
    """What tidy says of a repository with ``files``."""
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    program = (
        "import sys, pathlib, tidy; print(*tidy.problems(pathlib.Path(sys.argv[1])), sep='\\n')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(root)],
        cwd=TOOLS,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line for line in done.stdout.splitlines() if line]


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({ROOM: "import time\n"}, "imports time", id="the clock as a module"),
        pytest.param({ROOM: "from uuid import uuid4\n"}, "imports uuid", id="chance by name"),
        pytest.param({ROOM: "x = datetime.now(UTC)\n"}, "calls now()", id="the clock as a call"),
        pytest.param({"docs/a.md": f"{SLOPPY_WORD}: later\n"}, SLOPPY_WORD, id="a banned word"),
        pytest.param({"a.bin": "0" * 600_001}, "over 600000", id="a large file"),
        pytest.param(
            {ROOM: REFUSAL.format(name="One") + REFUSAL.format(name="Two")},
            "ST-PRO-001 is the code of 2 classes",
            id="one code for two refusals",
        ),
        pytest.param(
            {ROOM: 'class Mute(StellaError):\n    code = "ST-PRO-002"\n'},
            "has no docstring",
            id="a refusal without a meaning",
        ),
    ],
)
def test_a_broken_rule_is_found(tmp_path: Path, files: dict[str, str], expected: str) -> None:
    found = tidy(tmp_path, files)
    assert len(found) == 1
    assert expected in found[0]


def test_what_the_bytes_of_a_picture_happen_to_spell_is_no_word(tmp_path: Path) -> None:
    assert tidy(tmp_path, {"a.png": f"\0 {SLOPPY_WORD} \0"}) == []


def test_what_is_allowed_is_not_found(tmp_path: Path) -> None:
    allowed = {
        "src/stella/lab/process.py": "import time, subprocess\n",
        "src/stella_connectors/registry/a.py": "import time\n",
        ROOM: "def decide(now):\n    return now()\n",
        "src/stella/plugin/types.py": "if TYPE_CHECKING:\n    import socket\n",
    }
    assert tidy(tmp_path, allowed) == []
