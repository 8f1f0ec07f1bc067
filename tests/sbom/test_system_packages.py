"""apk and rpm databases of every kind, and the names of systems."""

import gzip
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from image.images import Layer, MemoryRegistry, build, dpkg_status, metadata, push
from stella.sbom import DEFAULT_LIMITS, Inventory, MemoryCache, parse_cyclonedx, scan_image
from stella.sbom.ecosystem.apk import parse_installed
from stella.sbom.ecosystem.rpm import parse_database, parse_manifest
from stella.sbom.ecosystem.rpmdb import sqlite_headers
from stella.sbom.ecosystem.table import parsed, reader_of
from stella.sbom.facts import OsRelease, SystemPackages, Unread
from stella.sbom.limits import Limits

DATA = Path(__file__).parent / "data"
SYSTEMS = "conformance/syft-os-fixtures/syft/linux/testdata/os"
SQLITE = gzip.decompress((DATA / "rpmdb.sqlite.gz").read_bytes())
BERKELEY = gzip.decompress((DATA / "Packages.gz").read_bytes())
ALPINE = b"ID=alpine\nVERSION_ID=3.19.1\n"
FEDORA = b"ID=fedora\nVERSION_ID=39\n"
INSTALLED = b"""C:Q1pcfTfDNEbNKQc2s1tia7da05M8Q=
P:libcrypto3
V:3.1.4-r5
A:x86_64
L:Apache-2.0
o:openssl
F:lib
R:libcrypto.so.3
a:0:0:755
F:usr/lib/node_modules/npm
R:package.json

P:busybox
V:1.36.1-r15
A:x86_64
o:busybox
F:bin
R:busybox
"""


def ndb_of(*headers: bytes) -> bytes:
    """A ``Packages.db`` as rpm's ndb backend writes it: a page of slots, then blobs."""
    slots, blobs = b"", b""
    for index, header in enumerate(headers, 1):
        block = (4096 + len(blobs)) // 16
        blob = struct.pack("<4sIII", b"BlbS", index, 1, len(header)) + header
        blob += b"\0" * (-(len(blob) + 12) % 16) + struct.pack("<II4s", 0, len(header), b"BlbE")
        slots += struct.pack("<4sIII", b"Slot", index, block, len(blob) // 16)
        blobs += blob
    free = (4096 - 32 - len(slots)) // 16
    slots += struct.pack("<4sIII", b"Slot", 0, 0, 0) * free
    header = struct.pack("<4sIIII12x", b"RpmP", 0, 1, 1, len(headers) + 1)
    return header + slots + blobs


NDB = ndb_of(*sqlite_headers(SQLITE))


def inventory_of(*layers: dict) -> Inventory:
    registry = MemoryRegistry()
    reference = push(registry, build(*(Layer.of(files) for files in layers)))
    (result,) = scan_image(registry, reference, MemoryCache(), tool_version="1")
    assert parse_cyclonedx(result.sbom_bytes) == result.inventory
    return result.inventory


def test_an_apk_package_has_its_origin_its_licence_and_the_files_it_owns():
    inventory = inventory_of(
        {
            "etc/os-release": ALPINE,
            "lib/apk/db/installed": INSTALLED,
            "usr/lib/node_modules/npm/package.json": b'{"name":"npm","version":"10"}',
            "app/node_modules/left-pad/package.json": b'{"name":"left-pad","version":"1"}',
        }
    )
    assert inventory.distro == "alpine-3.19.1"
    purls = [one.purl for one in inventory.components]
    assert purls == [
        "pkg:apk/alpine/busybox@1.36.1-r15?arch=x86_64&distro=alpine-3.19.1",
        "pkg:apk/alpine/libcrypto3@3.1.4-r5?arch=x86_64&distro=alpine-3.19.1&upstream=openssl",
        "pkg:npm/left-pad@1",
    ]
    assert inventory.components[1].licence == "Apache-2.0"
    assert inventory.components[1].source_name == "openssl"
    assert inventory.partial == ()


def test_an_apk_package_belongs_to_the_layer_that_brought_it():
    less = INSTALLED.partition(b"\n\n")[0] + b"\n"
    inventory = inventory_of(
        {"etc/os-release": ALPINE, "lib/apk/db/installed": less},
        {"lib/apk/db/installed": INSTALLED},
    )
    layers = {one.name: one.occurrences[0].layer_index for one in inventory.components}
    assert layers == {"busybox": 1, "libcrypto3": 0}


def test_a_block_that_cannot_be_read_is_a_gap_and_the_rest_is_read():
    facts = parse_installed("", INSTALLED + b"\nP:bad name\nV:1\n\nP:odd\nV:\n", DEFAULT_LIMITS)
    assert [one.name for one in facts.packages] == ["busybox", "libcrypto3"]
    assert len(facts.broken) == 2


def test_more_packages_than_the_bound_are_a_gap():
    facts = parse_installed("", INSTALLED, Limits(packages_max=1))
    assert len(facts.packages) == 1
    assert "more than 1 packages" in facts.broken[0]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("var/lib/rpm/rpmdb.sqlite", SQLITE),
        ("usr/lib/sysimage/rpm/rpmdb.sqlite", SQLITE),
        ("usr/lib/sysimage/rpm/Packages.db", NDB),
        ("var/lib/rpm/Packages", BERKELEY),
    ],
    ids=["sqlite", "sqlite of newer systems", "ndb", "Berkeley DB"],
)
def test_each_kind_of_rpm_database_gives_the_same_packages(path, content):
    inventory = inventory_of(
        {
            "etc/os-release": FEDORA,
            path: content,
            "usr/lib/python3.12/site-packages/shop-1.2.3.dist-info/METADATA": metadata("shop", "1"),
        }
    )
    app, libs = inventory.components
    assert app.version == "2:1.2.3-4.fc39"
    assert app.licence == "MIT AND Apache-2.0"
    purl = PackageURL.from_string(app.purl)
    assert (purl.type, purl.namespace, purl.name, purl.version) == (
        *("rpm", "fedora", "shop-app", "1.2.3-4.fc39"),
    )
    assert purl.qualifiers == {
        "arch": "x86_64",
        "distro": "fedora-39",
        "epoch": "2",
        "rpmmod": "shop:1:20240101:abcdef",
    }
    assert (libs.name, libs.source_name) == ("shop-libs", "shop-app")
    assert inventory.partial == ()


