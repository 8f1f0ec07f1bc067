"""What a gate wants to know of an image beside its packages."""

import os
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.images import (
    Hard,
    Layer,
    MemoryRegistry,
    Mode,
    Soft,
    build,
    dpkg_status,
    push,
    write_layout,
)
from stella.sbom import (
    Inventory,
    Limits,
    MemoryCache,
    parse_cyclonedx,
    read_layer,
    scan_image,
    traits_of_sbom,
)
from stella.sbom.capability import capability_names
from stella.sbom.traits import Answer
from stella.sbom.traits_read import traits_in

SU = Mode(b"\x7fELF su", 0o4755)
LETTERS = "aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA1bC3d"
DEBIAN = {
    "etc/os-release": b"ID=debian\nVERSION_ID=12\n",
    "var/lib/dpkg/status": dpkg_status(("util-linux", "2.38")),
    "var/lib/dpkg/info/util-linux.list": b"/.\n/bin\n/bin/su\n",
}


def inventory_of(*layers: dict, **run: object) -> Inventory:
    registry = MemoryRegistry()
    image = build(*(Layer.of(files) for files in layers), **run)
    (result,) = scan_image(registry, push(registry, image), MemoryCache(), tool_version="1")
    assert parse_cyclonedx(result.sbom_bytes) == result.inventory
    assert traits_of_sbom(result.sbom_bytes) == result.inventory.traits
    return result.inventory


def privileged(*layers: dict) -> dict[str, int]:
    return {one.path: one.layer_index for one in inventory_of(*layers).traits.privileged}


def test_a_set_user_id_file_is_told_with_mode_owner_package_and_layer():
    inventory = inventory_of(
        DEBIAN,
        {"usr/bin/su": SU, "opt/helper": Mode(b"x", 0o2711, 33, 42), "opt/plain": Mode(b"x")},
    )
    helper, su = inventory.traits.privileged
    assert (helper.path, helper.mode, helper.uid, helper.gid) == ("/opt/helper", "2711", 33, 42)
    assert (helper.package, helper.layer_index) == ("", 1)
    assert (su.path, su.mode, su.package) == (
        "/usr/bin/su",
        "4755",
        "pkg:deb/debian/util-linux@2.38?arch=amd64&distro=debian-12",
    )


@pytest.mark.parametrize(
    "above",
    [
        {"usr/bin/.wh.su": b""},
        {"usr/.wh.bin": b""},
        {"usr/bin/.wh..wh..opq": b""},
        {"usr/bin/su": Mode(b"x", 0o755)},
        {"usr/bin/su": Mode(b"#!/bin/sh\n", 0o755)},
        {"usr/bin/su": Mode(b"x", 0o644)},
        {"usr/bin/su": Soft("busybox")},
        {"usr/bin": Soft("../bin")},
    ],
)
def test_what_a_later_layer_deletes_or_replaces_has_no_power_any_more(above):
    assert privileged({"usr/bin/su": SU}) == {"/usr/bin/su": 0}
    assert privileged({"usr/bin/su": SU}, above) == {}


def test_a_file_belongs_to_the_layer_that_made_it_what_it_is():
    assert privileged({"usr/bin/su": SU}, {"usr/bin/su": SU}) == {"/usr/bin/su": 1}
    assert privileged({"usr/bin/su": Mode(b"x")}, {"usr/bin/su": SU}) == {"/usr/bin/su": 1}
    assert privileged({"a": SU}, {"b": Mode(b"x")}) == {"/a": 0}


def test_a_hard_link_has_the_power_of_its_file():
    assert privileged({"bin/a": SU, "bin/b": Hard("bin/a")}) == {"/bin/a": 0, "/bin/b": 0}


def test_a_file_with_capabilities_is_told_with_their_names():
    net_raw = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0).decode("latin-1")
    (ping,) = inventory_of({"bin/ping": Mode(b"x", capability=net_raw)}).traits.privileged
    assert (ping.path, ping.mode, ping.capabilities) == ("/bin/ping", "0755", ("cap_net_raw",))


@pytest.mark.parametrize(
    ("attribute", "names"),
    [
        (b"", ()),
        (b"\1\0", ("unreadable",)),
        (struct.pack("<I", 0x09000000) + b"\0" * 16, ("unreadable",)),
        (struct.pack("<III", 0x01000000, 1, 1 << 21), ("cap_chown", "cap_sys_admin")),
        (struct.pack("<IIIIII", 0x03000001, 0, 0, 1 << 7, 1 << 31, 0), ("cap_63", "cap_bpf")),
    ],
)
def test_capabilities_are_read_in_every_revision(attribute, names):
    assert capability_names(attribute) == names


@given(st.binary(max_size=40))
def test_any_attribute_can_be_read(attribute):
    assert isinstance(capability_names(attribute), tuple)


_PATHS = ("usr/bin/a", "usr/bin/b", "usr/sbin/a", "opt/x/c", "opt/x/y/d")
_LAYERS = st.lists(
    st.dictionaries(
        st.sampled_from(_PATHS),
        st.sampled_from(["power", "plain", "script", "link", "gone", "opaque", "folder gone"]),
        max_size=4,
    ),
    min_size=1,
    max_size=4,
)
_MADE = {
    "power": SU,
    "plain": Mode(b"x"),
    "script": Mode(b"#!/bin/sh\n"),
    "link": Soft("/somewhere"),
}


