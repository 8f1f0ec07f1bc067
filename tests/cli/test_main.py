"""The one door of the command line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from stella.cli.commands import load
from stella.cli.main import main
from stella.cli.nouns import NOUNS


@pytest.mark.parametrize("name", NOUNS)
def test_every_noun_of_the_table_loads_under_its_name(name: str):
    command = load(name, NOUNS[name])
    assert command.name == name
    assert command.help


def test_help_names_every_noun_and_imports_none_of_them():
    code = (
        "import sys; from stella.cli.main import main; main(['--help'])\n"
        "print([m for m in sys.modules if m.startswith(('stella.', 'rich', 'httpx'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert all(name in done for name in NOUNS)
    assert "stella.cli.scan" not in done.splitlines()[-1]
    assert "'rich" not in done.splitlines()[-1]


@pytest.mark.parametrize("name", ["evidence", "replay", "vex", "promote", "approve", "matrix"])
def test_the_help_of_a_noun_loads_neither_http_nor_what_proves_and_judges(name: str):
    code = (
        f"import sys; from stella.cli.main import main; main([{name!r}, '--help'])\n"
        "heavy = ('httpx', 'regorus', 'stella.evidence.verify', 'stella.finding.model')\n"
        "print([one for one in heavy if one in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout
    assert done.splitlines()[-1] == "[]"


@pytest.mark.parametrize("name", NOUNS)
def test_every_noun_explains_itself(name: str, capsys: pytest.CaptureFixture[str]):
    assert main([name, "--help"]) == 0
    assert f"Usage: stella {name}" in capsys.readouterr().out


def test_a_refusal_is_printed_with_its_remedy_and_decides_the_exit_code(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    assert main(["sbom", "show", str(tmp_path / "none.json")]) == 3
    said = capsys.readouterr()
    assert said.out == ""
    first, advice, code = said.err.splitlines()
    assert first.startswith("error: ")
    assert advice == "  Check the path."
    assert code == "  ST-SBM-006"


def test_a_command_that_does_not_exist_is_a_usage_error(capsys: pytest.CaptureFixture[str]):
    assert main(["scna"]) == 2
    assert "Did you mean 'scan'?" in capsys.readouterr().err


def test_the_version_comes_for_people_and_for_programs(capfd: pytest.CaptureFixture[str]):
    assert main(["version", "-o", "json"]) == 0
    assert json.loads(capfd.readouterr().out)["name"] == "stella"
    assert main(["version", "-o", "toml"]) == 1
    assert "Use table, json, name." in capfd.readouterr().err


def test_a_file_that_cannot_be_written_is_refused(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
):
    (tmp_path / "x").write_text("")
    place = tmp_path / "none" / "out.json"
    assert main(["scan", f"dir:{tmp_path}", "--to", str(place)]) == 1
    assert "ST-CLI-001" in capfd.readouterr().err
