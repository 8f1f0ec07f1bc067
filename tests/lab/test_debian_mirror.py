"""The base comes from the mirror that the machine itself uses, in either format of apt."""

from pathlib import Path

import pytest

from stella.lab import LabUnavailable
from stella.lab.base_image import debian_mirror

DEB822 = """Types: deb
# a comment: with a colon
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb
URIs: http://security.example/debian-security
Suites: bookworm-security
"""


LINE = "deb http://mirror.example/debian bookworm main\n"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("sources.list.d/debian.sources", DEB822),
        ("sources.list", LINE),
        ("sources.list", LINE.replace("deb ", "deb [signed-by=/usr/share/key] ")),
        ("sources.list", f"# deb http://old.example/debian bookworm main\n{LINE}"),
        ("sources.list.d/a.list", f"deb-src http://src.example/debian bookworm main\n{LINE}"),
    ],
    ids=["deb822", "one line", "with options", "after a comment", "beside its sources"],
)
def test_the_mirror_of_the_suite_is_found(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text(text)
    assert debian_mirror(tmp_path) == "http://mirror.example/debian"


def test_a_machine_of_another_suite_is_told_so(tmp_path: Path) -> None:
    (tmp_path / "sources.list").write_text("deb http://mirror.example/ubuntu noble main\n")
    with pytest.raises(LabUnavailable, match="bookworm"):
        debian_mirror(tmp_path)
