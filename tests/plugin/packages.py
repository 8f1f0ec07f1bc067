"""Plugins of strangers, as packages on the disk."""

import json
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

SCHEMA = {"type": "object", "properties": {}}
BOAT = {"kind": "target", "name": "boat", "title": "Boat", "configSchema": SCHEMA}


def manifest_of(name: str, /, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "version": "1.0.0",
        "publisher": "a stranger",
        "sdk": 1,
        "title": "Something",
        "needs": [],
        "contributes": [],
        **changes,
    }


def write_plugin(
    directory: Path, name: str, code: str = "", *, raw: str | None = None, **changes: Any
) -> EntryPoint:
    """A package with a manifest; its entry point. raw: in place of the manifest's JSON."""
    package = directory / f"plugin_{name.replace('-', '_')}"
    package.mkdir()
    text = json.dumps(manifest_of(name, **changes)) if raw is None else raw
    (package / "stella-plugin.json").write_text(text)
    (package / "__init__.py").write_text(f"from stella.sdk import Plugin\n{code}\n")
    return EntryPoint(name, f"{package.name}:PLUGIN", "stella.plugins")
