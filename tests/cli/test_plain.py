"""Plain command lines are read without typer, and read as typer would."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest
from typer.core import TyperCommand

from stella.cli.commands import load
from stella.cli.nouns import NOUNS
from stella.cli.plain import ENVIRONMENT, FLAGS, PATHS, VALUES, read_scan
from stella.cli.scanning import ScanOptions


@pytest.fixture(autouse=True)
def _no_credentials(monkeypatch):
    for name in ENVIRONMENT.values():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def declared():
    command = load("scan", NOUNS["scan"])
    assert isinstance(command, TyperCommand)
    return command


def test_every_plain_word_is_an_option_that_typer_knows_by_the_same_name(declared):
    known = {word: one for one in declared.params for word in one.opts}
    off = {word: one for one in declared.params for word in one.secondary_opts}
    for word, name in VALUES.items():
        assert (known[word].name, known[word].is_flag) == (name, False)
    for word, (name, value) in FLAGS.items():
        found = known[word] if value else off[word]
        assert (found.name, found.is_flag) == (name, True)
    for name, variable in ENVIRONMENT.items():
        (found,) = [one for one in declared.params if one.name == name]
        assert found.envvar == variable


def test_the_defaults_are_those_that_typer_declares(declared):
    defaults = {
        field.name: field.default
        for field in dataclasses.fields(ScanOptions)
        if field.default is not dataclasses.MISSING
    }
    assert defaults == {
        one.name: one.default for one in declared.params if one.name not in {"target", "help"}
    }
    types = {field.name: str(field.type) for field in dataclasses.fields(ScanOptions)}
    assert {name for name, kind in types.items() if "Path" in kind and "list" not in kind} == PATHS


@pytest.mark.parametrize(
    ("words", "given"),
    [
        (["r.example/a"], {"target": "r.example/a"}),
        (["-o", "json", "dir:."], {"output": "json", "target": "dir:."}),
        (
            ["a.b/c", "--to", "x", "--no-cache", "--attach"],
            {"target": "a.b/c", "to": Path("x"), "cache": False, "attach": True},
        ),
        (["a.b/c", "--fail-on", "high", "--fail-on", "low"], {"target": "a.b/c", "fail_on": "low"}),
    ],
)
def test_what_is_plain_is_read(words, given):
    assert read_scan(["scan", *words]) == given


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["--help"],
        ["a.b/c", "--help"],
        ["a.b/c", "d"],
        ["a.b/c", "--output=json"],
        ["a.b/c", "-ojson"],
        ["a.b/c", "--to"],
        ["a.b/c", "--to", "--attach"],
        ["a.b/c", "--upload"],
        ["a.b/c", "--nonsense"],
        ["--", "a.b/c"],
        [""],
    ],
)
def test_what_is_not_plain_is_left_to_typer(words):
    assert read_scan(["scan", *words]) is None


def test_another_command_is_left_to_typer():
    assert read_scan(["image", "resolve", "a.b/c"]) is None
    assert read_scan([]) is None


def test_credentials_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("STELLA_REGISTRY_USERNAME", "ana")
    monkeypatch.setenv("STELLA_REGISTRY_PASSWORD", "")
    assert read_scan(["scan", "a.b/c"]) == {"username": "ana", "target": "a.b/c"}


def test_a_plain_scan_loads_nothing_heavy():
    heavy = {"typer", "rich", "httpx", "cryptography", "packageurl", "importlib.metadata"}
    script = (
        "import sys; from stella.cli.main import main\n"
        "assert main(['scan', '127.0.0.1:1/a']) == 1\n"
        f"print(sorted({heavy!r} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert "ST-REG-001" in done.stderr
    assert done.stdout.strip() == "[]"
