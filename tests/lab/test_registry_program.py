"""A user without root has a registry too."""

from pathlib import Path

import pytest

from stella.lab import Registry, registry_program

pytestmark = pytest.mark.lab


def test_where_none_is_installed_debians_package_is_unpacked_and_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bin"
    path.mkdir()
    for program in Path("/usr/bin").iterdir():  # apt calls many of them
        if program.name != "docker-registry":
            (path / program.name).symlink_to(program)
    monkeypatch.setenv("PATH", str(path))
    fetched = registry_program(tmp_path / "cache")
    assert fetched == registry_program(tmp_path / "cache") == f"{tmp_path}/cache/docker-registry"
    registry = Registry(tmp_path / "registry", program=fetched)
    try:
        registry.start()
    finally:
        registry.stop()
    assert [one.name for one in (tmp_path / "cache").iterdir()] == ["docker-registry"]


def test_the_installed_one_is_taken(tmp_path: Path) -> None:
    assert registry_program(tmp_path) == "docker-registry"
