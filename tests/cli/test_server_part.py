"""The base install says which extra a server's command needs."""

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest

from stella.cli.server_part import SERVER_PACKAGES, explained

ROOT = Path(__file__).parents[2]
# What `stella-ops[server]` adds is not found, as in the base install.
PROGRAM = """
import sys
from stella.cli.server_part import SERVER_PACKAGES
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in SERVER_PACKAGES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from stella.cli.main import main
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.parametrize(
    "words",
    [["serve"], ["serve", "--reset-admin"], ["db", "migrate"], ["doctor", "--local"], ["demo"]],
    ids=" ".join,
)
def test_a_command_of_the_server_names_the_extra_that_it_needs(words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert done.stderr.splitlines()[-2:] == [
        "  $ pip install 'stella-ops[server]'",
        "  ST-CLI-004",
    ]


def test_a_module_that_no_extra_brings_stays_a_bug() -> None:
    assert explained(ModuleNotFoundError(name="stella.nowhere")) is None


def test_the_packages_are_those_of_the_extra() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {
        wanted.partition(">=")[0].partition("[")[0].lower()
        for wanted in project["optional-dependencies"]["server"]
    }
    brought = {
        package
        for package, distributions in packages_distributions().items()
        if names & {one.lower() for one in distributions}
        and not package.startswith("_")
        # One of them names folders of its own build, which it does not bring.
        and find_spec(package) is not None
    }
    assert brought == SERVER_PACKAGES
