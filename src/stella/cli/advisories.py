"""What ``--advisories`` names: a snapshot, the directory that holds it, or feeds as they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from stella.advisory import SUFFIX, StoredSnapshot, import_advisories, open_snapshot
from stella.cli.output import say


@contextmanager
def opened_advisories(path: Path) -> Iterator[StoredSnapshot]:
    """The snapshot, open. Feeds become one for this time only, which is said.

    Raises what ``open_snapshot`` and ``import_advisories`` do.
    """
    if not _is_feeds(path):
        with open_snapshot(path) as snapshot:
            yield snapshot
        return
    say(f"reading the feeds in {path}; `stella advisory import {path} --into DIR` does it once")
    with TemporaryDirectory() as folder:
        made = import_advisories([path], Path(folder))
        with open_snapshot(made.path) as snapshot:
            yield snapshot


def _is_feeds(path: Path) -> bool:
    if path.is_file():
        return not path.name.endswith(SUFFIX)
    return path.is_dir() and any(path.iterdir()) and not any(path.glob(f"*{SUFFIX}"))
