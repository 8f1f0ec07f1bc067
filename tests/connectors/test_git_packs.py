"""What a git server sends is held to what it says: packs, differences, commits, none of them trusted."""

import zlib
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from stella_connectors.git.objects import RawCommit, newest_first, read_commit
from stella_connectors.git.pack import PackReader, Shape, object_id
from stella_connectors.git.source import Garbled, Source, TooMuch

pytestmark = pytest.mark.long


def _packed(*objects: tuple[int, bytes]) -> bytes:
    made = b"PACK\0\0\0\2" + len(objects).to_bytes(4, "big")
    for shape, content in objects:
        size = len(content)
        head, size = shape << 4 | size & 15, size >> 4
        while size:
            made += bytes([head | 0x80])
            head, size = size & 0x7F, size >> 7
        made += bytes([head]) + zlib.compress(content)
    return made


def _read(pack: bytes, shape: Shape = Shape.COMMIT) -> list[str]:
    source = Source(iter([pack]), 10**8)
    return [one.id for one in PackReader(source, "sha1", frozenset({shape})).objects()]


def test_an_object_is_named_by_what_it_holds() -> None:
    """So a server cannot show one commit under the id of another."""
    assert _read(_packed((1, b"one"), (3, b"x"), (1, b"two"))) == [
        object_id("sha1", Shape.COMMIT, b"one"),
        object_id("sha1", Shape.COMMIT, b"two"),
    ]


def _bomb() -> bytes:
    return _packed((3, bytes(600 * 1024 * 1024)))


def _size(number: int) -> bytes:
    made = b""
    while number > 0x7F:
        made += bytes([number & 0x7F | 0x80])
        number >>= 7
    return made + bytes([number])


def _difference(base: bytes, size: int, steps: bytes) -> tuple[int, bytes]:
    return 6, _size(len(base)) + _size(size) + steps


@pytest.mark.parametrize(
    ("pack", "trouble"),
    [
        (lambda: b"", Garbled),
        (lambda: b"PACK\0\0\0\2", Garbled),
        (lambda: b"BACK\0\0\0\2\0\0\0\0", Garbled),
        (lambda: b"PACK\0\0\0\2\xff\xff\xff\xff", TooMuch),
        (lambda: _packed((1, b"one"))[:-3], Garbled),
        (lambda: b"PACK\0\0\0\2\0\0\0\1\x13notzlib", Garbled),
        (lambda: b"PACK\0\0\0\2\0\0\0\1\x53" + zlib.compress(b"one"), Garbled),
        (lambda: b"PACK\0\0\0\2\0\0\0\1\x12" + zlib.compress(b"one"), Garbled),
        (lambda: b"PACK\0\0\0\2\0\0\0\1\x14" + zlib.compress(b"one"), Garbled),
        (lambda: b"PACK\0\0\0\2\0\0\0\1\x91" + b"\xff" * 12, Garbled),
        (lambda: _packed((1, bytes(5 * 1024 * 1024))), TooMuch),
        (_bomb, TooMuch),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_pack_that_is_none_is_refused(pack: Callable[[], bytes], trouble: type) -> None:
    with pytest.raises(trouble):
        _read(pack())


@pytest.mark.parametrize(
    ("steps", "size", "trouble"),
    [
        (b"\x90\x04", 3, Garbled),
        (b"\x90\x03", 2, Garbled),
        (b"\x90\x03", 4, Garbled),
        (b"\x03ab", 3, Garbled),
        (b"\x00", 3, Garbled),
        (b"\x91", 3, Garbled),
        (b"\x90\x03", 10**9, TooMuch),
    ],
)
def test_a_difference_that_is_none_is_refused(steps: bytes, size: int, trouble: type) -> None:
    base = _packed((1, b"one"))[12:]
    shape, content = _difference(b"one", size, steps)
    head = bytes([shape << 4 | len(content)]) + bytes([len(base)])
    pack = b"PACK\0\0\0\2\0\0\0\2" + base + head + zlib.compress(content)
    with pytest.raises(trouble):
        _read(pack)


def test_a_difference_is_to_what_stands_before_it() -> None:
    base = _packed((1, b"one"))[12:]
    _, content = _difference(b"one", 5, b"\x90\x03\x02!!")
    head = bytes([6 << 4 | len(content)]) + bytes([len(base)])
    pack = b"PACK\0\0\0\2\0\0\0\2" + base + head + zlib.compress(content)
    assert _read(pack)[1] == object_id("sha1", Shape.COMMIT, b"one!!")


@pytest.mark.parametrize(
    "content",
    [b"", b"tree x\n\nm", b"tree " + b"a" * 40 + b"\nparent y\n\nm", b"\xff\xfe" * 50, b"\n\n"],
)
def test_a_commit_that_is_none_is_refused(content: bytes) -> None:
    with pytest.raises(Garbled):
        read_commit("a" * 40, content)


def test_words_of_a_commit_are_fit_for_people() -> None:
    """Nothing that moves a terminal's cursor, of bounded length; a time that is none is the first."""
    content = (
        b"tree " + b"a" * 40 + b"\nauthor A\x1b[31mda\xff <a@x\x07> 99999999999 +0000\n"
        b"committer B <b@x> 999999999999 +0000\n\n" + b"\x1b]0;" + b"x" * 5000 + b"\nbody"
    )
    found = read_commit("a" * 40, content)
    assert found.title.isprintable()
    assert len(found.title) <= 300
    assert found.author_name == "A [31mda\N{REPLACEMENT CHARACTER}"
    assert found.committed_at.year == 9999


def test_no_parent_stands_before_its_child_whatever_the_clocks_said() -> None:
    def commit(name: str, minute: int, *parents: str) -> RawCommit:
        at = datetime(2026, 1, 1, 12, minute, tzinfo=UTC)
        return RawCommit(name, "t", parents, "", "", at, "", b"", b"")

    made = [commit("a", 50), commit("b", 10, "a"), commit("c", 30, "a"), commit("d", 5, "b", "c")]
    assert [one.id for one in newest_first(made)] == ["d", "c", "b", "a"]
    assert list(newest_first(())) == []


def _endless() -> Iterator[bytes]:
    while True:
        yield b"0008data"


def test_what_comes_without_end_is_given_up() -> None:
    source = Source(_endless(), 10_000)
    with pytest.raises(TooMuch):
        tuple(iter(source.line, b""))
