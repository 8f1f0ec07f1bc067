"""Programs that say what they were built from: Go's note in both forms, Rust's list, signatures."""

import json
import struct
import zlib

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from image.images import Hard, Layer, MemoryRegistry, build, dpkg_status, push, tar_of
from stella.sbom import DEFAULT_LIMITS, Inventory, MemoryCache, scan_directory, scan_image
from stella.sbom.ecosystem import golang, rust
from stella.sbom.ecosystem.program import BYTES_MIN, may_be_program, read_program
from stella.sbom.facts import LanguagePackages

MODULES = (
    "path\texample.com/shop\nmod\texample.com/shop\t(devel)\t\n"
    "dep\tgithub.com/Masterminds/goutils\tv1.1.0\th1:x=\n"
    "dep\tgolang.org/x/text\tv0.3.0\th1:y=\n=>\tgolang.org/x/text\tv0.3.8\th1:z=\n"
    "dep\texample.com/local\tv1.0.0\n=>\t./local\t\t\n"
    "build\tvcs.revision=0123456789abcdef0123456789abcdef01234567\n"
    "build\tvcs.time=2024-05-06T07:08:09Z\n"
)
EXPECTED = {
    "pkg:golang/example.com/shop@v0.0.0-20240506070809-0123456789ab",
    "pkg:golang/github.com/Masterminds/goutils@v1.1.0",
    "pkg:golang/golang.org/x/text@v0.3.8",
    "pkg:golang/example.com/local@v1.0.0",
    "pkg:golang/stdlib@1.21.5",
}
BEGIN, END = golang.MODULES_BEGIN, bytes.fromhex("f932433186182072008242104116d8f2")


def uvarint(number: int) -> bytes:
    made = b""
    while number >= 0x80:
        made += bytes([number & 0x7F | 0x80])
        number >>= 7
    return made + bytes([number])


def elf(body: bytes, size: int = BYTES_MIN + 4096) -> bytes:
    """An ELF file of one segment, loaded at 0x400000, whose content from 0x1000 on is ``body``."""
    header = b"\x7fELF\x02\x01\x01" + b"\0" * 9
    header += struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400000, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    header += struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, size, size, 0x1000)
    header += struct.pack("<III", 4, 4, 4) + b"Go\0\0note" if body.startswith(b"go") else b""
    return (header.ljust(0x1000, b"\0") + body).ljust(size, b"\0")


def inline_program(version: str = "go1.21.5", modules: str = MODULES) -> bytes:
    text = BEGIN + modules.encode() + END
    note = golang.NOTE_MAGIC + b"\x08\x02" + b"\0" * 16
    note += uvarint(len(version)) + version.encode() + uvarint(len(text)) + text
    return elf(b"x" * 0x8000 + note)


def pointer_program() -> bytes:
    """As before Go 1.18: the texts lie before the note, the string's two words after it."""
    text = BEGIN + MODULES.encode() + END
    body = b"go1.9.9.9" + b"go1.21.5go1.2" + text
    version_at = 0x401000 + 9
    body = body.ljust(0x2000, b"\0")
    string_at = 0x401000 + 0x2000 + 32 + 64
    note = golang.NOTE_MAGIC + b"\x08\x00" + struct.pack("<QQ", string_at, string_at + 16)
    return elf(body + note + b"\0" * 64 + struct.pack("<QQ", version_at, 8))


def rust_program(crates: list[dict[str, object]]) -> bytes:
    listed = zlib.compress(
        json.dumps({"packages": crates, "format": 1}, separators=(",", ":")).encode()
    )
    return elf(b"x" * 300 + b"x\x9c not the list" + listed)


CRATES: list[dict[str, object]] = [
    {"name": "serde", "version": "1.0.1", "source": "crates.io", "kind": "runtime"},
    {"name": "shop", "version": "0.1.0", "source": "local", "root": True},
    {"name": "cc", "version": "1.0.0", "source": "crates.io", "kind": "build"},
]


def inventory_of(*layers: Layer) -> Inventory:
    registry = MemoryRegistry()
    reference = push(registry, build(*layers))
    return scan_image(registry, reference, MemoryCache(), tool_version="1")[0].inventory


