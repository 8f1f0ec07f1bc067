"""Layers in zstd read like the same layers in gzip and in none, and no frame takes more than it may."""

import gzip
import random
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from backports import zstd
from backports.zstd import CompressionParameter

from image.images import (
    DEBIAN,
    Layer,
    MemoryRegistry,
    build,
    dpkg_status,
    metadata,
    push,
    tar_of,
    write_saved,
)
from stella.image import TarImage, parse_reference
from stella.kernel import StellaError
from stella.sbom import BrokenLayer, LayerTooLarge, Limits, MemoryCache, read_layer, scan_image
from stella.sbom.facts import LanguagePackage, LanguagePackages

FOO = "opt/lib/foo-1.dist-info/METADATA"
FILES = {
    "etc/os-release": DEBIAN,
    FOO: metadata("foo", "1"),
    "var/lib/dpkg/status": dpkg_status(("bash", "5.2")),
    "noise": random.Random(1).randbytes(300_000),
}
PLAIN = tar_of(FILES)
FOUND = LanguagePackages((LanguagePackage("pypi", "foo", "1"),))
SMALL = Limits(ratio_from_bytes=1024 * 1024, plain_bytes_max=64 * 1024 * 1024, members_max=100)


def facts_of(compressed: bytes, plain: bytes = PLAIN, *, limits: Limits = SMALL, chunk: int = 777):
    chunks = (compressed[at : at + chunk] for at in range(0, len(compressed), chunk))
    layer = Layer(plain, compressed)
    return read_layer(chunks, digest=layer.digest, diff_id=layer.diff_id, limits=limits)


def skipped(content: bytes, kind: int = 0) -> bytes:
    """A frame that holds no content, RFC 8878, 3.1.2."""
    return struct.pack("<II", 0x184D2A50 + kind, len(content)) + content


def chunked(plain: bytes, size: int = 4096) -> bytes:
    """As zstd:chunked is laid out: a frame each chunk, then a table and a footer to be skipped."""
    frames = [zstd.compress(plain[at : at + size]) for at in range(0, len(plain), size)]
    return b"".join((*frames, skipped(zstd.compress(b"{}" * 50)), skipped(b"GNUlInUx" * 8)))


def streamed(plain: bytes, **options: int) -> bytes:
    """One frame that does not say how long its content is."""
    named = {CompressionParameter[name]: value for name, value in options.items()}
    return zstd.ZstdCompressor(options=named).compress(plain, zstd.ZstdCompressor.FLUSH_FRAME)


