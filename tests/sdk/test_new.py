"""What ``stella plugin new`` writes is a plugin: checked, tested, built and read as one."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from stella.cli.plugin import app
from stella.plugin.wheel import read_wheel
from stella.sdk.new import KINDS

pytestmark = pytest.mark.apart

ROOT = Path(__file__).parents[2]
NAME = "acme-things"


def stella(*words: str) -> tuple[int, str]:
    ended = CliRunner().invoke(app, [*words])
    return ended.exit_code, f"{ended.output}{ended.exception or ''}"


def run(folder: Path, *words: str) -> str:
    """In a place of its own: nothing but the folder, the SDK and what tests need."""
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src"), "HOME": str(folder)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout


def built(folder: Path, to: Path) -> Path:
    """Its wheel, without any network."""
    words = ("pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir")
    run(folder, *words, str(to), ".")
    (wheel,) = to.iterdir()
    return wheel


@pytest.fixture(scope="module")
def types_seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the type checker knows of the SDK already: the same for every kind."""
    return tmp_path_factory.mktemp("types")


@pytest.mark.parametrize("kind", KINDS)
def test_one_of_each_kind_is_checked_tested_built_and_read(
    kind: str, tmp_path: Path, types_seen: Path
) -> None:
    folder = tmp_path / "mine"
    code, said = stella("new", kind, NAME, "--to", str(folder))
    assert (code, "README.md" in said) == (0, True), said
    for place in (folder, folder / "src" / "stella_plugin_acme_things"):
        assert stella("check", str(place))[0] == 0
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert not any("your" + mark + "name" in path.read_text() for path in files for mark in "-_")
    assert json.loads((folder / "src/stella_plugin_acme_things/stella-plugin.json").read_text())
    assert " passed" in run(folder, "pytest", "-p", "no:cacheprovider")
    run(folder, "ruff", "check", "--isolated", ".")
    run(folder, "ruff", "format", "--check", ".")
    run(folder, "mypy", "--strict", "--cache-dir", str(types_seen), "src")
    wheel = read_wheel(built(folder, tmp_path / "wheels").read_bytes())
    assert (wheel.manifest.name, wheel.manifest.version) == (NAME, "1.0.0")
    assert [(one.kind, one.name) for one in wheel.manifest.contributes] == [(kind, NAME)]
    assert wheel.entry_point == "stella_plugin_acme_things:PLUGIN"


def test_what_is_there_is_left_alone_and_nothing_is_half_written(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "file").write_text("of somebody")
    for to in ("mine", "file", "file/below"):
        code, said = stella("new", "check", NAME, "--to", str(tmp_path / to))
        assert (code, "cannot be made" in said) == (1, True), said
    for name in ("Upper", "a_b", "a-", "", "a/../b", 'quo"te', "x" * 65):
        code, said = stella("new", "check", name, "--to", str(tmp_path / "other"))
        assert (code, "lower-case letters" in said) == (1, True), (name, said)
    assert stella("new", "ship", NAME, "--to", str(tmp_path / "other"))[0] == 2
    assert {path.name for path in tmp_path.iterdir()} == {"mine", "file"}
    assert not list((tmp_path / "mine").iterdir())


@pytest.mark.parametrize("name", ["9", "json", "a-b-c", "x" * 64])
def test_any_name_that_a_plugin_may_have_makes_one(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    assert stella("new", "check", name, "--to", str(folder))[0] == 0
    read = read_wheel(built(folder, tmp_path / "wheels").read_bytes())
    assert read.manifest.name == name
    shutil.rmtree(folder)
