"""Bytes by digest."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stella.blob import Blobs, BlobsUnusable, DamagedBlob, NoSuchBlob
from stella.kernel import Digest


@given(content=st.binary(max_size=2000))
def test_what_is_put_is_what_is_got(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    blobs = Blobs(tmp_path_factory.mktemp("blobs"))
    digest = blobs.put(content)
    assert digest == Digest.of(content)
    assert blobs.get(digest) == content
    assert (blobs.has(digest), blobs.size(digest)) == (True, len(content))


def test_the_same_bytes_are_kept_once_and_nothing_else_lies_about(tmp_path: Path):
    blobs = Blobs(tmp_path)
    assert blobs.put(b"a") == blobs.put(b"a")
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path.name for path in files] == [Digest.of(b"a").hex]


def test_absent_bytes_are_a_refusal(tmp_path: Path):
    blobs = Blobs(tmp_path)
    with pytest.raises(NoSuchBlob):
        blobs.get(Digest.of(b"never"))
    with pytest.raises(NoSuchBlob):
        blobs.size(Digest.of(b"never"))
    assert not blobs.has(Digest.of(b"never"))


def test_changed_bytes_are_refused_and_mended_by_putting_them_again(tmp_path: Path):
    blobs = Blobs(tmp_path)
    digest = blobs.put(b"good")
    path = next(path for path in tmp_path.rglob("*") if path.is_file())
    path.write_bytes(b"evil")
    with pytest.raises(DamagedBlob):
        blobs.get(digest)
    blobs.put(b"good")
    assert blobs.get(digest) == b"good"


def test_a_place_that_cannot_be_written_says_so(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(BlobsUnusable) as refusal:
        Blobs(tmp_path / "file").put(b"a")
    assert refusal.value.retry_may_help