WAYS = {
    "one frame": zstd.compress(PLAIN),
    "streamed": streamed(PLAIN),
    "the hardest": streamed(PLAIN, compression_level=19, checksum_flag=1),
    "the largest window": streamed(PLAIN, window_log=27),
    "two frames": zstd.compress(PLAIN[:70_000]) + zstd.compress(PLAIN[70_000:]),
    "an empty frame": zstd.compress(b"") + zstd.compress(PLAIN) + zstd.compress(b""),
    "skipped frames": skipped(b"", 15) + zstd.compress(PLAIN) + skipped(b"x" * 100_000, 3),
    "chunked": chunked(PLAIN, 8192),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("chunk", [1 << 20, 777])
def test_the_same_content_gives_the_same_facts_however_it_is_compressed(way: str, chunk: int):
    found = facts_of(WAYS[way], chunk=chunk)
    for other in (facts_of(PLAIN), facts_of(gzip.compress(PLAIN, mtime=0))):
        assert found.files == other.files
        assert (found.diff_id, found.plain_bytes) == (other.diff_id, other.plain_bytes)
    assert found.files[FOO] == FOUND


@pytest.mark.parametrize("way", WAYS)
def test_an_image_has_the_same_components_however_its_layers_are_compressed(way: str):
    inventories = []
    for compressed in (PLAIN, gzip.compress(PLAIN, mtime=0), WAYS[way]):
        registry = MemoryRegistry()
        reference = push(registry, build(Layer(PLAIN, compressed)))
        (result,) = scan_image(registry, reference, MemoryCache())
        inventories.append(result.inventory)
    named = [[(one.purl, one.evidence) for one in each.components] for each in inventories]
    assert named[0] == named[1] == named[2]
    assert [purl for purl, _ in named[0]] == [
        "pkg:deb/debian/bash@5.2?arch=amd64&distro=debian-12",
        "pkg:pypi/foo@1",
    ]
    assert not inventories[2].partial


def test_a_saved_image_may_hold_layers_in_zstd(tmp_path: Path):
    reference = parse_reference("saved.test/shop/web:1")
    for name, beginning in (("plain", b""), ("skipped", skipped(b"x"))):
        file = tmp_path / f"{name}.tar"
        packed = beginning + zstd.compress(PLAIN)
        # ``write_saved`` puts there what is called plain; the diff id stays that of the tar.
        image = build(Layer(PLAIN, b""))
        write_saved(file, replace(image, layers=(Layer(packed, b""),)))
        found = scan_image(TarImage.open(file), reference, MemoryCache())
        (result,) = found
        assert [one.name for one in result.inventory.components] == ["bash", "foo"]


def test_bytes_that_come_one_by_one_are_told_apart_all_the_same():
    plain = tar_of({FOO: metadata("foo", "1")})
    for compressed in (
        zstd.compress(plain),
        gzip.compress(plain, mtime=0),
        skipped(b"") + zstd.compress(plain),
    ):
        assert facts_of(compressed, plain, chunk=1).files == {FOO: FOUND}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_cut_off_anywhere_is_refused(way: str):
    compressed = WAYS[way]
    places = {1, 3, 5, 9, len(compressed) // 2, len(compressed) - 1}
    for end in sorted(places):
        with pytest.raises(BrokenLayer):
            facts_of(compressed[:end])


@pytest.mark.parametrize(
    "rest", [b"\0" * 512, b"garbage", gzip.compress(b"", mtime=0), b"\x28\xb5\x2f\xfd"]
)
def test_what_follows_the_last_frame_and_is_none_is_refused(rest: bytes):
    with pytest.raises(BrokenLayer):
        facts_of(zstd.compress(PLAIN) + rest)


def test_a_damaged_frame_is_refused():
    broken = bytearray(streamed(PLAIN, checksum_flag=1))
    broken[-2] ^= 1  # its checksum
    with pytest.raises(BrokenLayer, match="zstd stream is damaged"):
        facts_of(bytes(broken))


def test_a_frame_that_needs_a_dictionary_is_refused():
    trained = zstd.train_dict([PLAIN[at : at + 512] for at in range(0, 60_000, 64)], 4096)
    with pytest.raises(BrokenLayer, match="zstd stream is damaged"):
        facts_of(zstd.compress(PLAIN, zstd_dict=trained))


@pytest.mark.parametrize("log", [28, 31])
def test_a_window_that_takes_too_much_memory_is_refused(log: int):
    # A frame header alone claims it (RFC 8878, 3.1.1.1.2); the window is not allocated.
    claim = b"\x28\xb5\x2f\xfd" + bytes([0b0000_0100, (log - 10) << 3]) + b"\0" * 100
    with pytest.raises(LayerTooLarge, match="128 MiB"):
        facts_of(claim)


def test_a_bomb_is_refused_before_it_is_unpacked_and_takes_no_memory():
    zeros = zstd.compress(b"\0" * (64 << 20))  # in four thousand bytes
    bomb = zeros * 64
    tracemalloc.start()
    with pytest.raises(LayerTooLarge, match="bomb"):
        facts_of(
            zstd.compress(tar_of({"a": b""})[:1024]) + bomb, limits=Limits(ratio_from_bytes=1 << 20)
        )
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


def test_a_layer_of_countless_frames_is_refused():
    with pytest.raises(BrokenLayer, match="more than 100 members of zstd"):
        facts_of(zstd.compress(PLAIN) + skipped(b"") * 200)


def test_no_damage_to_a_frame_ever_crashes_the_reader():
    chance, whole = random.Random(7), chunked(PLAIN, 40_000)
    for _ in range(150):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            facts_of(bytes(broken), chunk=1 << 16)
        except StellaError as refusal:
            assert refusal.code.startswith("ST-SBM-")  # noqa: PT017 - either outcome is right
