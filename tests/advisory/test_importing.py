"""Feeds in, one frozen snapshot out."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pytest

from advisory.records import FROM_0, feed, fixed, osv
from stella.advisory import SnapshotInfo, demo_snapshot, import_advisories, open_snapshot
from stella.advisory.errors import (
    AmbiguousSnapshot,
    NothingToImport,
    SnapshotAltered,
    SnapshotNotFound,
    UnknownAdvisory,
    UnreadableFeed,
    UnsupportedSnapshot,
    UnwritableSnapshot,
)

RECORD = osv("X-1", "Foo", FROM_0, fixed("2"), aliases=["CVE-2030-1234"])
SECDB = {
    "distroversion": "v3.19",
    "reponame": "main",
    "packages": [
        {
            "pkg": {
                "name": "curl",
                "secfixes": {"8.5.0-r0": ["CVE-2030-1 CVE-2030-2", "CVE_2030-3"]},
            }
        },
        {"pkg": {"name": "zlib", "secfixes": {"0": ["CVE-2030-4"], "1.3-r0": None}}},
    ],
}
KEV = {"catalogVersion": "1", "vulnerabilities": [{"cveID": "CVE-2030-1234"}, {"cveID": "odd"}]}


def names_in(made: SnapshotInfo) -> dict[str, list[str]]:
    with open_snapshot(made.path) as snapshot:
        wanted = {"PyPI": ["foo"], "Alpine:v3.19": ["curl", "zlib"]}
        return {
            name: [record.id for record in records]
            for ecosystem, names in wanted.items()
            for name, records in snapshot.candidates(ecosystem, names).items()
        }


def test_the_same_feeds_make_the_same_bytes_in_any_order_and_form(tmp_path: Path):
    one, two = osv("X-1", "foo", FROM_0), osv("X-2", "bar", FROM_0)
    first = import_advisories([feed(tmp_path / "a", one, two)], tmp_path / "1")
    second = import_advisories(
        [feed(tmp_path / "b", two), feed(tmp_path / "c", one, name="x.json")], tmp_path / "2"
    )
    assert first.digest == second.digest
    assert first.path.read_bytes() == second.path.read_bytes()
    again = import_advisories([tmp_path / "a"], tmp_path / "1")
    assert again.path == first.path
    assert [path.name for path in (tmp_path / "1").iterdir()] == [first.path.name]


def packed(tmp_path: Path, kind: str) -> Path:
    content = json.dumps(RECORD).encode()
    path = tmp_path / f"feed.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("a/X-1.json", content)
    elif kind in {"tar", "tar.gz"}:
        with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as archive_:
            info = tarfile.TarInfo("a/X-1.json")
            info.size = len(content)
            archive_.addfile(info, io.BytesIO(content))
    elif kind == "jsonl.gz":
        path.write_bytes(gzip.compress(content + b"\n\n"))
    else:
        path.write_bytes(b"[" + content + b"]" if kind == "json" else content)
    return path


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "jsonl.gz", "jsonl", "json"])
def test_feeds_are_read_in_every_form(tmp_path: Path, kind: str):
    made = import_advisories([packed(tmp_path, kind)], tmp_path / "into")
    assert names_in(made) == {"foo": ["X-1"]}


def test_known_exploited_cves_mark_the_records_that_name_them(tmp_path: Path):
    sources = [feed(tmp_path, RECORD), feed(tmp_path, KEV, name="kev.json")]
    made = import_advisories(sources, tmp_path / "into")
    assert made.kev == 1
    with open_snapshot(tmp_path / "into") as snapshot:
        ((package, record),) = snapshot.named("CVE-2030-1234")
        assert (package.name, record.kev) == ("foo", True)
        with pytest.raises(UnknownAdvisory):
            list(snapshot.named("CVE-2030-9999"))


def test_alpine_fixes_become_records_and_version_0_becomes_none(tmp_path: Path):
    made = import_advisories([feed(tmp_path, SECDB, name="main.json")], tmp_path / "into")
    assert names_in(made) == {"curl": ["ALPINE-CVE-2030-1", "ALPINE-CVE-2030-3"]}


def test_a_secdb_without_releases_is_its_publishers(tmp_path: Path):
    packages = [{"pkg": {"name": "curl", "secfixes": {"8.5.0-r0": ["CVE-2030-1"]}}}]
    wolfi = {"reponame": "os", "urlprefix": "https://packages.wolfi.dev", "packages": packages}
    nobody = {"reponame": "os", "urlprefix": "https://example.com", "packages": packages}
    made = import_advisories([feed(tmp_path, wolfi, nobody)], tmp_path / "into")
    assert (dict(made.records), made.skipped) == ({"Wolfi": 1}, {"malformed": 1})
    with open_snapshot(made.path) as snapshot:
        ((_, record),) = snapshot.named("CVE-2030-1")
        assert record.id == "WOLFI-CVE-2030-1"


def test_withdrawn_records_never_match_not_even_as_an_older_copy(tmp_path: Path):
    newer = {"modified": "2031-01-01T00:00:00Z", "withdrawn": "2031-01-01T00:00:00Z"}
    source = feed(
        tmp_path, osv("X-1", "foo", FROM_0), {**RECORD, **newer}, osv("X-2", "foo", FROM_0)
    )
    made = import_advisories([source], tmp_path / "into")
    assert names_in(made) == {"foo": ["X-2"]}
    assert made.skipped == {"withdrawn": 1}


def test_of_one_record_in_two_feeds_the_one_modified_last_counts(tmp_path: Path):
    old = osv("X-1", "foo", FROM_0, modified="2029-01-01T00:00:00Z")
    made = import_advisories([feed(tmp_path, RECORD, old)], tmp_path / "into")
    with open_snapshot(made.path) as snapshot:
        (record,) = snapshot.candidates("PyPI", ["foo"])["foo"]
        assert record.spans[0].fixed == "2"


def test_copies_of_which_one_does_not_know_its_versions_are_unknown_together(tmp_path: Path):
    made = import_advisories([feed(tmp_path, RECORD, osv("X-1", "Foo"))], tmp_path / "into")
    with open_snapshot(made.path) as snapshot:
        (record,) = snapshot.candidates("PyPI", ["foo"])["foo"]
        assert (record.spans, record.versions) == ((), ())


def test_what_cannot_be_read_is_skipped_with_its_place_and_reason(tmp_path: Path):
    source = feed(
        tmp_path,
        RECORD,
        "{broken",
        {"id": "X-2", "affected": [{"package": {"ecosystem": "PyPI", "name": 7}}]},
        {"id": "X-3", "modified": "2030-01-01T00:00:00Z"},
        {"id": "X-4", "affected": None},
        {"something": "else"},
        '{"id": "\\ud800", "affected": []}',
        "[" * 100_000,
    )
    (tmp_path / "notes.txt").write_text("no feed")
    made = import_advisories([source, tmp_path / "notes.txt"], tmp_path / "into")
    assert made.skipped == {
        "malformed": 4,
        "a record that names no affected package": 2,
        "not an advisory format that is read": 1,
        "not a file of advisories": 1,
    }
    assert "feed.jsonl:3" in {example.where for example in made.examples}
    assert any("$.affected[0].package.name" in example.reason for example in made.examples)


def test_without_one_record_nothing_is_written(tmp_path: Path):
    with pytest.raises(NothingToImport):
        import_advisories([feed(tmp_path / "feed", KEV, name="kev.json")], tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


@pytest.mark.parametrize("name", ["a.json.gz", "a.zip", "a.tar.gz", "none"])
def test_a_feed_that_is_cut_off_or_absent_is_refused_whole(tmp_path: Path, name: str):
    good = feed(tmp_path, RECORD)
    if name != "none":
        (tmp_path / name).write_bytes(packed(tmp_path, "tar.gz").read_bytes()[:60])
    with pytest.raises(UnreadableFeed):
        import_advisories([good, tmp_path / name], tmp_path / "into")
    assert list((tmp_path / "into").iterdir()) == []


@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_a_tar_whose_header_promises_gigabytes_is_refused(tmp_path: Path, kind: bytes):
    info = tarfile.TarInfo("a")
    info.size, info.type = 4 << 30, kind
    header = info.tobuf(tarfile.USTAR_FORMAT)
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=1) as packed_:
        packed_.write(header + bytes(8 << 20))
    with pytest.raises(UnreadableFeed, match="a header of 4294967296 bytes"):
        import_advisories([tmp_path / "a.tar.gz"], tmp_path / "into")


def test_an_encrypted_zip_is_refused(tmp_path: Path):
    content = bytearray(packed(tmp_path, "zip").read_bytes())
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        content[content.index(mark) + (6 if mark[2] == 3 else 8)] |= 1
    (tmp_path / "feed.zip").write_bytes(content)
    with pytest.raises(UnreadableFeed):
        import_advisories([tmp_path / "feed.zip"], tmp_path / "into")


def test_a_place_that_cannot_be_written_is_refused(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnwritableSnapshot):
        import_advisories([feed(tmp_path, RECORD)], tmp_path / "file")


def test_a_snapshot_with_one_changed_byte_is_not_opened(tmp_path: Path):
    made = import_advisories([feed(tmp_path, RECORD)], tmp_path / "into")
    content = bytearray(made.path.read_bytes())
    content[-1] ^= 1
    made.path.chmod(0o644)
    made.path.write_bytes(content)
    with pytest.raises(SnapshotAltered):
        open_snapshot(tmp_path / "into")


def test_a_snapshot_must_be_there_be_one_and_be_alone(tmp_path: Path):
    with pytest.raises(SnapshotNotFound):
        open_snapshot(tmp_path)
    first = import_advisories([feed(tmp_path, RECORD)], tmp_path / "into")
    import_advisories([feed(tmp_path, osv("X-2", "foo", FROM_0))], tmp_path / "into")
    with pytest.raises(AmbiguousSnapshot):
        open_snapshot(tmp_path / "into")
    assert open_snapshot(first.path).digest == first.digest
    with pytest.raises(UnsupportedSnapshot):
        open_snapshot(feed(tmp_path, RECORD))


def test_the_demonstration_brings_real_records_and_a_mark(tmp_path: Path):
    made = demo_snapshot(tmp_path)
    assert set(made.records) == {"PyPI", "Debian:12"}
    with open_snapshot(tmp_path) as snapshot:
        ((_, record),) = snapshot.named("CVE-2023-4911")
        assert record.kev