@pytest.mark.long
@given(_LAYERS)
def test_layers_are_merged_as_a_file_system_would(layers):
    expected: dict[str, int] = {}
    written = []
    for number, layer in enumerate(layers):
        files: dict = {}
        for path, what in layer.items():
            folder, _, name = path.rpartition("/")
            if what == "gone":
                files[f"{folder}/.wh.{name}"] = b""
                expected.pop(path, None)
            elif what == "opaque":
                files[f"{folder}/.wh..wh..opq"] = b""
                expected = {
                    one: at for one, at in expected.items() if not one.startswith(f"{folder}/")
                }
            elif what == "folder gone":
                above, _, last = folder.rpartition("/")
                files[f"{above}/.wh.{last}"] = b""
                expected = {
                    one: at for one, at in expected.items() if not one.startswith(f"{folder}/")
                }
        for path, what in layer.items():
            if what in _MADE:
                files[path] = _MADE[what]
                expected.pop(path, None)
                expected |= {path: number} if what == "power" else {}
        written.append(files)
    assert privileged(*written) == {f"/{path}": at for path, at in expected.items()}


@pytest.mark.long
def test_the_same_image_has_the_same_traits_whatever_the_hash_seed(tmp_path: Path):
    files = {
        **DEBIAN,
        **{f"opt/{name}": SU for name in "gfedcba"},
        **{
            f"app/{name}.env": b"A=npm_" + name.encode() * 2 + b"aB3dE5gH7jK9mN1pQ3sT5vW7xY9zA1bC3d"
            for name in "cab"
        },
        "entry.sh": Mode(b"#!/bin/sh\nexec /opt/a\n"),
        "bin/sh": Mode(b"x"),
    }
    write_layout(tmp_path / "layout", build(Layer.of(files), Entrypoint=["/entry.sh"], User="web"))
    program = (
        "import sys, pathlib; from stella.image import OciLayout, parse_reference\n"
        "from stella.sbom import MemoryCache, scan_image\n"
        "layout = OciLayout.of_directory(pathlib.Path(sys.argv[1]))\n"
        "made = scan_image(layout, parse_reference('a.b/c'), MemoryCache(), tool_version='1')\n"
        "sys.stdout.buffer.write(made[0].sbom_bytes)\n"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "layout")],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    found = traits_of_sbom(outputs.pop())
    assert found is not None
    assert (len(found.privileged), len(found.secrets)) == (7, 3)
    assert found.entry is not None
    assert found.entry.program == "/opt/a"


def test_more_files_than_anybody_has_are_listed_up_to_a_bound_and_said():
    inventory = inventory_of({f"opt/{number}": SU for number in range(1003)})
    assert len(inventory.traits.privileged) == 1000
    (gap,) = inventory.partial
    assert "beyond 1000 files with more power" in gap.reason
    assert "(3 in this layer)" in gap.reason


def test_texts_beyond_the_bound_are_not_searched_and_that_is_said():
    files = {f"app/{number}.py": b"#" * 100 for number in range(10)}
    layer = Layer.of(files)
    facts = read_layer(
        [layer.compressed],
        digest=layer.digest,
        diff_id=layer.diff_id,
        limits=Limits(searched_bytes_max=450),
    )
    ((_, reason),) = facts.partial
    assert "not searched (6 in this layer)" in reason


PASSWD = b"root:x:0:0::/root:/bin/sh\ntoor:x:0:0\nweb:x:1000:1000\nodd line\nweb:x:0:0\n"


@pytest.mark.parametrize(
    ("user", "root", "uid"),
    [
        ("", Answer.YES, 0),
        ("0", Answer.YES, 0),
        ("0:1000", Answer.YES, 0),
        ("root", Answer.YES, 0),
        ("toor", Answer.YES, 0),
        ("00", Answer.YES, 0),
        ("web", Answer.NO, 1000),
        ("web:root", Answer.NO, 1000),
        ("65532", Answer.NO, 65532),
        ("nobody", Answer.UNKNOWN, None),
        ("$USER", Answer.UNKNOWN, None),
    ],
)
def test_the_user_is_resolved_by_the_images_own_accounts(user, root, uid):
    said = inventory_of({"etc/passwd": PASSWD}, User=user).traits.user
    assert (said.name, said.root, said.uid) == (user, root, uid)
    assert (said.reason != "") is (root is Answer.UNKNOWN)


def test_without_a_list_of_accounts_only_root_is_known_by_name():
    assert inventory_of({}, User="root").traits.user.root is Answer.YES
    assert inventory_of({}, User="web").traits.user.root is Answer.UNKNOWN
    gone = inventory_of({"etc/passwd": PASSWD}, {"etc/.wh.passwd": b""}, User="web")
    assert gone.traits.user.root is Answer.UNKNOWN


def test_a_document_without_traits_or_with_broken_ones_says_nothing_of_them():
    assert traits_of_sbom(b'{"metadata":{"component":{"properties":[]}}}') is None
    assert traits_of_sbom(b"no json") is None
    good = [("stella:image:user", '{"name":"","uid":0,"root":"yes"}')]
    assert traits_in(good) is not None
    assert traits_in([*good, ("stella:image:secret", '{"rule":1}')]) is None
    assert traits_in([("stella:image:user", "[]")]) is None
