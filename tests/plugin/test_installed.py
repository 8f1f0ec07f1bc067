"""Plugins found by reading entry points: the same ones that importlib.metadata finds."""

import sys
from importlib.metadata import entry_points

import pytest

from stella.plugin import installed_plugin
from stella.plugin.refusals import UnknownConnector


@pytest.mark.parametrize("point", entry_points(group="stella.plugins"), ids=lambda one: one.name)
def test_every_installed_plugin_is_found(point):
    assert installed_plugin(point.name) is point.load()


def test_a_plugin_of_a_stranger_is_found_where_it_is_installed(tmp_path, monkeypatch):
    metadata = tmp_path / "stranger-1.0.dist-info"
    metadata.mkdir()
    (metadata / "entry_points.txt").write_text(
        "[console_scripts]\nodd = nothing:here\n\n[stella.plugins]\n# a remark\nodd = odd_plugin:IT [x]\n"
    )
    (tmp_path / "odd_plugin.py").write_text("IT = 'it'\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    assert installed_plugin("odd") == "it"


def test_a_plugin_that_is_not_installed_is_refused():
    with pytest.raises(UnknownConnector, match="nothing-like-it"):
        installed_plugin("nothing-like-it")
