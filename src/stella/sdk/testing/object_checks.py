"""What every object store has to hold, whoever wrote it: run each check of the list as a test.

One that is spoken to by HTTP runs SERVICE_HTTP_CHECKS as well.
"""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from stella.kernel import StellaError
from stella.plugin.contract.object_store import ObjectStore
from stella.plugin.refusals import NotThere, ServiceRefused, ServiceUnreachable
from stella.sdk.testing.telling import untold

_CLOCKS_DIFFER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class ObjectStoreBench:
    """A store that is empty, or holds what another test left below other folders.

    store: the store. again: the same place, opened a second time. folder: below which the kit writes,
    without a slash at its end; nothing lies there yet. strangers: opened so that they are let in to
    nothing. outage: while it is held, ``store`` cannot be reached. secrets: what lets in.
    """

    store: ObjectStore
    again: ObjectStore
    folder: str
    strangers: tuple[ObjectStore, ...]
    outage: Callable[[], AbstractContextManager[None]]
    secrets: Callable[[], tuple[str, ...]] = tuple


CONTENTS = {
    "nothing": b"",
    "one": b"\x00",
    "every-byte": bytes(range(256)),
    "lines": b"a\r\nb\n\r\r\n",
    "large": bytes(range(256)) * 20_000,
}
BAD_KEYS = (
    *("", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "a/../../b"),
    *(
        "a b",
        "a\nb",
        "a\x00b",
        "a\\b",
        "a%2fb",
        "a?b",
        "a#b",
        "\u00e9",
        "a" * 513,
        "a/" * 256 + "a",
    ),
)


def what_was_put_is_got(bench: ObjectStoreBench) -> None:
    """Byte for byte, of every length, also where it replaces another."""
    for name, content in CONTENTS.items():
        key = f"{bench.folder}/deep/er/{name}.x"
        bench.store.put(key, b"before")
        bench.store.put(key, content)
        assert _got(bench.store, key) == content, name
        assert _got(bench.again, key) == content, name


def put_new_leaves_what_is_there(bench: ObjectStoreBench) -> None:
    """True once; where the object is removed, once more."""
    key = f"{bench.folder}/new"
    assert bench.store.put_new(key, b"first") is True
    assert bench.store.put_new(key, b"second") is False
    assert bench.again.put_new(key, b"third") is False
    assert _got(bench.store, key) == b"first"
    bench.store.delete(key)
    assert bench.store.put_new(key, b"fourth") is True
    assert _got(bench.store, key) == b"fourth"


def of_many_at_once_one_is_first(bench: ObjectStoreBench) -> None:
    """What lies there then is whole, and that one's."""
    for turn in range(3):
        key = f"{bench.folder}/race-{turn}"
        contents = [bytes([number]) * 50_000 for number in range(8)]
        stores = (bench.store, bench.again)
        with ThreadPoolExecutor(8) as pool:
            calls = [
                pool.submit(stores[number % 2].put_new, key, content)
                for number, content in enumerate(contents)
            ]
            said = [call.result() for call in calls]
        assert said.count(True) == 1, said
        assert _got(bench.store, key) == contents[said.index(True)]


def a_reader_sees_one_or_the_other(bench: ObjectStoreBench) -> None:
    """While an object is replaced again and again, never a part of it, and never nothing."""
    key, contents = f"{bench.folder}/replaced", (b"a" * 200_000, b"b" * 300_000)
    bench.store.put(key, contents[0])

    def replace() -> None:
        for turn in range(10):
            bench.again.put(key, contents[turn % 2])

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(replace)
        while not writing.done():
            assert _got(bench.store, key) in contents
        writing.result()