@pytest.mark.parametrize("content", [SQLITE, NDB, BERKELEY], ids=["sqlite", "ndb", "bdb"])
def test_a_cut_or_damaged_rpm_database_is_a_gap_and_never_a_crash(content):
    whole = parse_database("", content, DEFAULT_LIMITS)
    for length in range(0, len(content), 997):
        facts = parse_database("", content[:length], DEFAULT_LIMITS)
        assert facts == SystemPackages(()) if not length else _has_gap(facts)
    assert isinstance(whole, SystemPackages)
    assert not whole.broken


def _has_gap(facts: object) -> bool:
    return isinstance(facts, Unread) or (
        isinstance(facts, SystemPackages) and bool(facts.broken or facts.packages)
    )


@pytest.mark.long
@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from([SQLITE, NDB, BERKELEY]),
    st.lists(st.tuples(st.integers(0, 1 << 18), st.binary(min_size=1, max_size=8)), max_size=30),
)
def test_whatever_stands_in_an_rpm_database_it_becomes_packages_or_gaps(content, changes):
    changed = bytearray(content)
    for place, what in changes:
        at = place % len(changed)
        changed[at : at + len(what)] = what
    facts = parse_database("", bytes(changed), DEFAULT_LIMITS)
    assert isinstance(facts, SystemPackages | Unread)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400) | st.text(alphabet="PVAoLFR:\n ab1/", max_size=200).map(str.encode))
def test_whatever_stands_in_an_apk_database_it_becomes_packages_or_gaps(content):
    assert isinstance(parse_installed("", content, DEFAULT_LIMITS), SystemPackages)


def test_the_manifest_of_a_system_without_rpm_is_read():
    line = "zlib\t1.2.13-1.cm2\t1689\t1690\tMicrosoft\t(none)\t200\tx86_64\t0\tzlib-1.2.13-1.cm2.src.rpm"
    facts = parse_manifest("", f"{line}\nnonsense\n".encode(), DEFAULT_LIMITS)
    (zlib,) = facts.packages
    assert (zlib.name, zlib.version, zlib.source_name) == ("zlib", "1.2.13-1.cm2", "zlib")
    assert len(facts.broken) == 1


NAMES = [
    ({"etc/os-release": ALPINE}, "alpine-3.19.1"),
    ({"etc/redhat-release": b"CentOS release 5.7 (Final)"}, "centos-5.7"),
    ({"etc/redhat-release": b"Red Hat Enterprise Linux release 8.10 (Ootpa)"}, "rhel-8.10"),
    ({"etc/redhat-release": b"Rocky Linux release 9.3 (Blue Onyx)"}, "rocky-9.3"),
    ({"etc/redhat-release": b"Scientific Linux release 7.9 (Nitrogen)"}, "scientific-7.9"),
    ({"etc/redhat-release": b"AlmaLinux release 8.10 (Cerulean)"}, "almalinux-8.10"),
    ({"etc/system-release-cpe": b"cpe:/o:centos:linux:6:GA"}, "centos-6"),
    ({"etc/os-release": b"ID=debian\n", "etc/debian_version": b"10.8\n"}, "debian-10.8"),
    ({"etc/os-release": b"ID=debian\n", "etc/debian_version": b"trixie/sid\n"}, "debian"),
    ({"etc/os-release": FEDORA, "etc/redhat-release": b"CentOS release 5.7"}, "fedora-39"),
]


@pytest.mark.parametrize(("files", "distro"), NAMES, ids=[case[1] for case in NAMES])
def test_a_system_is_named_by_the_file_that_is_believed_most(files, distro):
    assert inventory_of(files).distro == distro


UNNAMED = {"busybox", "empty"}


@pytest.mark.conformance
def test_every_public_os_release_names_its_system(shared: Path):
    named = {}
    folder = shared / SYSTEMS
    for file in sorted(folder.rglob("*")):
        relative = file.relative_to(folder).as_posix()
        at = max(relative.find("/etc/"), relative.find("/usr/lib/"))
        path = relative[at + 1 :]
        reader = reader_of(path, file.name) if file.is_file() else None
        if reader:
            facts = parsed(reader, path, iter([file.read_bytes()]), DEFAULT_LIMITS)
            assert isinstance(facts, OsRelease)
            if facts.distro:
                named.setdefault(relative.partition("/")[0], set()).add(facts.distro)
    systems = {one.name for one in folder.iterdir()}
    assert systems - set(named) == UNNAMED
    assert named["centos"] == {"centos-8"}
    assert named["wolfi"] == {"wolfi-20220914"}


def test_a_distroless_status_file_with_owned_files_in_usr_is_read():
    inventory = inventory_of(
        {"usr/lib/dpkg/status": dpkg_status(("bash", "5")), "usr/lib/os-release": b"ID=debian\n"}
    )
    assert [one.name for one in inventory.components] == ["bash"]
