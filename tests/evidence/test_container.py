import io
import tarfile
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.evidence import BrokenPacket, PacketTooLarge, UnusableEntry
from stella.evidence.container import (
    ENTRIES_MAX,
    ENTRY_BYTES_MAX,
    first_difference,
    read_container,
    write_container,
)

ENTRIES = {"a/b.json": b"{}", "a/c": b"", "z.log": b"x" * 513}

_PART = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,60}", fullmatch=True)
_NAMES = st.lists(_PART, min_size=1, max_size=3).map("/".join)


@pytest.mark.long
@given(st.dictionaries(_NAMES, st.binary(max_size=2000), max_size=8))
def test_what_was_written_is_read_again_and_written_the_same(entries: dict[str, bytes]) -> None:
    made = write_container(entries)
    found = read_container(made)
    assert found == entries
    assert list(found) == sorted(entries)
    assert write_container(dict(reversed(entries.items()))) == made


@given(st.binary(max_size=3000))
def test_arbitrary_bytes_are_refused_or_are_their_own_container(content: bytes) -> None:
    try:
        found = read_container(content)
    except (BrokenPacket, PacketTooLarge):
        return
    assert write_container(found) == content


def test_every_changed_byte_of_the_container_itself_is_found() -> None:
    good = write_container(ENTRIES)
    for place in range(len(good)):
        changed = bytearray(good)
        changed[place] ^= 0x20
        try:
            found = read_container(bytes(changed))
        except (BrokenPacket, PacketTooLarge):
            continue
        assert found != ENTRIES, place


def test_every_shorter_or_longer_file_is_refused() -> None:
    good = write_container(ENTRIES)
    for length in range(len(good)):
        with pytest.raises(BrokenPacket):
            read_container(good[:length])
    with pytest.raises(BrokenPacket, match="1 bytes too many"):
        read_container(good + b"\0")


@pytest.mark.parametrize(
    ("offset", "place"),
    [
        (0, "byte 0, first header"),
        (100, "header of a/b.json + 100"),
        (514, "padding after a/b.json + 0"),
        (1023, "padding after a/b.json + 509"),
        (-1, "the end of the archive, after z.log + 1023"),
    ],
)
def test_the_place_of_a_changed_byte_is_named(offset: int, place: str) -> None:
    changed = bytearray(write_container(ENTRIES))
    changed[offset] ^= 1
    with pytest.raises(BrokenPacket) as refused:
        read_container(bytes(changed))
    assert place in str(refused.value.facts["place"])


def test_stock_tar_reads_it() -> None:
    with tarfile.open(fileobj=io.BytesIO(write_container(ENTRIES)), mode="r:") as archive:
        members = archive.getmembers()
    assert [member.name for member in members] == sorted(ENTRIES)
    assert {(m.mode, m.uid, m.gid, m.mtime) for m in members} == {(0o644, 0, 0, 0)}


def test_a_name_beyond_one_hundred_characters_is_split_where_stock_tar_joins_it() -> None:
    name = f"advisories/slice-{'a' * 64}/{'b' * 64}.json"
    made = write_container({name: b"x"})
    with tarfile.open(fileobj=io.BytesIO(made), mode="r:") as archive:
        assert archive.getnames() == [name]
    assert read_container(made) == {name: b"x"}


@pytest.mark.parametrize(
    "name",
    ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", "./a", ".hidden", "a b", "ä", "a\\b", "a" * 101,
     "a" * 156 + "/b"],
)  # fmt: skip
def test_a_name_that_could_leave_its_place_is_not_written(name: str) -> None:
    with pytest.raises(UnusableEntry):
        write_container({name: b""})


def forged(*members: tuple[str, bytes], change: Callable[[tarfile.TarInfo], None]) -> bytes:
    """A tar with right checksums, as somebody else's tar would write it."""
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o644
            change(entry)
            archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def _nothing(entry: tarfile.TarInfo) -> None:
    del entry


def _link(entry: tarfile.TarInfo) -> None:
    entry.type, entry.linkname, entry.size = tarfile.SYMTYPE, "/etc/passwd", 0


def _hard_link(entry: tarfile.TarInfo) -> None:
    entry.type, entry.linkname, entry.size = tarfile.LNKTYPE, "a", 0


def _device(entry: tarfile.TarInfo) -> None:
    entry.type, entry.size = tarfile.CHRTYPE, 0


def _owner(entry: tarfile.TarInfo) -> None:
    entry.uid = 1000


def _time(entry: tarfile.TarInfo) -> None:
    entry.mtime = 1


def _executable(entry: tarfile.TarInfo) -> None:
    entry.mode = 0o755


@pytest.mark.parametrize("change", [_link, _hard_link, _device, _owner, _time, _executable])
def test_links_devices_and_other_metadata_are_refused(
    change: Callable[[tarfile.TarInfo], None],
) -> None:
    with pytest.raises(BrokenPacket, match="header of a"):
        read_container(forged(("a", b"x"), change=change))


@pytest.mark.parametrize(
    ("names", "why"), [(("b", "a"), "out of their order"), (("a", "a"), "an entry twice")]
)
def test_a_wrong_order_and_repeated_entries_are_refused(names: tuple[str, ...], why: str) -> None:
    members = [write_container({name: b"x"})[:1024] for name in names]
    with pytest.raises(BrokenPacket, match=why):
        read_container(b"".join([*members, bytes(1024)]))


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/a"])
def test_a_path_that_leads_out_is_refused(name: str) -> None:
    with pytest.raises(BrokenPacket, match="no name for an entry"):
        read_container(forged((name, b"x"), change=_nothing))


def test_what_is_appended_by_a_stock_tar_is_refused() -> None:
    made = io.BytesIO(write_container(ENTRIES))
    with tarfile.open(fileobj=made, mode="a", format=tarfile.USTAR_FORMAT) as archive:
        archive.addfile(tarfile.TarInfo("zz"), io.BytesIO(b""))
    with pytest.raises(BrokenPacket):
        read_container(made.getvalue())


def test_a_size_beyond_the_limit_is_refused_before_anything_is_read() -> None:
    header = bytearray(write_container({"a": b""})[:512])
    for size in (ENTRY_BYTES_MAX + 1, 8**11 - 1):
        header[124:136] = b"%011o\0" % size
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        with pytest.raises(BrokenPacket, match="bytes"):
            read_container(bytes(header) + bytes(1024))


def test_too_many_entries_are_not_written() -> None:
    with pytest.raises(PacketTooLarge):
        write_container({f"{number}": b"" for number in range(ENTRIES_MAX + 1)})


@given(st.binary(max_size=64), st.binary(max_size=64))
def test_the_first_difference_is_the_first(one: bytes, other: bytes) -> None:
    place = first_difference(one, other)
    assert one[:place] == other[:place]
    assert one == other or one[place : place + 1] != other[place : place + 1]
