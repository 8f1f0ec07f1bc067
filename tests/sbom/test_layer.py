"""One layer: what is read, what is refused, what is partial. Nothing ever crashes."""

import gzip
import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from image.images import (
    DIRECTORY,
    Device,
    Hard,
    Layer,
    Mode,
    Soft,
    dpkg_status,
    metadata,
    tar_of,
)
from stella.kernel import Digest, StellaError
from stella.sbom import BrokenLayer, LayerTooLarge, Limits, read_layer
from stella.sbom.facts import LanguagePackage, LanguagePackages, Unread, decode_facts, encode_facts

FOO = "opt/lib/foo-1.dist-info/METADATA"
FOO_FACTS = LanguagePackages((LanguagePackage("pypi", "foo", "1"),))
SMALL = Limits(ratio_from_bytes=1024 * 1024, plain_bytes_max=64 * 1024 * 1024, entries_max=1000)


def facts_of(layer: Layer, limits: Limits = SMALL, chunk: int = 777):
    content = layer.compressed
    chunks = (content[at : at + chunk] for at in range(0, len(content), chunk))
    return read_layer(chunks, digest=layer.digest, diff_id=layer.diff_id, limits=limits)


def claimed(compressed: bytes, plain: bytes = b"") -> Layer:
    return Layer(plain, compressed)


@pytest.mark.parametrize(
    "path",
    [FOO, f"./{FOO}", f"/{FOO}", f"opt//lib/./{FOO[8:]}", "opt/" + "x" * 300 + f"/{FOO}"],
    ids=["plain", "dot slash", "absolute", "odd slashes", "long pax name"],
)
def test_a_package_is_found_however_its_path_is_written(path):
    files = facts_of(Layer.of({path: metadata("Foo", "1")})).files
    assert list(files.values()) == [FOO_FACTS]
    assert all(not name.startswith(("/", ".")) for name in files)


@pytest.mark.parametrize("style", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_every_tar_dialect_is_read_like_tarfile_reads_it(style):
    made = io.BytesIO()
    long = "d" * 90 + "/" + "e" * 60 + f"/{FOO}"
    with tarfile.open(fileobj=made, mode="w", format=style) as archive:
        for name in ("a/b", long, FOO):
            entry = tarfile.TarInfo(name)
            content = metadata("foo", "1")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    facts = facts_of(Layer.of_tar(made.getvalue()))
    assert facts.files == {FOO: FOO_FACTS, long: FOO_FACTS}
    assert facts.entries == 3


def test_plain_and_gzip_and_several_gzip_members_read_alike():
    plain = tar_of({FOO: metadata("foo", "1")})
    half = len(plain) // 2
    members = gzip.compress(plain[:half]) + gzip.compress(b"") + gzip.compress(plain[half:])
    for compressed in (plain, gzip.compress(plain), members, members + b"\0" * 512):
        facts = facts_of(claimed(compressed, plain))
        assert facts.files == {FOO: FOO_FACTS}
        assert facts.plain_bytes == len(plain)


PLAIN = tar_of({FOO: metadata("foo", "1"), "big": b"x" * 5000})
ZEROS = b"\0" * (8 * 1024 * 1024)


def with_header(**fields: bytes) -> bytes:
    """A tar whose first header has some raw bytes changed and its sum made right again."""
    header = bytearray(PLAIN[:512])
    places = {"size": 124, "name": 0, "kind": 156}
    for name, value in fields.items():
        header[places[name] : places[name] + len(value)] = value
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header) + PLAIN[512:]


REFUSED = [
    ("truncated gzip", claimed(gzip.compress(PLAIN)[:-20], PLAIN), BrokenLayer),
    ("truncated tar", Layer.of_tar(PLAIN[: 512 + 100]), BrokenLayer),
    ("truncated header", Layer.of_tar(PLAIN[:300]), BrokenLayer),
    ("garbage after gzip", claimed(gzip.compress(PLAIN) + b"garbage", PLAIN), BrokenLayer),
    ("no tar", Layer.of_tar(b"hello" * 500), BrokenLayer),
    ("other diff id", claimed(gzip.compress(PLAIN), PLAIN + b"\0"), BrokenLayer),
    ("zstd that is none", claimed(b"\x28\xb5\x2f\xfd" + b"\0" * 100), BrokenLayer),
    ("gzip bomb", claimed(gzip.compress(PLAIN + ZEROS), PLAIN + ZEROS), LayerTooLarge),
    ("too many entries", Layer.of([(f"f{n}", b"") for n in range(1001)]), BrokenLayer),
    ("negative size", Layer.of_tar(with_header(size=b"-0000000001\0")), BrokenLayer),
    ("base 256 negative size", Layer.of_tar(with_header(size=b"\xff" * 12)), BrokenLayer),
    ("size beyond the end", Layer.of_tar(with_header(size=b"77777777777\0")), BrokenLayer),
    ("giant pax header", Layer.of_tar(with_header(size=b"77777777777\0", kind=b"x")), BrokenLayer),
    ("giant GNU name", Layer.of_tar(with_header(size=b"77777777777\0", kind=b"L")), BrokenLayer),
    ("damaged pax header", Layer.of_tar(with_header(kind=b"x")), BrokenLayer),
    ("size that is no number", Layer.of_tar(with_header(size=b"zzzzzzzzzzz\0")), BrokenLayer),
]


