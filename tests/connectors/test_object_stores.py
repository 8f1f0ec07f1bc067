"""Our object stores hold what the kit asks of everybody's: a directory, and S3 as moto has it."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.clouds import page_after_page
from connectors.stores import Given, Line, direct, given_keys
from fixtures.objects import new_bucket
from fixtures.secret_stores import REGION, Moto
from stella.sdk import Connect, Connection, NotThere, ServiceRefused
from stella.sdk.aws import Keys
from stella.sdk.testing import (
    OBJECT_STORE_CHECKS,
    SERVICE_HTTP_CHECKS,
    ObjectStoreBench,
    ServiceHttpBench,
    SimulatedObjectStore,
)
from stella_connectors.directory import DirectoryStore, open_directory
from stella_connectors.s3 import S3Store, open_s3

stores = pytest.mark.parametrize("check", OBJECT_STORE_CHECKS, ids=lambda check: check.__name__)
by_http = pytest.mark.parametrize("check", SERVICE_HTTP_CHECKS, ids=lambda check: check.__name__)
ALLOWED = ("s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket")


@stores
def test_the_simulated_store(check: Callable[[ObjectStoreBench], None]) -> None:
    store = SimulatedObjectStore(lambda: datetime.now(UTC))
    shut = SimulatedObjectStore(lambda: datetime.now(UTC), is_shut=True)

    @contextmanager
    def outage() -> Iterator[None]:
        store.is_out = True
        yield
        store.is_out = False

    check(ObjectStoreBench(store, store, "kit", (shut,), outage))


# ---------------------------------------------------------------- a directory


def opened(path: Path) -> DirectoryStore:
    return open_directory(Connection(f"file://{path}", direct))


@stores
def test_a_directory(check: Callable[[ObjectStoreBench], None], tmp_path: Path) -> None:
    place = tmp_path / "objects"
    place.mkdir()

    @contextmanager
    def outage() -> Iterator[None]:
        place.rename(tmp_path / "away")
        yield
        (tmp_path / "away").rename(place)

    check(ObjectStoreBench(opened(place), opened(place), "kit", (), outage))
    assert not [one for one in place.rglob("*") if "," in one.name], "something half-written stays"


def test_no_link_leads_out_of_a_directory(tmp_path: Path) -> None:
    place, outside = tmp_path / "objects", tmp_path / "outside"
    (place / "a").mkdir(parents=True)
    outside.mkdir()
    (outside / "file").write_text("of another")
    (place / "a" / "folder").symlink_to(outside)
    (place / "a" / "file").symlink_to(outside / "file")
    (place / "a" / "nowhere").symlink_to(tmp_path / "nothing")
    os.mkfifo(place / "a" / "pipe")
    store = opened(place)
    for call in (
        lambda: store.put("a/folder/new", b"x"),
        lambda: store.put_new("a/folder/new", b"x"),
        lambda: store.stat("a/folder/file"),
        lambda: store.delete("a/folder/file"),
        lambda: store.get("a/file").__enter__(),
        lambda: store.get("a/folder/file").__enter__(),
    ):
        with pytest.raises((ServiceRefused, NotThere)):
            call()
    with pytest.raises(NotThere):
        store.get("a/pipe").__enter__()
    for name in ("file", "nowhere", "pipe"):
        store.delete(f"a/{name}")
    assert store.list("", "", 1000) == ()
    assert [(one.name, one.read_text()) for one in outside.iterdir()] == [("file", "of another")]
    store.put("a/file", b"ours")  # takes the link's place, not the file's to which it leads
    assert (outside / "file").read_text() == "of another"
    assert not (place / "a" / "file").is_symlink()


def test_what_lies_below_a_key_is_in_its_way(tmp_path: Path) -> None:
    store = opened(tmp_path)
    store.put("a/b", b"x")
    for call in (
        lambda: store.put("a", b"x"),
        lambda: store.put("a/b/c", b"x"),
        lambda: store.put_new("a/b/c", b"x"),
    ):
        with pytest.raises(ServiceRefused):
            call()
    assert store.put_new("a", b"x") is False
    assert [one.key for one in store.list("", "", 10)] == ["a/b"]
    assert [one.name for one in tmp_path.iterdir()] == ["a"]


# ---------------------------------------------------------------- S3


def profile(
    endpoint: str, bucket: str, given: Given, connect: Connect = direct, timeout_s: int = 5, **more
) -> Connection:
    config = {"region": REGION, "bucket": bucket, "sts_endpoint": endpoint, **more}
    return Connection(endpoint, connect, config, given.credentials(), timeout_s=timeout_s)


def s3_bench(moto: Moto, login: str, folder: str = "") -> ObjectStoreBench:
    bucket, line = new_bucket(moto), Line()
    user = moto.user(*ALLOWED) if login == "keys" else moto.user("sts:AssumeRole")
    more = {"role_arn": moto.role(*ALLOWED)} if login == "role" else {}
    if folder:
        more["folder"] = folder
    given = given_keys(moto.keys(user))
    wrong = given_keys(Keys(given.values["access_key_id"], "w" * 40))
    nobody = given_keys(moto.keys(moto.user()))

    def opened(given: Given, connect: Connect = direct, **config) -> S3Store:
        return open_s3(profile(moto.endpoint, bucket.name, given, connect, **config))

    store = opened(given, line.connect, **more)
    return ObjectStoreBench(
        store=store,
        again=opened(given, **more),
        folder=f"kit/{uuid.uuid4().hex}",
        strangers=(opened(wrong), opened(nobody)),
        outage=lambda: line.cut(store),
        secrets=given.secrets,
    )


@pytest.mark.stores
@pytest.mark.parametrize("login", ["keys", "role", "folder"])
@stores
def test_s3(check: Callable[[ObjectStoreBench], None], login: str, moto: Moto) -> None:
    check(s3_bench(moto, login if login == "role" else "keys", "a/" if login == "folder" else ""))


@pytest.mark.stores
@by_http
def test_s3_by_http(check: Callable[[ServiceHttpBench], None], moto: Moto) -> None:
    bucket = new_bucket(moto).name
    given, role = given_keys(moto.keys(moto.user("sts:AssumeRole"))), moto.role(*ALLOWED)

    def open_at(endpoint: str, connect: Connect) -> S3Store:
        at = profile(endpoint, bucket, given, connect, 1, role_arn=role)
        return open_s3(at)

    def use(store: S3Store) -> None:
        store.put("one/object", b"content")
        with store.get("one/object") as chunks:
            assert b"".join(chunks) is not None
        assert all(one.key == "one/object" for one in store.list("", "", 10))

    check(ServiceHttpBench(moto.endpoint, open_at, use, given.secrets, endless=page_after_page))
