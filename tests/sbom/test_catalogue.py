"""Layers on top of each other -> packages, each with the layer that brought it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from image.images import (
    DEBIAN,
    Hard,
    Layer,
    MemoryRegistry,
    Soft,
    build,
    dpkg_status,
    metadata,
    push,
    write_layout,
    write_saved,
)
from stella.image import OciLayout, TarImage, parse_reference, resolve
from stella.sbom import (
    BrokenLayer,
    DirectoryCache,
    Inventory,
    MemoryCache,
    parse_cyclonedx,
    scan_directory,
    scan_image,
)
from stella.sbom.catalogue import Catalogue, owners_of
from stella.sbom.ecosystem.npm import parse_package_json
from stella.sbom.ecosystem.python import parse_metadata
from stella.sbom.facts import LanguagePackages, OwnedPaths, SystemPackage, SystemPackages, Unread
from stella.sbom.model import Component
from stella.sbom.package_purl import language_purl
from stella.sbom.rootfs import Seen

words = st.text(max_size=8) | st.from_regex(r"[@a-zA-Z0-9._/ ~%+-]{1,8}", fullmatch=True)
words = words.filter(lambda text: not any("\ud800" <= sign <= "\udfff" for sign in text))
STATUS = "var/lib/dpkg/status"
FOO = "opt/lib/foo-1.dist-info/METADATA"
LINKED = {"etc/os-release": Soft("../usr/lib/os-release"), "usr/lib/os-release": DEBIAN}


def inventory_of(*layers: dict) -> Inventory:
    registry = MemoryRegistry()
    reference = push(registry, build(*(Layer.of(files) for files in layers)))
    return scan_image(registry, reference, MemoryCache(), tool_version="1")[0].inventory


def found(inventory: Inventory) -> dict[str, tuple[str, int]]:
    return {one.name: (one.version, one.occurrences[0].layer_index) for one in inventory.components}


def test_a_dpkg_package_belongs_to_the_lowest_layer_that_holds_this_version():
    inventory = inventory_of(
        {**LINKED, STATUS: dpkg_status(("bash", "5"), ("ssl", "1"), ("gone", "1"))},
        {"etc/motd": b"hello"},
        {STATUS: dpkg_status(("bash", "5"), ("ssl", "2"), ("curl", "7"))},
        {STATUS: dpkg_status(("bash", "5"), ("ssl", "2"), ("curl", "7"), ("gone", "1"))},
    )
    assert found(inventory) == {
        "bash": ("5", 0),
        "ssl": ("2", 2),
        "curl": ("7", 2),
        "gone": ("1", 3),
    }
    assert inventory.distro == "debian-12"


def test_source_package_and_purl_follow_the_database():
    status = dpkg_status(
        ("libc6", "2.36-9+b1", "glibc (2.36-9)"), ("libssl3", "1:3~rc1", "openssl")
    )
    inventory = inventory_of({**LINKED, STATUS: status})
    libc, libssl = inventory.components
    assert (libc.source_name, libc.source_version) == ("glibc", "2.36-9")
    assert libc.purl == (
        "pkg:deb/debian/libc6@2.36-9%2Bb1?arch=amd64&distro=debian-12&upstream=glibc%402.36-9"
    )
    assert (libssl.source_name, libssl.source_version) == ("openssl", "1:3~rc1")
    assert "upstream=openssl" in libssl.purl


def test_removed_packages_are_left_out_and_half_configured_ones_are_not():
    text = dpkg_status(("gone", "1"), ("half", "2"))
    text = text.replace(b"ok installed", b"ok config-files", 1)
    text = text.replace(b"ok installed", b"ok half-configured", 1)
    assert found(inventory_of({**LINKED, STATUS: text})) == {"half": ("2", 0)}


def test_a_broken_stanza_is_partial_and_the_rest_is_read():
    text = (
        dpkg_status(("bash", "5"), ("curl", "7"))
        + b"\n\nStatus: install ok installed\nVersion: 1\n"
    )
    inventory = inventory_of({**LINKED, STATUS: text})
    assert set(found(inventory)) == {"bash", "curl"}
    assert [(gap.path, "Package field" in gap.reason) for gap in inventory.partial] == [
        (f"/{STATUS}", True)
    ]


def test_distroless_databases_are_read_and_their_sums_are_not():
    files = {
        **LINKED,
        "var/lib/dpkg/status.d/base": b"Package: base-files\nVersion: 12\nArchitecture: amd64\n",
        "var/lib/dpkg/status.d/base.md5sums": b"abc  etc/x\n",
    }
    inventory = inventory_of(files)
    assert found(inventory) == {"base-files": ("12", 0)}
    assert inventory.partial == ()


HIDDEN = [
    ("the file whited out", {"opt/lib/foo-1.dist-info/.wh.METADATA": b""}),
    ("its directory whited out", {"opt/lib/.wh.foo-1.dist-info": b""}),
    ("a parent whited out", {".wh.opt": b""}),
    ("a parent opaque", {"opt/.wh..wh..opq": b""}),
    ("the root opaque", {".wh..wh..opq": b""}),
    ("a parent replaced by a link", {"opt/lib": Soft("/nowhere")}),
]


@pytest.mark.parametrize("above", [case[1] for case in HIDDEN], ids=[case[0] for case in HIDDEN])
def test_what_an_upper_layer_hides_is_not_there(above):
    assert inventory_of({FOO: metadata("foo", "1")}, above).components == ()


KEPT = [
    ("opaque names its own content", {"opt/.wh..wh..opq": b"", FOO: metadata("foo", "1")}, 1),
    ("whiteout of a name that begins alike", {"opt/.wh.li": b""}, 0),
    ("whiteout and the file anew", {"opt/.wh.lib": b"", FOO: metadata("foo", "1")}, 1),
]


@pytest.mark.parametrize(
    ("above", "layer"), [case[1:] for case in KEPT], ids=[case[0] for case in KEPT]
)
def test_a_whiteout_hides_only_what_lies_below_it(above, layer):
    assert found(inventory_of({FOO: metadata("foo", "1")}, above)) == {"foo": ("1", layer)}


def test_a_python_package_of_dpkg_is_one_component_and_a_stray_list_hides_nothing():
    owned = "usr/lib/python3/dist-packages/yaml-6.egg-info/PKG-INFO"
    inventory = inventory_of(
        {
            **LINKED,
            STATUS: dpkg_status(("python3-yaml", "6-1")),
            "var/lib/dpkg/info/python3-yaml.list": f"/.\n/{owned}\n".encode(),
            owned: metadata("PyYAML", "6"),
            FOO: metadata("foo", "1"),
            "var/lib/dpkg/info/not-installed.list": f"/{FOO}\n".encode(),
        }
    )
    assert set(found(inventory)) == {"python3-yaml", "foo"}


def test_the_owner_of_a_file_is_found_by_either_name_of_it():
    status = SystemPackages((SystemPackage("deb", "libc6", "2", "amd64", "libc6", "2"),))
    owned = OwnedPaths("libc6", ("lib/a.so", "usr/bin/b", "usr/share/c"))
    files = {"status": Seen(status, 0), "libc6.list": Seen(owned, 0)}
    component = Component("pkg:deb/debian/libc6@2", "deb", "libc6", "2", "libc6", "2")
    catalogued = Catalogue("debian-12", (component,), (), files)
    names = ["lib/a.so", "usr/lib/a.so", "bin/b", "usr/bin/b", "share/c", "usr/share/c", "usr/lib"]
    assert owners_of(catalogued, names) == dict.fromkeys(
        ["lib/a.so", "usr/lib/a.so", "bin/b", "usr/bin/b", "usr/share/c"], component.purl
    )


def test_npm_packages_nested_scoped_and_broken():
    inventory = inventory_of(
        {
            "app/node_modules/a/package.json": b'{"name":"a","version":"1","license":"MIT"}',
            "app/node_modules/a/node_modules/@s/b/package.json": b'{"name":"@s/b","version":"2"}',
            "app/node_modules/a/test/package.json": b'{"name":"fixture","version":"0"}',
            "app/package.json": b'{"name":"app","version":"9"}',
            "app/node_modules/bad/package.json": b"{oops",
            "app/node_modules/deep/package.json": b'{"a":' + b"[" * 5000,
        }
    )
    assert set(found(inventory)) == {"a", "@s/b"}
    assert {gap.path for gap in inventory.partial} == {
        "/app/node_modules/bad/package.json",
        "/app/node_modules/deep/package.json",
    }
    scoped = next(one for one in inventory.components if one.name == "@s/b")
    assert scoped.purl == "pkg:npm/%40s/b@2"


@pytest.mark.long
@settings(max_examples=200, deadline=None)
@given(words, words)
def test_whatever_a_package_file_claims_it_becomes_a_package_or_a_gap(name: str, version: str):
    claimed = json.dumps({"name": name, "version": version}).encode()
    header = f"Name: {name}\nVersion: {version}\n\n".encode()
    files = [parse_package_json(claimed), parse_metadata(header)]
    facts = [one for one in files if isinstance(one, LanguagePackages)]
    for one in [package for found in facts for package in found.packages]:
        purl = PackageURL.from_string(language_purl(one))
        assert (purl.type, purl.version) == (one.purl_type, one.version)
    assert all(isinstance(one, LanguagePackages | Unread) for one in files)


@pytest.mark.parametrize("name", ["/", "a/", "@/", "@a/", " ", "a b", "a/b/c", "x" * 300])
def test_an_impossible_npm_name_is_a_gap(name):
    content = json.dumps({"name": name, "version": "1"}).encode()
    assert isinstance(parse_package_json(content), Unread)


def test_one_package_in_two_places_is_one_component_with_both():
    other = "srv/lib/foo-1.dist-info/METADATA"
    inventory = inventory_of({FOO: metadata("Foo", "1")}, {other: metadata("foo", "1")})
    (component,) = inventory.components
    assert [(place.path, place.layer_index) for place in component.occurrences] == [
        (f"/{FOO}", 0),
        (f"/{other}", 1),
    ]


def test_links_that_lead_nowhere_or_in_a_circle_are_partial():
    inventory = inventory_of(
        {
            FOO: Hard("etc/hostname"),
            "a/b-1.dist-info/METADATA": Soft("../../c/d-1.dist-info/METADATA"),
            "c/d-1.dist-info/METADATA": Soft("/a/b-1.dist-info/METADATA"),
        }
    )
    assert inventory.components == ()
    assert len(inventory.partial) == 3


BASE = Layer.of({**LINKED, STATUS: dpkg_status(("bash", "5"), ("libssl3", "3", "openssl"))})
APP = Layer.of({FOO: metadata("foo", "1"), STATUS: dpkg_status(("bash", "5"), ("curl", "7"))})
IMAGE = build(BASE, APP, BASE, Entrypoint=["/app"], Cmd=["run"], User="1000", Labels={"k": "v"})


def packages(inventory: Inventory) -> tuple:
    return inventory.distro, inventory.components, inventory.entrypoint, inventory.user


def test_registry_layout_tar_and_sbom_give_the_same_packages(tmp_path: Path):
    registry = MemoryRegistry()
    remote = scan_image(registry, push(registry, IMAGE), MemoryCache(), tool_version="1")[0]
    write_layout(tmp_path / "layout", IMAGE)
    write_saved(tmp_path / "saved.tar", IMAGE)
    layout = OciLayout.of_directory(tmp_path / "layout")
    tar = TarImage.open(tmp_path / "saved.tar")
    name = parse_reference("local.test/shop/web")
    local = scan_image(layout, name, MemoryCache(), tool_version="1")[0]
    saved = scan_image(tar, name, MemoryCache(), tool_version="1")[0]
    read_back = parse_cyclonedx(remote.sbom_bytes)
    assert packages(remote.inventory) == packages(local.inventory) == packages(saved.inventory)
    assert read_back == remote.inventory
    assert remote.inventory.subject == local.inventory.subject == IMAGE.digest
    assert remote.inventory.entrypoint == ("/app", "run")


def test_a_layer_seen_before_is_not_fetched_again_and_changes_nothing(tmp_path: Path):
    registry, cache = MemoryRegistry(), DirectoryCache(tmp_path / "cache")
    reference = push(registry, IMAGE)
    first = scan_image(registry, reference, cache, tool_version="1")
    registry.reads.clear()
    second = scan_image(registry, reference, cache, tool_version="1")
    assert [one.sbom_bytes for one in first] == [one.sbom_bytes for one in second]
    assert not any(layer.digest.text in read for read in registry.reads for layer in IMAGE.layers)


def test_a_damaged_cache_file_is_read_anew(tmp_path: Path):
    registry, cache = MemoryRegistry(), DirectoryCache(tmp_path)
    reference = push(registry, IMAGE)
    first = scan_image(registry, reference, cache, tool_version="1")
    kept = list(tmp_path.iterdir())
    assert len(kept) == 2
    for file in kept:
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    assert scan_image(registry, reference, cache, tool_version="1") == first


def test_a_layer_swapped_in_the_storage_stops_the_scan():
    registry = MemoryRegistry()
    reference = push(registry, IMAGE)
    registry.blobs[APP.digest] = Layer.of({}).compressed
    with pytest.raises(BrokenLayer, match="promises"):
        scan_image(registry, reference, MemoryCache(), tool_version="1")


@pytest.mark.long
def test_the_same_image_gives_the_same_bytes_whatever_the_hash_seed(tmp_path: Path):
    write_layout(tmp_path / "layout", IMAGE)
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
    assert parse_cyclonedx(outputs.pop()).components


def test_a_directory_is_scanned_without_following_links_out_of_it(tmp_path: Path):
    root = tmp_path / "root"
    for path, content in {
        FOO: metadata("foo", "1"),
        STATUS: dpkg_status(("bash", "5")),
        "usr/lib/os-release": DEBIAN,
    }.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    outside = tmp_path / "outside"
    outside.write_bytes(metadata("secret", "1"))
    link = root / "opt/lib/out-1.dist-info/METADATA"
    link.parent.mkdir()
    link.symlink_to(outside)
    inventory = scan_directory(root)
    assert {one.name: one.occurrences[0].layer for one in inventory.components} == {
        "bash": None,
        "foo": None,
    }
    assert [gap.path for gap in inventory.partial] == ["/opt/lib/out-1.dist-info/METADATA"]
    assert scan_directory(root) == inventory


def test_resolving_a_saved_image_twice_gives_one_digest(tmp_path: Path):
    write_saved(tmp_path / "saved.tar", IMAGE)
    name = parse_reference("local.test/shop/web:1")
    digests = {resolve(TarImage.open(tmp_path / "saved.tar"), name).digest for _ in range(2)}
    assert len(digests) == 1
