"""The kit finds what it is there for: each wrong store fails the check that is about its fault."""

import json
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from connectors.stores import simulated_bench, simulated_lease_bench
from stella.kernel import Remedy
from stella.plugin.contract.secret_store import Secret
from stella.plugin.refusals import SecretNotFound, SecretStoreRefused, SecretStoreUnreachable
from stella.sdk.testing import SECRET_HTTP_CHECKS, SecretHttpBench
from stella.sdk.testing import secret_checks as kit
from stella.sdk.testing.between import Fault, answered, standing_between


class Wrapped:
    """A store that does as another one does."""

    def __init__(self, store):
        self.store = store

    def read(self, path, key):
        return self.store.read(path, key)

    def revoke(self, lease):
        self.store.revoke(lease)

    def check(self):
        return self.store.check()


class Remembering(Wrapped):
    def __init__(self, store):
        super().__init__(store)
        self.known = {}

    def read(self, path, key):
        return self.known.setdefault((path, key), self.store.read(path, key))


class Versionless(Wrapped):
    def read(self, path, key):
        return self.store.read(path.partition("?")[0], key)


class Quoting(Wrapped):
    """Tells in its message what it found instead."""

    def read(self, path, key):
        try:
            return self.store.read(path, key)
        except SecretNotFound as refusal:
            found = self.store.read(path.partition("?")[0].removesuffix("/x"), None).value
            raise SecretNotFound(f"only {found}", remedy=refusal.remedy) from None


class Chaining(Wrapped):
    """Tells it by the error that the refusal was made of."""

    def read(self, path, key):
        try:
            return self.store.read(path, key)
        except SecretNotFound as refusal:
            found = self.store.read(path.partition("?")[0].removesuffix("/x"), None).value
            try:
                {}[found]
            except KeyError:
                raise SecretNotFound("not there", remedy=refusal.remedy) from None


class Hushing(Wrapped):
    """Says of what is another's that it is missing."""

    def read(self, path, key):
        try:
            return self.store.read(path, key)
        except SecretStoreRefused as refusal:
            raise SecretNotFound("not there", remedy=refusal.remedy) from None


class Raw(Wrapped):
    """Lets through what it met."""

    def read(self, path, key):
        try:
            return self.store.read(path, key)
        except SecretStoreUnreachable:
            raise ConnectionRefusedError from None


WRONG = [
    (Remembering, kit.a_new_value_is_read_at_once),
    (Versionless, kit.an_older_version_is_read_by_its_name),
    (Quoting, kit.nothing_secret_is_told),
    (Chaining, kit.nothing_secret_is_told),
    (Hushing, kit.what_is_not_allowed_is_refused),
    (Raw, kit.an_outage_is_unreachable_while_it_lasts),
]


@pytest.mark.parametrize(("wrong", "check"), WRONG, ids=[one[0].__name__ for one in WRONG])
def test_a_wrong_store_fails(wrong, check: Callable[[kit.SecretStoreBench], None]):
    bench = simulated_bench()
    store = wrong(bench.store)
    with pytest.raises((AssertionError, OSError)):
        check(replace(bench, store=store, forbidden=(store, bench.forbidden[1])))


class Undying(Wrapped):
    def revoke(self, lease):
        pass


class OneForAll(Remembering):
    pass


@pytest.mark.parametrize(
    ("wrong", "check"),
    [(Undying, kit.what_is_revoked_has_ended), (OneForAll, kit.each_read_makes_its_own)],
)
def test_a_store_with_wrong_leases_fails(wrong, check):
    bench = simulated_lease_bench()
    with pytest.raises(AssertionError):
        check(replace(bench, store=wrong(bench.store)))


TOKEN = "s.naive-token-0123456789"


class Naive:
    """What one writes at first: a library's client, and everything in the message."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def read(self, path, key):
        headers = {"Authorization": f"Bearer {TOKEN}"}
        request = urllib.request.Request(f"{self.endpoint}/{path}", headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=1) as answer:
                return Secret(json.loads(answer.read())["data"][key])
        except urllib.error.URLError as error:
            raise SecretStoreUnreachable(f"{error} {headers}", remedy=Remedy("Try.")) from error

    def revoke(self, lease):
        pass

    def check(self):
        return "naive"


class Following(Naive):
    """Tells nothing, and goes wherever it is led."""

    def read(self, path, key):
        with suppress(Exception):
            return super().read(path, key)
        raise SecretStoreUnreachable("no", remedy=Remedy("Try again."))


def naive_bench(endpoint: str, kind: type[Naive]) -> SecretHttpBench:
    return SecretHttpBench(
        endpoint=endpoint,
        open_at=lambda place, _: kind(place),
        path="one",
        key="password",
        value="a right value",
        secrets=lambda: (TOKEN,),
    )


BY_NAME = {check.__name__: check for check in SECRET_HTTP_CHECKS}
RIGHT = Fault("right", answered(200, b'{"data":{"password":"a right value"}}'))


def test_a_client_that_takes_its_token_along_fails():
    with (
        standing_between(None, RIGHT) as store,
        pytest.raises(AssertionError, match="/v1/elsewhere"),
    ):
        BY_NAME["no_credential_follows_to_another_host"](naive_bench(store.endpoint, Following))


@pytest.mark.parametrize(
    "check",
    sorted(
        BY_NAME.keys() - {"an_answer_without_end_is_given_up", "a_list_without_end_is_given_up"}
    ),
)
def test_a_naive_client_fails_every_check_of_http(check):
    with standing_between(None, RIGHT) as store, pytest.raises(AssertionError):
        BY_NAME[check](naive_bench(store.endpoint, Naive))