def what_is_not_there_is_not_there(bench: ObjectStoreBench) -> None:
    """No refusal where it is looked for or removed; one where it is asked for."""
    key = f"{bench.folder}/nothing"
    for absent in (key, f"{key}/below", f"{bench.folder}"):
        assert bench.store.stat(absent) is None
        bench.store.delete(absent)
        assert isinstance(_refused(partial(_got, bench.store, absent)), NotThere)
    bench.store.put(key, b"there")
    for _ in range(2):
        bench.store.delete(key)
        assert bench.store.stat(key) is None
    assert isinstance(_refused(partial(_got, bench.store, key)), NotThere)


def its_size_and_its_time_are_told(bench: ObjectStoreBench) -> None:
    """By ``stat`` and by ``list`` alike; the time to a second, with its zone."""
    key = f"{bench.folder}/told"
    for content in (b"", b"seven..", b"x" * 70_000):
        bench.store.put(key, content)
        found = bench.store.stat(key)
        assert found is not None
        assert (found.key, found.size) == (key, len(content))
        assert abs(found.modified_at - datetime.now(UTC)) < _CLOCKS_DIFFER
        (listed,) = bench.store.list(key, "", 10)
        assert (listed.key, listed.size) == (key, len(content))
        assert abs(listed.modified_at - found.modified_at) < timedelta(seconds=2)


def a_list_is_in_the_order_of_its_keys(bench: ObjectStoreBench) -> None:
    """Of bytes, whatever folders they lie in; by ``after`` and ``limit`` page by page."""
    names = ["b", "a/b/c", "a.b", "a-b", "a/b", "B", "a/a", "_", "10", "9", "c/d/e", "c/d.e"]
    names = [name for name in names if not any(one.startswith(f"{name}/") for one in names)]
    for name in names:
        bench.store.put(f"{bench.folder}/order/{name}", name.encode())
    keys = sorted(f"{bench.folder}/order/{name}" for name in names)
    start = f"{bench.folder}/order/"
    assert [one.key for one in bench.store.list(start, "", 1000)] == keys
    for size in (1, 2, 5, len(keys)):
        assert list(_pages(bench.again, start, size)) == keys
    for key in keys:
        after = [one.key for one in bench.store.list(start, key, 1000)]
        assert after == [one for one in keys if one > key]
    assert bench.store.list(start, keys[-1], 1000) == ()


def a_prefix_is_the_beginning_of_a_key(bench: ObjectStoreBench) -> None:
    """Also in the middle of a part; what is not there lists nothing."""
    for name in ("shop/api.json", "shop/app.json", "shop-old/app.json", "shop/a/p"):
        bench.store.put(f"{bench.folder}/prefix/{name}", b"x")
    for prefix, wanted in (
        ("sh", ["shop-old/app.json", "shop/a/p", "shop/api.json", "shop/app.json"]),
        ("shop/", ["shop/a/p", "shop/api.json", "shop/app.json"]),
        ("shop/ap", ["shop/api.json", "shop/app.json"]),
        ("shop/api.json", ["shop/api.json"]),
        ("shop/api.json/", []),
        ("nothing/", []),
    ):
        start = f"{bench.folder}/prefix/"
        found = [one.key.removeprefix(start) for one in bench.store.list(start + prefix, "", 1000)]
        assert found == wanted, prefix
    assert all(one.key.startswith(bench.folder) for one in bench.store.list(bench.folder, "", 1000))


def what_is_no_key_is_refused(bench: ObjectStoreBench) -> None:
    """By every call, before anything is done."""
    before = bench.store.list(bench.folder, "", 1000)
    for key in BAD_KEYS:
        for call in (
            partial(bench.store.put, key, b"x"),
            partial(bench.store.put_new, key, b"x"),
            partial(_got, bench.store, key),
            partial(bench.store.stat, key),
            partial(bench.store.delete, key),
        ):
            refusal = _refused(call)
            assert isinstance(refusal, ServiceRefused), (key, refusal)
    for prefix, after, limit in (("../", "", 1), ("/", "", 1), ("", "a\nb", 1), ("a b", "", 1)):
        assert isinstance(_refused(partial(bench.store.list, prefix, after, limit)), ServiceRefused)
    for limit in (-1, 0, 1001):
        assert isinstance(_refused(partial(bench.store.list, "", "", limit)), ServiceRefused)
    assert bench.store.list(bench.folder, "", 1000) == before


