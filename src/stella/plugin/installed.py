"""One installed plugin by its name, found by its entry point as all are, and fast."""

import importlib
import os
import sys
from collections.abc import Iterator

from stella.kernel import Remedy
from stella.plugin.contract.core import Plugin
from stella.plugin.refusals import UnknownConnector

GROUP = "stella.plugins"


def installed_plugin(name: str) -> Plugin:
    """The plugin of that name. Raises UnknownConnector.

    The files of the entry points are read here: importlib.metadata takes longer to load than a scan
    of layers that were seen before, and is asked only where it may know what files do not show.
    """
    place = next(_places(name), None)
    if place is None:
        from importlib.metadata import entry_points

        place = next((one.value for one in entry_points(group=GROUP, name=name)), None)
    if place is None:
        raise UnknownConnector(
            f"no plugin {name!r} is installed",
            remedy=Remedy("Install the plugin that brings it."),
            kind=name,
        )
    module, _, attribute = place.partition(":")
    plugin: Plugin = getattr(importlib.import_module(module), attribute)
    return plugin


def _places(name: str) -> Iterator[str]:
    """``module:attribute`` of each entry point of that name, in the order of the import path."""
    for directory in sys.path:
        try:
            listed = sorted(one for one in os.listdir(directory or ".") if _is_metadata(one))  # noqa: PTH208
        except OSError:
            continue
        for one in listed:
            try:
                with open(f"{directory}/{one}/entry_points.txt", encoding="utf-8") as file:  # noqa: PTH123
                    points = entry_points_in(file.read(), GROUP)
                    yield from (value for key, value in points if key == name)
            except (OSError, UnicodeDecodeError):
                continue


def _is_metadata(name: str) -> bool:
    return name.endswith((".dist-info", ".egg-info"))


def entry_points_in(text: str, wanted: str) -> Iterator[tuple[str, str]]:
    """Name and value of each entry point of a group. Source: packaging.python.org, "Entry points"."""
    if wanted not in text:
        return
    group = ""
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("["):
            group = line.strip("[] ")
        elif group == wanted and not line.startswith(("#", ";")):
            key, equals, value = line.partition("=")
            if equals:
                yield key.strip(), value.partition("[")[0].strip()
