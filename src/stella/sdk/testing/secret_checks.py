"""What every secret store has to hold, whoever wrote it: run each check of the lists as a test.

All run SECRET_STORE_CHECKS; a store that makes short-lived credentials SECRET_LEASE_CHECKS as well, and
one that is spoken to by HTTP SECRET_HTTP_CHECKS.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from stella.kernel import StellaError
from stella.plugin.contract.connection import Connect
from stella.plugin.contract.secret_store import Secret, SecretStore
from stella.plugin.refusals import SecretNotFound, SecretStoreRefused, SecretStoreUnreachable
from stella.sdk.testing.telling import untold


@dataclass(frozen=True, slots=True)
class SecretStoreBench:
    """A secret store that the kit may fill, and what a connector opened with a login of its own.

    store: reads below ``folder``, where nothing lies yet. put: as its owner, (path, text or fields) ->
    what is added to the path to name this very version (``?version=1``); empty where none is kept.
    forbidden: a secret that is there, which the login may not read. stranger: opened with a login
    that does not count. outage: while it is held, the store cannot be reached. new_login: gives
    ``store`` another login and ends the one before. secrets: what is secret of the logins, now.
    """

    store: SecretStore
    folder: str
    put: Callable[[str, str | Mapping[str, str]], str]
    forbidden: tuple[SecretStore, str]
    stranger: SecretStore
    outage: Callable[[], AbstractContextManager[None]]
    new_login: Callable[[], None]
    secrets: Callable[[], tuple[str, ...]]


VALUES = {
    "plain": "correct horse battery staple",
    "quoted": "\"'\\{}$%&<>#?/ ",
    "lines": "-----BEGIN KEY-----\nline one\r\nline two\n",
    "letters": "Zo\u00eb \u20ac \U0001f511 \u0000",
    "json": '{"password": "inner"}',
    "long": "0123456789abcdef" * 2048,
}


def what_was_put_is_read(bench: SecretStoreBench) -> None:
    """A text as it is, each field by its key, and without a key all of them as a JSON object."""
    bench.put(f"{bench.folder}/text", "only a text")
    assert bench.store.read(f"{bench.folder}/text", None).value == "only a text"
    bench.put(f"{bench.folder}/fields", VALUES)
    for key, value in VALUES.items():
        assert bench.store.read(f"{bench.folder}/fields", key).value == value, key
    assert json.loads(bench.store.read(f"{bench.folder}/fields", None).value) == VALUES


def an_older_version_is_read_by_its_name(bench: SecretStoreBench) -> None:
    """And the newest without; a version that is not there is not found."""
    path = f"{bench.folder}/versions"
    first = bench.put(path, {"password": "the first one"})
    second = bench.put(path, {"password": "the second one"})
    newest = bench.store.read(path, "password")
    assert newest.value == "the second one"
    if not first:
        assert newest.version == "", "a version that nobody can ask for"
        _refusal(bench, f"{path}?version=1", "password", SecretNotFound)
        return
    assert first != second
    assert newest.version
    assert bench.store.read(f"{path}{second}", "password") == newest
    older = bench.store.read(f"{path}{first}", "password")
    assert older.value == "the first one"
    assert older.version not in {"", newest.version}
    _refusal(bench, f"{path}?version=99999999", "password", SecretNotFound)


def what_is_not_there_is_not_found(bench: SecretStoreBench) -> None:
    """No such secret, no such field, and what is no path at all."""
    bench.put(f"{bench.folder}/fields", {"one": "of two", "two": "of two"})
    _refusal(bench, f"{bench.folder}/nothing", "one", SecretNotFound)
    _refusal(bench, f"{bench.folder}/nothing", None, SecretNotFound)
    _refusal(bench, f"{bench.folder}/fields", "three", SecretNotFound)
    for path in (
        "",
        "?",
        f"{bench.folder}/fields?version=",
        f"{bench.folder}/fields?x=1",
        "a b\n/c",
    ):
        _refusal(bench, path, None, SecretNotFound)


def what_is_not_allowed_is_refused(bench: SecretStoreBench) -> None:
    """A secret that is another's is refused, never told to be missing."""
    store, path = bench.forbidden
    refusal = _refused(lambda: store.read(path, None))
    assert isinstance(refusal, SecretStoreRefused), refusal


def a_login_that_does_not_count_is_refused(bench: SecretStoreBench) -> None:
    """At every call."""
    for call in (
        bench.stranger.check,
        lambda: bench.stranger.read(f"{bench.folder}/nothing", None),
    ):
        refusal = _refused(call)
        assert isinstance(refusal, SecretStoreRefused), refusal
        untold(refusal, bench.secrets())


def a_new_value_is_read_at_once(bench: SecretStoreBench) -> None:
    """Nothing is remembered of the one before."""
    for value in ("before", "after", "after that"):
        bench.put(f"{bench.folder}/turned", {"password": value})
        assert bench.store.read(f"{bench.folder}/turned", "password").value == value


def a_new_login_is_taken_up(bench: SecretStoreBench) -> None:
    """The one before ends while the store is in use; the caller notices nothing."""
    bench.put(f"{bench.folder}/one", {"password": "behind a login"})
    for _ in range(2):
        assert bench.store.read(f"{bench.folder}/one", "password").value == "behind a login"
        bench.new_login()
    assert bench.store.read(f"{bench.folder}/one", "password").value == "behind a login"
    bench.new_login()
    assert bench.store.check()