def programs(files: dict[str, object], mode: int = 0o755) -> Layer:
    """A layer whose files have this mode."""
    plain = bytearray(tar_of(files))
    at = 0
    while at < len(plain) and plain[at]:
        plain[at + 100 : at + 108] = b"%07o\0" % mode
        plain[at + 148 : at + 156] = b" " * 8
        plain[at + 148 : at + 156] = b"%06o\0 " % sum(plain[at : at + 512])
        at += 512 + -(-int(plain[at + 124 : at + 135], 8) // 512) * 512
    return Layer.of_tar(bytes(plain))


def in_pieces(content: bytes, size: int):
    return (content[at : at + size] for at in range(0, len(content), size))


@pytest.mark.parametrize("size", [7919, 64 * 1024, 10**7])
@pytest.mark.parametrize(
    "content", [inline_program(), pointer_program()], ids=["inline", "pointer"]
)
def test_a_go_program_names_its_modules_and_its_go_however_its_bytes_come_in(content, size):
    found = read_program("shop", in_pieces(content, size))
    assert found is not None
    assert not found.broken
    purls = {one.name: one.version for one in found.packages}
    assert purls["golang.org/x/text"] == "v0.3.8"
    assert purls["stdlib"] == "1.21.5"


def test_the_packages_of_a_go_program_belong_to_its_path_and_its_layer():
    inventory = inventory_of(
        Layer.of({"etc/os-release": b"ID=debian\n"}), programs({"app/shop": inline_program()})
    )
    assert {one.purl for one in inventory.components} == EXPECTED
    places = {place for one in inventory.components for place in one.occurrences}
    assert {(place.path, place.layer_index) for place in places} == {("/app/shop", 1)}


HIDING = [
    ("another program", programs({"app/shop": b"#!/bin/sh\nexec true\n"})),
    ("a whiteout", Layer.of({"app/.wh.shop": b""})),
    ("a program without a note", programs({"app/shop": elf(b"")})),
]


@pytest.mark.parametrize("above", [case[1] for case in HIDING], ids=[case[0] for case in HIDING])
def test_what_replaces_a_program_takes_its_packages_away(above):
    assert inventory_of(programs({"app/shop": inline_program()}), above).components == ()


def test_a_hard_link_to_a_program_is_a_second_place_of_the_same_packages():
    layer = programs({"app/shop": inline_program(), "app/too": Hard("app/shop")})
    for component in inventory_of(layer).components:
        assert [place.path for place in component.occurrences] == ["/app/shop", "/app/too"]


def test_a_program_of_a_system_package_is_no_second_component():
    owned = Layer.of(
        {
            "etc/os-release": b"ID=debian\nVERSION_ID=12\n",
            "var/lib/dpkg/status": dpkg_status(("shop", "1")),
            "var/lib/dpkg/info/shop.list": b"/.\n/bin\n/bin/shop\n",
        }
    )
    inventory = inventory_of(owned, programs({"usr/bin/shop": inline_program()}))
    assert [one.type for one in inventory.components] == ["deb"]


def test_what_nobody_may_run_and_what_is_small_is_not_searched():
    assert inventory_of(programs({"app/shop": inline_program()}, mode=0o644)).components == ()
    assert inventory_of(programs({"app/shop": inline_program()[: BYTES_MIN - 1]})).components == ()


@pytest.mark.parametrize("size", [5003, 10**7])
def test_a_rust_program_names_its_crates_but_not_those_of_build_scripts(size):
    found = read_program("shop", in_pieces(rust_program(CRATES), size))
    assert found is not None
    assert [(one.name, one.version) for one in found.packages] == [
        ("serde", "1.0.1"),
        ("shop", "0.1.0"),
    ]


def test_a_damaged_list_of_crates_is_a_gap():
    listed = zlib.compress(b'{"packages":[{"name":' + b"x" * 5000)
    assert rust.packages_of(listed).broken
    assert rust.packages_of(listed[:30]).broken


SIGNED = [
    ("node", b"\0node.js/v20.20.2\0", "node", "20.20.2"),
    ("python3.11", b"\x003.11.2\0", "python", "3.11.2"),
    ("libpython3.11.so.1.0", b"\x003.11.2\0", "python", "3.11.2"),
    ("busybox", b"BusyBox v1.36.1 (2023)\0", "busybox", "1.36.1"),
    ("nginx", b"nginx version: nginx/1.25.3\0", "nginx", "1.25.3"),
    ("openssl", b"\0OpenSSL 3.0.19 27 Jan 2026\0", "openssl", "3.0.19"),
    ("openssl", b"\0OpenSSL 1.1.1w  11 Sep 2023\0", "openssl", "1.1.1w"),
    ("redis-server", b"\x007.0.15\0c11-builtin\0", "redis", "7.0.15"),
    ("postgres", b"postgres (PostgreSQL) 15.18\0", "postgresql", "15.18"),
]


@pytest.mark.parametrize("case", SIGNED, ids=[case[0] + " " + case[3] for case in SIGNED])
def test_a_program_known_by_its_signature_names_its_version(case):
    name, body, product, version = case
    for begin in (100, 2000, 4096 - 12):
        content = elf(b"x" * begin + body)
        found = read_program(name, in_pieces(content, 4096))
        assert found is not None
        assert [(one.name, one.version) for one in found.packages] == [(product, version)]
    assert read_program("other", in_pieces(content, 4096)) is None


GO_VERSIONS = [
    ("go1.21.5", "1.21.5"),
    ("go1.20.5 X:boringcrypto", "1.20.5"),
    ("go1.22rc1", "1.22.0-rc.1"),
    ("devel go1.23-abcdef Thu", "1.23"),
    ("unknown", ""),
]


@pytest.mark.parametrize(("text", "version"), GO_VERSIONS, ids=[case[0] for case in GO_VERSIONS])
def test_the_version_of_go_is_written_as_advisories_compare_it(text, version):
    assert golang.standard_version(text) == version


def test_a_go_program_whose_go_version_is_odd_keeps_its_modules_and_has_a_gap():
    found = read_program("shop", iter([inline_program("go-odd")]))
    assert found is not None
    assert "golang.org/x/text" in {one.name for one in found.packages}
    assert found.broken


def test_go_mod_says_what_is_asked_for_and_not_what_is_installed():
    text = b"""module example.com/shop
go 1.21
require github.com/pkg/errors v0.9.1
require (
\tgolang.org/x/text v0.3.0 // indirect
\tgolang.org/x/net v0.1.0
)
replace golang.org/x/text => golang.org/x/text v0.3.8
"""
    found = golang.parse_mod("go.mod", text, DEFAULT_LIMITS)
    assert {(one.name, one.version) for one in found.packages} == {
        ("github.com/pkg/errors", "v0.9.1"),
        ("golang.org/x/net", "v0.1.0"),
        ("golang.org/x/text", "v0.3.8"),
    }
    assert all(one.is_declared for one in found.packages)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app/shop", True),
        ("usr/bin/kubectl", True),
        ("usr/lib/libssl.so.3", False),
        ("usr/lib/libpython3.11.so.1.0", True),
        ("usr/share/doc/x/README", False),
        ("app/run.py", False),
    ],
)
def test_a_path_tells_whether_a_program_may_lie_there(path, expected):
    assert may_be_program(path, path.rpartition("/")[2]) is expected


def test_a_directory_gives_the_same_packages_as_a_layer(tmp_path):
    (tmp_path / "app").mkdir()
    program = tmp_path / "app" / "shop"
    program.write_bytes(inline_program())
    assert scan_directory(tmp_path).components == ()
    program.chmod(0o755)
    assert {one.purl for one in scan_directory(tmp_path).components} == EXPECTED


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([inline_program(), pointer_program(), rust_program(CRATES)]),
    st.lists(st.tuples(st.integers(0, 0xA000), st.binary(min_size=1, max_size=16)), max_size=20),
)
@example(pointer_program(), [(39, b"\x80")])  # program headers beyond what any file has
def test_whatever_stands_in_a_program_it_becomes_packages_or_nothing(content, changes):
    changed = bytearray(content)
    for at, what in changes:
        changed[at : at + len(what)] = what
    found = read_program("shop", in_pieces(bytes(changed), 100_000))
    assert found is None or isinstance(found, LanguagePackages)
