"""A plugin to begin with: an ordinary distribution that works, is tested, and says what to replace.

Below this folder lies one for each kind. Where they say ``your-name``, ``your_name`` and ``Your title``,
what is written says what was asked for; everything else is written as it stands.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from stella.plugin.contract.core import Kind
from stella.plugin.manifest import checked_name

_TEMPLATES = Path(__file__).parent

KINDS = tuple(kind for kind in Kind if (_TEMPLATES / kind.value).is_dir())
"""What there is to begin with."""


def write_plugin(kind: Kind, name: str, folder: Path) -> tuple[str, ...]:
    """Make ``folder``, whole or not at all: the names of its files.

    Raises MalformedManifest where ``name`` is no plugin's, FileExistsError, OSError.
    """
    files = dict(_files(kind, checked_name(name)))
    if folder.exists() or folder.is_symlink():
        raise FileExistsError(f"{folder} is there already")
    folder.parent.mkdir(parents=True, exist_ok=True)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.new")
    try:
        for path, text in files.items():
            file = draft / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return tuple(files)


def _files(kind: Kind, name: str) -> Iterator[tuple[str, str]]:
    template = _TEMPLATES / kind.value
    for path in sorted(template.rglob("*")):
        file = path.relative_to(template)
        is_cache = any(part.startswith((".", "__pycache__")) for part in file.parts)
        if path.is_file() and not is_cache:
            yield _named(str(file), name), _named(path.read_text(), name)


def _named(text: str, name: str) -> str:
    title = name.replace("-", " ").capitalize()
    for placeholder, said in (
        ("your-name", name),
        ("your_name", name.replace("-", "_")),
        ("Your title", title),
    ):
        text = text.replace(placeholder, said)
    return text
