"""What the dynamic linker loads for the program that is run: by each of its ways to look, and what hides."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from advisory.records import FROM_0, fixed, osv
from finding.inventories import snapshot_of
from image.images import (
    DEBIAN,
    Layer,
    MemoryRegistry,
    Soft,
    build,
    dpkg_status,
    push,
)
from reach.elf_files import elf_file
from sbom.test_programs import programs
from stella.finding import Reach, findings_document, match_inventory, parse_findings
from stella.reach import evidence_document, parse_evidence
from stella.sbom import MemoryCache, scan_image
from stella.sbom.ecosystem.elf import LinkReader
from stella.sbom.facts import ElfLinks
from stella.sbom.layer import read_layer
from stella.sbom.limits import Limits

LOADER = "/lib64/ld-linux-x86-64.so.2"
MUSL = "/lib/ld-musl-x86_64.so.1"


def read(content: bytes, size: int = 4096) -> ElfLinks | None:
    reader = LinkReader()
    for at in range(0, len(content), size):
        reader.feed(content[at : at + size])
    return reader.end()


def scanned(*layers: Layer, **run: object):
    registry = MemoryRegistry()
    reference = push(registry, build(*layers, **{"Entrypoint": ["/app/run"], **run}))
    return scan_image(registry, reference, MemoryCache(), tool_version="1")[0]


def loaded(*layers: Layer, **run: object) -> set[str]:
    return {one.path for one in scanned(*layers, **run).linked.closure.files}


@pytest.mark.parametrize("size", [7, 100, 10**6])
@pytest.mark.parametrize(("order", "is_wide"), [("<", True), ("<", False), (">", True)])
def test_every_class_and_order_is_read_however_its_bytes_come_in(order, is_wide, size):
    content = elf_file(
        "liba.so.1",
        "libb.so",
        rpath="/opt/a:$ORIGIN/b",
        runpath="/opt/c",
        interpreter=LOADER,
        order=order,
        is_wide=is_wide,
    )
    found = read(content, size)
    assert found is not None
    assert found.needed == ("liba.so.1", "libb.so")
    assert (found.rpath, found.runpath) == (("/opt/a", "$ORIGIN/b"), ("/opt/c",))
    assert found.interpreter == LOADER


def test_a_real_program_asks_for_what_the_systems_own_tool_says():
    path = Path(sys.executable).resolve()
    found = read(path.read_bytes(), 64 * 1024)
    assert found is not None
    said = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=False)
    if said.returncode == 0:
        named = [
            one.split("[")[1].split("]")[0] for one in said.stdout.splitlines() if "NEEDED" in one
        ]
        assert list(found.needed) == named


HERE = {"app/run": elf_file("liba.so.1", interpreter=LOADER)}


@pytest.mark.parametrize(
    ("run", "files", "where"),
    [
        ({}, {"usr/lib/liba.so.1": elf_file()}, "/usr/lib/liba.so.1"),
        (
            {},
            {"usr/lib/liba.so.1": Soft("liba.so.1.2"), "usr/lib/liba.so.1.2": elf_file()},
            "/usr/lib/liba.so.1.2",
        ),
        ({}, {"lib": Soft("usr/lib"), "usr/lib/liba.so.1": elf_file()}, "/usr/lib/liba.so.1"),
        ({"rpath": "$ORIGIN/../own"}, {"own/liba.so.1": elf_file()}, "/own/liba.so.1"),
        ({"runpath": "${ORIGIN}/own:/x"}, {"app/own/liba.so.1": elf_file()}, "/app/own/liba.so.1"),
        (
            {},
            {
                "etc/ld.so.conf": b"include /etc/ld.so.conf.d/*.conf\n",
                "etc/ld.so.conf.d/a.conf": b"# none\n/opt/here\n",
                "opt/here/liba.so.1": elf_file(),
            },
            "/opt/here/liba.so.1",
        ),
        ({"runpath": "/x/$PLATFORM"}, {"x/$PLATFORM/liba.so.1": elf_file()}, None),
        ({}, {"opt/liba.so.1": elf_file()}, None),
        # One of another machine is passed over, as the linker does.
        (
            {},
            {"lib64/liba.so.1": elf_file(machine=40), "usr/lib/liba.so.1": elf_file()},
            "/usr/lib/liba.so.1",
        ),
    ],
)
def test_a_library_is_found_where_the_linker_looks(run, files, where):
    program = elf_file("liba.so.1", interpreter=LOADER, **run)
    closure = scanned(programs({"app/run": program, **files})).linked.closure
    found = {one.path for one in closure.files} - {"/app/run"}
    assert found == ({where} if where else set())
    assert ("liba.so.1" in closure.missing) is (where is None)


def test_the_runpath_of_the_program_is_not_asked_for_the_libraries_of_its_libraries():
    files = {"a/liba.so.1": elf_file("libb.so.1"), "a/libb.so.1": elf_file()}
    for way, found in ((({"runpath": "/a"}), False), (({"rpath": "/a"}), True)):
        run = {"app/run": elf_file("liba.so.1", interpreter=LOADER, **way)}
        assert ("/a/libb.so.1" in loaded(programs({**files, **run}))) is found
        # musl asks all of the way in either case.
        run = {"app/run": elf_file("liba.so.1", interpreter=MUSL, **way)}
        assert "/a/libb.so.1" in loaded(programs({**files, **run}))


def test_musl_looks_where_its_own_file_says():
    files = {
        "app/run": elf_file("liba.so.1", interpreter=MUSL),
        "etc/ld-musl-x86_64.path": b"/opt/m\n",
        "opt/m/liba.so.1": elf_file(),
    }
    assert "/opt/m/liba.so.1" in loaded(programs(files))


def test_the_environment_of_the_image_is_asked_before_the_system():
    files = {**HERE, "usr/lib/liba.so.1": elf_file(), "opt/e/liba.so.1": elf_file()}
    found = loaded(programs(files), Env=["LD_LIBRARY_PATH=/opt/e"])
    assert "/opt/e/liba.so.1" in found
    assert "/usr/lib/liba.so.1" not in found


def test_a_layer_above_hides_and_replaces_what_is_loaded():
    below = programs(
        {**HERE, "usr/lib/liba.so.1": elf_file("libb.so.1"), "usr/lib/libb.so.1": elf_file()}
    )
    assert "/usr/lib/libb.so.1" in loaded(below)
    assert "/usr/lib/libb.so.1" not in loaded(below, programs({"usr/lib/liba.so.1": elf_file()}))
    assert "/usr/lib/liba.so.1" not in loaded(below, programs({"usr/lib/.wh.liba.so.1": b""}))


def test_libraries_that_ask_for_each_other_end():
    files = {**HERE, "lib/liba.so.1": elf_file("libb.so.1"), "lib/libb.so.1": elf_file("liba.so.1")}
    assert loaded(programs(files)) >= {"/app/run", "/lib/liba.so.1", "/lib/libb.so.1"}


def test_a_package_whose_library_is_loaded_is_reachable_and_another_is_unknown(tmp_path):
    files = {
        **HERE,
        "etc/os-release": DEBIAN,
        "usr/lib/liba.so.1": Soft("liba.so.1.2"),
        "usr/lib/liba.so.1.2": elf_file("libb.so.1"),
        "usr/lib/libb.so.1": elf_file(),
        "usr/lib/libc.so.1": elf_file(),
        "var/lib/dpkg/status": dpkg_status(("liba", "1.0"), ("libb", "1.0"), ("libc", "1.0")),
        "var/lib/dpkg/info/liba.list": b"/usr/lib/liba.so.1\n/usr/lib/liba.so.1.2\n",
        "var/lib/dpkg/info/libb.list": b"/lib/libb.so.1\n",
        "var/lib/dpkg/info/libc.list": b"/usr/lib/libc.so.1\n",
    }
    result = scanned(programs(files))
    records = [
        osv(f"X-{name}", name, FROM_0, fixed("2.0"), ecosystem="Debian:12")
        for name in ("liba", "libb", "libc")
    ]
    snapshot = snapshot_of(tmp_path, *records)
    evidence = parse_evidence(evidence_document(result.inventory.subject, result.linked))
    findings = match_inventory(result.inventory, snapshot, evidence)
    reach = {one.component: (one.reach, one.reach_why.chain) for one in findings.findings}
    assert reach == {
        "liba": (Reach.REACHABLE, ("/app/run", "/usr/lib/liba.so.1.2")),
        "libb": (Reach.REACHABLE, ("/app/run", "/usr/lib/liba.so.1.2", "/usr/lib/libb.so.1")),
        "libc": (Reach.UNKNOWN, ()),
    }
    written = findings_document(findings)
    assert parse_findings(written) == findings
    again = parse_evidence(evidence.part())
    assert findings_document(match_inventory(result.inventory, snapshot, again)) == written


def test_where_nobody_knows_what_is_run_nothing_is_said():
    assert loaded(programs({"usr/lib/liba.so.1": elf_file()}), Entrypoint=[]) == set()


@pytest.mark.fuzz
@settings(max_examples=500, deadline=None)
@given(st.binary(max_size=64), st.integers(0, 1400), st.integers(1, 600))
def test_no_bytes_at_all_make_it_fall(change, at, size):
    body = bytearray(elf_file("liba.so.1", rpath="/a", runpath="/b", interpreter=LOADER))
    body[at : at + len(change)] = change
    for content in (bytes(body), bytes(body[:at]), b"\x7fELF" + change, change):
        found = read(content, size)
        assert found is None or isinstance(found, ElfLinks)


def test_a_table_of_segments_beyond_what_is_held_is_not_followed():
    body = bytearray(elf_file("liba.so.1"))
    struct.pack_into("<Q", body, 32, 1 << 62)
    assert read(bytes(body)) is None


def test_names_without_end_are_not_looked_for_without_end():
    # Each of the chain asks for names that are nowhere, in many places of each file before it.
    places = ":".join(f"/o/{number}" for number in range(60))
    files = {"app/run": elf_file("lib0.so", runpath="/app", interpreter=LOADER)}
    for number in range(60):
        names = [f"lib{number + 1}.so", *(f"libno{number}-{n}.so" for n in range(200))]
        files[f"app/lib{number}.so"] = elf_file(*names, rpath=f"/app:{places}")
    closure = scanned(programs(files)).linked.closure
    assert "/app/lib0.so" in {one.path for one in closure.files}
    assert len(closure.missing) <= 1_000
    assert closure == scanned(programs(files)).linked.closure


def test_names_that_fill_a_layer_are_counted_like_other_things():
    names = [f"{'n' * 400}{number}" for number in range(400)]
    files = {f"app/lib{number}.so": elf_file(*names) for number in range(3)}
    layer = programs(files)
    facts = read_layer(
        [layer.compressed],
        digest=layer.digest,
        diff_id=layer.diff_id,
        limits=Limits(marks_max=3_000),
    )
    assert 0 < len(facts.linked) < 3
    assert any("not followed" in reason for _, reason in facts.partial)


def test_a_name_that_is_asked_for_twice_is_one():
    found = read(elf_file(*["liba.so.1"] * 400))
    assert found is not None
    assert found.needed == ("liba.so.1",)


def test_a_path_of_variables_alone_is_no_place():
    files = {
        "app/run": elf_file("liba.so", rpath="$ORIGIN" * 60, interpreter=LOADER),
        "app/liba.so": elf_file(),
    }
    assert "/app/liba.so" not in loaded(programs(files))
