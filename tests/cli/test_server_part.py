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


def run_base(*words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *words], capture_output=True, text=True, check=False
    )


def test_the_base_install_explains_every_command() -> None:
    every = PROGRAM.rpartition("sys.exit")[0] + (
        "from stella.cli.nouns import NOUNS\n"
        "print({name: code for name in NOUNS if (code := main([name, '--help']))})"
    )
    done = subprocess.run([sys.executable, "-c", every], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "{}"


def test_the_base_install_scans_matches_judges_and_runs_agents(tmp_path: Path) -> None:
    (tmp_path / "package-lock.json").write_text(
        '{"lockfileVersion": 3, "packages": {"node_modules/ms": {"version": "2.0.0"}}}'
    )
    advisory = (
        '{"id": "GHSA-x", "modified": "2026-01-01T00:00:00Z", "affected": [{"package":'
        ' {"ecosystem": "npm", "name": "ms"}, "ranges": [{"type": "SEMVER", "events":'
        ' [{"introduced": "0"}, {"fixed": "2.0.1"}]}]}]}'
    )
    (tmp_path / "feed").mkdir()
    (tmp_path / "feed" / "GHSA-x.json").write_text(advisory)
    snapshots, sbom = tmp_path / "advisories", tmp_path / "sbom.json"
    for words, said in (
        (("scan", f"dir:{tmp_path}", "-o", "cyclonedx-json", "--to", str(sbom)), ""),
        (("sbom", "validate", str(sbom)), ""),
        (("advisory", "import", str(tmp_path / "feed"), "--into", str(snapshots)), ""),
        (("finding", "match", str(sbom), "--advisories", str(snapshots)), "GHSA-x"),
    ):
        done = run_base(*words)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout
    agent = run_base("agent", "run", "--state", str(tmp_path / "agent"))
    assert (agent.returncode, agent.stderr.splitlines()[-1]) == (4, "  ST-AGT-001")


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