def an_outage_is_unreachable_while_it_lasts(bench: SecretStoreBench) -> None:
    """It is said that another try may help, and it does."""
    bench.put(f"{bench.folder}/one", {"password": "there again"})
    with bench.outage():
        for call in (
            bench.store.check,
            lambda: bench.store.read(f"{bench.folder}/one", "password"),
        ):
            refusal = _refused(call)
            assert isinstance(refusal, SecretStoreUnreachable), refusal
            assert refusal.retry_may_help
    assert bench.store.read(f"{bench.folder}/one", "password").value == "there again"


def check_tells_who_we_are_and_nothing_secret(bench: SecretStoreBench) -> None:
    """One printable line."""
    told = bench.store.check()
    assert told
    assert told.isprintable()
    for secret in bench.secrets():
        assert secret not in told


def nothing_secret_is_told(bench: SecretStoreBench) -> None:
    """Not by a refusal, by what hangs on it, by a secret's own text or by the store's."""
    value = "3f786850e387550fdab836ed7e6dc881de23001b"
    path = f"{bench.folder}/untold"
    bench.put(path, {"password": value, "user": value[::-1]})
    secret = bench.store.read(path, "password")
    assert secret.value == value
    secrets = (value, value[::-1], *bench.secrets())
    for wanted, key in (
        (path, "other"),
        (f"{path}?version=99999999", "password"),
        (f"{path}/x", None),
    ):
        untold(_refused(partial(bench.store.read, wanted, key)), secrets)
    with bench.outage():
        untold(_refused(lambda: bench.store.read(path, "password")), secrets)
    for text in (repr(secret), str(secret), repr(bench.store)):
        assert not any(one in text for one in secrets)


SECRET_STORE_CHECKS: tuple[Callable[[SecretStoreBench], None], ...] = (
    what_was_put_is_read,
    an_older_version_is_read_by_its_name,
    what_is_not_there_is_not_found,
    what_is_not_allowed_is_refused,
    a_login_that_does_not_count_is_refused,
    a_new_value_is_read_at_once,
    a_new_login_is_taken_up,
    an_outage_is_unreachable_while_it_lasts,
    check_tells_who_we_are_and_nothing_secret,
    nothing_secret_is_told,
)


# ---------------------------------------------------------------- short-lived credentials


@dataclass(frozen=True, slots=True)
class SecretLeaseBench:
    """A store that makes credentials when they are read.

    path: where it does. counts: whether what was read under this lease still lets anybody in.
    now: the clock that leases are measured by.
    """

    store: SecretStore
    path: str
    counts: Callable[[Secret], bool]
    now: Callable[[], datetime]


def each_read_makes_its_own(bench: SecretLeaseBench) -> None:
    """With a lease and an end; all fields belong together."""
    begun = bench.now()
    first, second = (bench.store.read(bench.path, None) for _ in range(2))
    assert first.value != second.value
    assert first.lease
    assert second.lease not in {None, first.lease}
    for one in (first, second):
        assert one.expires_at is not None
        assert one.expires_at > begun
        assert {"username", "password"} <= json.loads(one.value).keys()
        assert bench.counts(one)


def what_is_revoked_has_ended(bench: SecretLeaseBench) -> None:
    """It alone, at once; to revoke it again is no refusal."""
    one, other = (bench.store.read(bench.path, None) for _ in range(2))
    assert one.lease
    bench.store.revoke(one.lease)
    assert not bench.counts(one)
    assert bench.counts(other)
    bench.store.revoke(one.lease)


def one_read_tells_every_field(bench: SecretLeaseBench) -> None:
    """Reading another one would make another secret: user and password would not belong together."""
    one = bench.store.read(bench.path, "username")
    assert one.lease
    assert one.fields["username"] == one.value
    assert one.fields["password"]
    whole = json.loads(bench.store.read(bench.path, None).value)
    assert one.fields.keys() == whole.keys()
    assert one.fields["password"] not in repr(one)


def a_field_that_is_not_made_is_not_found(bench: SecretLeaseBench) -> None:
    """As with any other secret."""
    refusal = _refused(lambda: bench.store.read(bench.path, "no such field"))
    assert isinstance(refusal, SecretNotFound), refusal


SECRET_LEASE_CHECKS: tuple[Callable[[SecretLeaseBench], None], ...] = (
    each_read_makes_its_own,
    what_is_revoked_has_ended,
    one_read_tells_every_field,
    a_field_that_is_not_made_is_not_found,
)


# ---------------------------------------------------------------- by HTTP


@dataclass(frozen=True, slots=True)
class SecretHttpBench:
    """A store that is spoken to by HTTP.

    endpoint: of the real one. open_at: (endpoint, connect) -> the store opened there, with a login
    that counts and ``timeout_s`` of 1. path, key, value: a secret that lies there. secrets: what is
    secret of the login.
    """

    endpoint: str
    open_at: Callable[[str, Connect], SecretStore]
    path: str
    key: str
    value: str
    secrets: Callable[[], tuple[str, ...]]


def _refusal(bench: SecretStoreBench, path: str, key: str | None, kind: type[StellaError]) -> None:
    refusal = _refused(lambda: bench.store.read(path, key))
    assert isinstance(refusal, kind), (path, refusal)
    untold(refusal, bench.secrets())


def _refused(call: Callable[[], object]) -> StellaError:
    try:
        call()
    except (SecretStoreUnreachable, SecretStoreRefused, SecretNotFound) as refusal:
        return refusal
    raise AssertionError("it was not refused")
