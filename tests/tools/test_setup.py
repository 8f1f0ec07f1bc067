"""The set-up knows what is missing, asks for it once, and does nothing twice."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).parents[2] / "tools"


def load(name: str) -> ModuleType:
    """A program of tools/, loaded from its file."""
    specification = importlib.util.spec_from_file_location(f"tools_{name}", TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


setup = load("setup")


@pytest.mark.parametrize(
    ("purpose", "installed", "packages"),
    [
        pytest.param(
            "demo",
            set(),
            ["docker.io", "iptables", "iproute2", "docker-registry", "debootstrap"],
            id="a bare machine gets no test tools for the demo",
        ),
        pytest.param(
            "demo",
            {"dockerd", "docker", "iptables", "ip", "docker-registry", "debootstrap"},
            [],
            id="a complete machine gets nothing",
        ),
        pytest.param(
            "test",
            {"dockerd", "docker", "iptables", "ip", "docker-registry", "debootstrap", "chromium"},
            [
                "skopeo",
                "busybox-static",
                "postgresql-15",
                "prometheus",
                "haproxy",
                "git",
                "openssh-server",
                "sudo",
                "slapd",
                "ldap-utils",
            ],
            id="the tests add their judges",
        ),
        pytest.param(
            "demo",
            {"dockerd", "iptables", "ip", "docker-registry", "debootstrap"},
            ["docker.io"],
            id="the command line alone is part of docker.io",
        ),
    ],
)
def test_only_the_packages_of_missing_programs_are_installed(
    purpose: str, installed: set[str], packages: list[str]
) -> None:
    missing = setup.missing_parts(purpose, installed.__contains__)
    assert setup.packages_of(missing) == packages


def test_a_stamp_holds_for_its_key_alone_and_outlives_the_process(tmp_path: Path) -> None:
    path = tmp_path / "setup.json"
    setup.Stamps(path).put("console", "one")
    assert setup.Stamps(path).holds("console", "one")
    assert not setup.Stamps(path).holds("console", "two")
    assert not setup.Stamps(path).holds("python", "one")


def test_a_broken_stamp_file_means_that_nothing_was_done(tmp_path: Path) -> None:
    path = tmp_path / "setup.json"
    path.write_text('{"console":')
    assert not setup.Stamps(path).holds("console", "one")


def test_the_console_is_built_again_when_a_source_changes_but_not_for_its_packages(
    tmp_path: Path,
) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "node_modules").mkdir()
    source = tmp_path / "src" / "main.tsx"
    source.write_text("one")
    key = setup.key_of(setup.console_sources(tmp_path))
    (tmp_path / "node_modules" / "index.js").write_text("fetched")
    assert setup.key_of(setup.console_sources(tmp_path)) == key
    source.write_text("two")
    assert setup.key_of(setup.console_sources(tmp_path)) != key


def test_a_quiet_program_is_heard_only_where_it_fails(capfd: pytest.CaptureFixture[str]) -> None:
    setup.run([sys.executable, "-c", "print('all is well')"], is_quiet=True)
    assert capfd.readouterr().out == ""
    with pytest.raises(SystemExit, match="ended with 3"):
        setup.run([sys.executable, "-c", "print('why'); raise SystemExit(3)"], is_quiet=True)
    assert capfd.readouterr().out == "why\n"