def a_download_may_be_left_early(bench: ObjectStoreBench) -> None:
    """And the store is as good as before; several may be read at once."""
    key, content = f"{bench.folder}/left", CONTENTS["large"]
    bench.store.put(key, content)
    for _ in range(3):
        with bench.store.get(key) as chunks:
            assert content.startswith(next(chunks))
    with bench.store.get(key) as one, bench.store.get(key) as other:
        assert next(one) + b"".join(one) == b"".join(other) == content


def a_stranger_is_refused(bench: ObjectStoreBench) -> None:
    """At every call, whether the object is there."""
    key = f"{bench.folder}/strange"
    bench.store.put(key, b"of ours")
    for stranger in bench.strangers:
        for call in (
            stranger.check,
            partial(stranger.put, key, b"theirs"),
            partial(stranger.put_new, f"{key}-new", b"theirs"),
            partial(_got, stranger, key),
            partial(stranger.stat, key),
            partial(stranger.list, "", "", 1),
            partial(stranger.delete, key),
        ):
            refusal = _refused(call)
            assert isinstance(refusal, ServiceRefused), refusal
            untold(refusal, bench.secrets())
    assert _got(bench.store, key) == b"of ours"


def an_outage_is_unreachable_while_it_lasts(bench: ObjectStoreBench) -> None:
    """It is said that another try may help, and it does; nothing that was refused is there."""
    key = f"{bench.folder}/outage"
    bench.store.put(key, b"there again")
    with bench.outage():
        for call in (
            bench.store.check,
            partial(bench.store.put, f"{key}-new", b"x"),
            partial(bench.store.put_new, f"{key}-new", b"x"),
            partial(_got, bench.store, key),
            partial(bench.store.stat, key),
            partial(bench.store.list, "", "", 1),
            partial(bench.store.delete, key),
        ):
            refusal = _refused(call)
            assert isinstance(refusal, ServiceUnreachable), refusal
            assert refusal.retry_may_help
            untold(refusal, bench.secrets())
    assert _got(bench.store, key) == b"there again"
    assert bench.store.stat(f"{key}-new") is None


def check_tells_who_we_are_and_nothing_secret(bench: ObjectStoreBench) -> None:
    """One printable line; nothing is written for it."""
    before = bench.store.list("", "", 1000)
    told = bench.store.check()
    assert told
    assert told.isprintable()
    assert not any(secret in told for secret in bench.secrets())
    assert bench.store.list("", "", 1000) == before


OBJECT_STORE_CHECKS: tuple[Callable[[ObjectStoreBench], None], ...] = (
    what_was_put_is_got,
    put_new_leaves_what_is_there,
    of_many_at_once_one_is_first,
    a_reader_sees_one_or_the_other,
    what_is_not_there_is_not_there,
    its_size_and_its_time_are_told,
    a_list_is_in_the_order_of_its_keys,
    a_prefix_is_the_beginning_of_a_key,
    what_is_no_key_is_refused,
    a_download_may_be_left_early,
    a_stranger_is_refused,
    an_outage_is_unreachable_while_it_lasts,
    check_tells_who_we_are_and_nothing_secret,
)


def _got(store: ObjectStore, key: str) -> bytes:
    with store.get(key) as chunks:
        return b"".join(chunks)


def _pages(store: ObjectStore, prefix: str, size: int) -> Iterator[str]:
    after = ""
    while page := store.list(prefix, after, size):
        assert len(page) <= size
        yield from (one.key for one in page)
        after = page[-1].key


def _refused(call: Callable[[], object]) -> StellaError:
    try:
        call()
    except (ServiceUnreachable, ServiceRefused, NotThere) as refusal:
        return refusal
    raise AssertionError("it was not refused")
