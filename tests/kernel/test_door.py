"""Doors that are entered late show what they say they show."""

import ast
import importlib
from collections.abc import Mapping
from pathlib import Path

import pytest

from stella.kernel.door import late

ROOMS = (
    "stella.client",
    "stella.image",
    "stella.kernel",
    "stella.plugin",
    "stella.sbom",
    "stella.sdk",
    "stella.vex",
)


def imported(room: str) -> tuple[Mapping[str, set[str]], set[str]]:
    """Module -> names imported under TYPE_CHECKING; and the names imported at once."""
    file = importlib.import_module(room).__file__
    assert file is not None
    tree = ast.parse(Path(file).read_text())
    checked = [part for part in tree.body if isinstance(part, ast.If)]
    found: dict[str, set[str]] = {}
    for line in checked[0].body:
        assert isinstance(line, ast.ImportFrom)
        found[str(line.module)] = {alias.name for alias in line.names}
    at_once = {
        alias.name
        for line in tree.body
        if isinstance(line, ast.ImportFrom)
        and str(line.module).startswith((f"{room}.", "stella.kernel"))
        and line.module != "stella.kernel.door"
        for alias in line.names
    }
    return found, at_once


@pytest.mark.parametrize("room", ROOMS)
def test_every_public_name_is_there_and_is_the_one_that_type_checkers_see(room):
    door = importlib.import_module(room)
    found, at_once = imported(room)
    assert set(door.__all__) == at_once.union(*found.values())
    for module, names in found.items():
        home = importlib.import_module(module)
        for name in names:
            assert getattr(door, name) is getattr(home, name)


@pytest.mark.parametrize("room", ROOMS)
def test_no_late_name_is_a_submodule_s(room):
    found, _ = imported(room)
    # Importing the submodule would put it where the name should be found.
    submodules = {module.removeprefix(f"{room}.") for module in found}
    assert not submodules & set().union(*found.values())


def test_a_name_that_is_not_there_is_missing_as_from_any_module():
    find = late("stella.kernel", {"digest": "Digest"})
    assert find("Digest") is importlib.import_module("stella.kernel.digest").Digest
    with pytest.raises(AttributeError, match="nothing"):
        find("nothing")
