"""Plugins as wheels: what is installed is what its author built, and nothing of it has run."""

import io
import zipfile

import pytest

from plugin.packages import BOAT, wheel_of
from stella.kernel import Digest
from stella.plugin.refusals import MalformedManifest, MalformedWheel
from stella.plugin.wheel import read_wheel


def test_what_was_built_is_read():
    content = wheel_of("boats", contributes=[BOAT], version="2.1.0")
    read = read_wheel(content)
    assert (read.manifest.name, read.manifest.version) == ("boats", "2.1.0")
    assert read.entry_point == "plugin_boats:PLUGIN"
    assert read.digest == Digest.of(content)
    assert "plugin_boats/__init__.py" in read.files


@pytest.mark.parametrize(
    ("instead", "told"),
    [
        ({"META/RECORD": b"nothing"}, "is not what RECORD says"),
        ({"META/WHEEL": b"Root-Is-Purelib: false\nTag: py3-none-any\n"}, "compiled parts"),
        ({"META/WHEEL": b"Root-Is-Purelib: true\nTag: cp311-cp311-linux_x86_64\n"}, "none-any"),
        ({"META/METADATA": b"Name: x\nRequires-Dist: evil>=1\n"}, "it needs evil>=1"),
        ({"META/entry_points.txt": b"[stella.plugins]\n"}, "0 entry points"),
        ({"META/entry_points.txt": b"[stella.plugins]\na = x:Y\nb = x:Z\n"}, "2 entry points"),
        ({"META/entry_points.txt": b"[stella.plugins]\nboats = other:PLUGIN\n"}, "no other/stella"),
        ({"META/entry_points.txt": b"[stella.plugins]\nodd = plugin_boats:PLUGIN\n"}, "named odd"),
        ({"META/entry_points.txt": None}, "no readable"),
        ({"META/METADATA": None}, "no readable"),
        ({"META/WHEEL": b"\xff"}, "no readable"),
        ({"../escaped.py": b""}, "may not be"),
        ({"/etc/cron.d/x": b""}, "may not be"),
        ({"a\\..\\b": b""}, "may not be"),
        ({"other-1.dist-info/METADATA": b""}, "not one .dist-info"),
        ({"PLUGIN_BOATS/__init__.py": b""}, "may not be"),
        ({f"{'a' * 300}.py": b""}, "too long"),
        ({"data": b"", "data/more": b""}, "is a file and a folder"),
        ({"Data": b"", "data/more": b""}, "is a file and a folder"),
        ({"META/RECORD": b"a,b," + b"c" * 200_000}, "its RECORD is no table"),
    ],
)
def test_what_may_not_be_installed_is_refused(instead: dict[str, bytes | None], told: str):
    with pytest.raises(MalformedWheel, match=told):
        read_wheel(wheel_of("boats", instead=instead))


def test_what_needs_ours_alone_is_taken():
    held = b"Name: x\nRequires-Dist: stella-ops>=0.1\nRequires-Dist: pytest; extra == 'dev'\n"
    assert read_wheel(wheel_of("boats", instead={"META/METADATA": held})).manifest.name == "boats"


def test_a_bad_manifest_is_refused_with_its_faults():
    with pytest.raises(MalformedManifest, match="its title has not"):
        read_wheel(wheel_of("boats", title=""))


def test_a_changed_byte_is_refused():
    content = wheel_of("boats")
    place = content.index(b"PLUGIN = Plugin()")
    with pytest.raises(MalformedWheel):
        read_wheel(content[:place] + b"p" + content[place + 1 :])


@pytest.mark.parametrize("content", [b"", b"PK", b"nonsense" * 100, b"PK\x05\x06" + bytes(18)])
def test_what_is_no_wheel_is_refused(content: bytes):
    with pytest.raises(MalformedWheel):
        read_wheel(content)


@pytest.mark.long
def test_a_link_and_a_bomb_are_refused():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, b"/etc/passwd")
    with pytest.raises(MalformedWheel, match="no plain file"):
        read_wheel(made.getvalue())
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(201 * 1024 * 1024))
    with pytest.raises(MalformedWheel, match="more than 5000 files or 200 MiB"):
        read_wheel(bomb.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_what_is_damaged_or_packed_otherwise_is_refused(method: int):
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", method) as archive:
        archive.writestr("a", b"abcdefgh" * 500)
    content = bytearray(made.getvalue())
    content[31:40] = b"\xff" * 9
    with pytest.raises(MalformedWheel):
        read_wheel(bytes(content))