@pytest.mark.parametrize(
    ("layer", "refusal"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_broken_or_bombing_layer_is_refused(layer, refusal):
    with pytest.raises(refusal) as refused:
        facts_of(layer)
    assert refused.value.remedy.advice


def test_a_layer_with_another_digest_is_refused():
    layer = Layer.of_tar(PLAIN)
    with pytest.raises(BrokenLayer, match="the manifest promises"):
        read_layer([layer.compressed], digest=Digest.of(b""), diff_id=layer.diff_id)


PARTIAL = [
    ("climbing path", {f"opt/../../{FOO}": metadata("foo", "1")}, "leaves the image with '..'"),
    ("absolute path", {f"/{FOO}": metadata("foo", "1")}, "an absolute path"),
    ("whiteout of nothing", {"opt/.wh.": b""}, "a whiteout of nothing"),
    ("whiteout of the parent", {"opt/.wh...": b""}, "a whiteout of nothing"),
    ("path of ten thousand", {"a/" * 5000 + FOO: metadata("foo", "1")}, "no file system takes"),
]


@pytest.mark.parametrize(
    ("files", "reason"), [case[1:] for case in PARTIAL], ids=[case[0] for case in PARTIAL]
)
def test_an_odd_path_is_reported(files, reason):
    facts = facts_of(Layer.of(files))
    assert [reason in said for _, said in facts.partial] == [True]
    assert not any(".." in path for path in [*facts.files, *facts.removed])


UNREAD = [
    ("device", Device(), "device"),
    ("no name", b"Metadata-Version: 2.1\n\n", "no usable package name"),
    ("no version", b"Name: foo\n\n", "no usable version"),
    ("binary", bytes(range(256)) * 4, "no usable package name"),
    ("too long", b"Name: foo\nVersion: 1\n\n" + b"x" * 5000, "are read"),
]


@pytest.mark.parametrize(
    ("content", "reason"), [case[1:] for case in UNREAD], ids=[case[0] for case in UNREAD]
)
def test_a_file_of_interest_that_cannot_be_read_says_why(content, reason):
    facts = facts_of(Layer.of({FOO: content}), Limits(file_bytes_max=4096))
    unread = facts.files[FOO]
    assert isinstance(unread, Unread)
    assert reason in unread.reason


def test_a_hard_link_to_a_package_file_is_that_file_and_devices_elsewhere_are_nothing():
    other = "opt/other/foo-1.dist-info/METADATA"
    layer = Layer.of([(FOO, metadata("foo", "1")), (other, Hard(FOO)), ("dev/null", Device())])
    facts = facts_of(layer)
    assert facts.files == {FOO: FOO_FACTS, other: FOO_FACTS}
    assert facts.partial == ()


def test_whiteouts_opaque_directories_and_links_are_noted():
    layer = Layer.of(
        {"a/.wh.b": b"", "c/.wh..wh..opq": b"", ".wh..wh.plnk": b"", "d": Soft("e"), "f": DIRECTORY}
    )
    facts = facts_of(layer)
    assert (facts.removed, facts.opaque, facts.links) == (("a/b",), ("c",), {"d": "e"})


def test_facts_survive_the_cache_and_damage_reads_as_absent():
    files = {
        FOO: metadata("foo", "1"),
        "var/lib/dpkg/status": dpkg_status(("bash", "5")),
        "etc/passwd": b"root:x:0:0\n",
        "usr/bin/su": Mode(b"x", 0o4755),
        "entry.sh": Mode(b'#!/bin/sh\nset -- a b\nexec "$@"\n'),
        "usr/bin/sh": Soft("bash"),
        "root/.npmrc": b"//r/:_authToken=a1B2c3D4e5F6g7H8\n",
        "app/main.py": b"",
    }
    facts = facts_of(Layer.of(files))
    assert facts.privileged
    assert facts.secrets
    assert facts.programs["entry.sh"].sets == ("set -- a b",)
    stored = encode_facts(facts)
    assert decode_facts(stored) == facts
    assert decode_facts(stored[:-1]) is None
    assert decode_facts(b"") is None


@pytest.mark.long
@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damage_to_a_layer_ever_crashes_the_reader(data):
    broken = bytearray(PLAIN)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, 1600))] = data.draw(st.integers(0, 255))
    try:
        facts_of(Layer.of_tar(bytes(broken)))
    except StellaError as refusal:
        assert refusal.code.startswith("ST-SBM-")  # noqa: PT017 - either outcome is right
