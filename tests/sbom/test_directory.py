"""A directory is scanned whole, or it is said what was not looked at."""

import os
from pathlib import Path

from stella.sbom import Limits, scan_directory

METADATA = "Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n\n"


def put_package(root: Path, name: str) -> None:
    folder = root / f"{name}-1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(METADATA.format(name=name))


def put_deeper_than_a_path_may_be_long(root: Path) -> None:
    """Directories within each other until their path is none that the system takes."""
    here = os.open(root, os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=here)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def test_files_beyond_the_bound_are_said_and_the_rest_is_there(tmp_path: Path) -> None:
    put_package(tmp_path, "one")
    put_package(tmp_path, "two")
    whole = scan_directory(tmp_path)
    assert [one.name for one in whole.components] == ["one", "two"]
    assert whole.partial == ()
    cut = scan_directory(tmp_path, limits=Limits(entries_max=1))
    assert [one.name for one in cut.components] == ["one"]
    (gap,) = cut.partial
    assert gap.reason == "beyond 1 files, not looked at"
    assert gap.path == "/two-1.0.dist-info/METADATA"
    assert cut.subject != whole.subject


def test_a_directory_that_cannot_be_listed_is_said(tmp_path: Path) -> None:
    put_package(tmp_path, "one")
    whole = scan_directory(tmp_path)
    put_deeper_than_a_path_may_be_long(tmp_path)
    found = scan_directory(tmp_path)
    assert [one.name for one in found.components] == ["one"]
    (gap,) = found.partial
    assert gap.path.startswith("/" + "d" * 250 + "/")
    assert gap.reason.startswith("it cannot be listed: ")
    assert found.subject != whole.subject
