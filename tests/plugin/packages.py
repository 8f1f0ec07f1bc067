"""Plugins of strangers, as packages on the disk."""

import base64
import hashlib
import io
import json
import zipfile
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


def wheel_of(
    name: str,
    code: str = "PLUGIN = Plugin()",
    *,
    instead: dict[str, bytes | None] | None = None,
    **changes: Any,
) -> bytes:
    """A wheel of a plugin, as build tools make it. instead: path -> other content, None to leave out.

    What is put in instead is in RECORD as well, RECORD itself aside.
    """
    version = str(changes.get("version", "1.0.0"))
    package = f"plugin_{name.replace('-', '_')}"
    metadata = f"{package}-{version}.dist-info"
    files: dict[str, bytes | None] = {
        f"{package}/__init__.py": f"from stella.sdk import Plugin\n{code}\n".encode(),
        f"{package}/stella-plugin.json": json.dumps(manifest_of(name, **changes)).encode(),
        f"{metadata}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n".encode(),
        f"{metadata}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{metadata}/entry_points.txt": f"[stella.plugins]\n{name} = {package}:PLUGIN\n".encode(),
    }
    files.update(
        {path.replace("META/", f"{metadata}/"): held for path, held in (instead or {}).items()}
    )
    kept = {path: held for path, held in files.items() if held is not None}
    rows = [f"{path},sha256={_hash(held)},{len(held)}" for path, held in kept.items()]
    record = f"{metadata}/RECORD"
    kept.setdefault(record, "\n".join([*rows, f"{record},,"]).encode())
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for path, held in kept.items():
            archive.writestr(zipfile.ZipInfo(path), held)
    return made.getvalue()


def _hash(content: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
