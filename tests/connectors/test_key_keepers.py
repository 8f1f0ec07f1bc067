"""The keys of the built-in store, kept elsewhere: in a variable, in the transit engine of a real OpenBao."""

import os
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from connectors.stores import Given, our_plugins, vault_profile
from fixtures.secret_stores import OpenBao
from stella.api.services import Services
from stella.app.doctoring.services import keeper_keeps_keys, secret_keys_are_there
from stella.app.errors import MalformedSetting
from stella.app.settings import Settings
from stella.hub.apply import apply_integration
from stella.hub.errors import KeeperUnusable
from stella.hub.secrets import (
    opened_secret,
    put_rewrapped,
    rewrapped,
    sealed_value,
    store_secret,
)
from stella.hub.store import envelopes, sealed_secret
from stella.kernel import Outcome
from stella.plugin.contract.core import Kind
from stella.plugin.refusals import SecretNotFound, SecretStoreRefused, SecretStoreUnreachable
from stella.sdk.testing.between import Fault, answered, standing_between
from stella.sdk.testing.telling import untold
from stella.trust.envelope import wrapped_under
from stella.trust.errors import BrokenEnvelope
from stella_connectors.vault import open_vault

VALUE = "hunter2-of-the-keepers"


class Store:
    """The built-in store of one server, whose settings are what a test makes of them."""

    def __init__(self, services: Services, keepers: tuple[str, ...]) -> None:
        self.services, self._keepers = services, keepers

    def put(self, name: str, value: str = VALUE) -> None:
        envelope = sealed_value(self.services.outside.keys(), name, value, os.urandom)
        with self.services.database.transaction(actor="test") as tx:
            store_secret(tx, name, envelope)

    def read(self, name: str) -> str:
        with self.services.database.read() as tx:
            version, envelope = sealed_secret(tx, name)
        keys = self.services.outside.keys()
        return opened_secret(keys, name, version, envelope).value

    def key(self, name: str) -> str:
        with self.services.database.read() as tx:
            return wrapped_under(sealed_secret(tx, name)[1])

    def rewrap(self, *, renew: bool = False) -> int:
        before = self.services.outside.keys().active
        keys = self.services.outside.renew_key() if renew else self.services.outside.keys()
        with self.services.database.read() as tx:
            held = envelopes(tx)
        value = rewrapped(keys, held, os.urandom)
        with self.services.database.transaction(actor="test") as tx:
            return put_rewrapped(tx, value, before)

    def doctor(self) -> list[tuple[Outcome, str]]:
        seen = keeper_keeps_keys(self.services, self._keepers)
        return [(one.outcome, one.fix) for one in [*seen, *secret_keys_are_there(self.services)]]


Open = Callable[..., Store]


@pytest.fixture
def begin(make_services: Callable[..., Services]) -> Open:
    """A server on the same data each time; keepers as its settings name them."""

    def made(*keepers: str) -> Store:
        return Store(make_services(secret_keepers=keepers), keepers)

    return made


WELL = (Outcome.PASS, "")


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    "keepers",
    [
        (),
        ("file:", "file:"),
        ("file:/etc",),
        ("env:",),
        ("env:no-name",),
        ("env:STELLA_SECRET_KEYS",),  # which any integration may read
        ("vault-transit://main",),
        ("vault-transit://main/transit",),
        ("vault-transit://main/../sys/x",),
        ("vault-transit:main/transit/stella",),
        ("aws-kms://main/key",),
    ],
)
def test_what_names_no_keeper_is_refused(keepers: tuple[str, ...]) -> None:
    with pytest.raises(MalformedSetting):
        Settings(secret_keepers=keepers)


# ---------------------------------------------------------------- variables


def test_secrets_go_from_files_under_a_variable_and_stay_readable(
    begin: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = begin("file:")
    files.put("password")
    assert files.doctor() == [WELL, WELL]

    one, two = uuid.uuid4().hex * 2, uuid.uuid4().hex * 2
    monkeypatch.setenv("OUR_KEYS", one)
    both = begin("env:OUR_KEYS", "file:")
    assert both.read("password") == VALUE
    both.put("later")
    assert both.doctor()[0] == (Outcome.BLOCKED, "stella secret rewrap")
    assert both.rewrap() == 2
    assert both.doctor() == [WELL, WELL]

    alone = begin("env:OUR_KEYS")
    assert (alone.read("password"), alone.read("later")) == (VALUE, VALUE)
    with pytest.raises(KeeperUnusable, match="does not change its own variables"):
        alone.rewrap(renew=True)
    monkeypatch.setenv("OUR_KEYS", f"{one}, {two}")
    before = alone.key("password")
    assert alone.read("password") == VALUE
    alone.rewrap()
    assert alone.key("password") != before
    monkeypatch.setenv("OUR_KEYS", two)
    assert alone.read("password") == VALUE

    monkeypatch.setenv("OUR_KEYS", one)
    with pytest.raises(BrokenEnvelope):
        alone.read("password")
    assert [outcome for outcome, _ in alone.doctor()] == [
        Outcome.BLOCKED,  # they lie with nobody
        Outcome.BLOCKED,
        Outcome.BLOCKED,
    ]


@pytest.mark.parametrize("held", [None, "", "abcd", "zz" * 32, "ab" * 32 + ","])
def test_a_variable_without_keys_is_said_and_never_repeated(
    begin: Open, monkeypatch: pytest.MonkeyPatch, held: str | None
) -> None:
    if held is None:
        monkeypatch.delenv("OUR_KEYS", raising=False)
    else:
        monkeypatch.setenv("OUR_KEYS", held)
    store = begin("env:OUR_KEYS")
    with pytest.raises(KeeperUnusable) as refusal:
        store.put("password")
    assert not held or held not in str(refusal.value)
    ((outcome, fix),) = [
        (one.outcome, one.fix) for one in keeper_keeps_keys(store.services, ["env:OUR_KEYS"])
    ]
    assert outcome is Outcome.BLOCKED
    assert "openssl rand -hex 32" in str(fix)


# ---------------------------------------------------------------- transit


@pytest.fixture
def transit(openbao: OpenBao) -> str:
    """A mount of the transit engine with the key ``stella``."""
    mount = f"t-{uuid.uuid4().hex}"
    openbao.call("POST", f"sys/mounts/{mount}", {"type": "transit"})
    openbao.call("POST", f"{mount}/keys/stella", {})
    return mount


def narrow(mount: str) -> dict[str, list[str]]:
    """What the guide says is enough."""
    return {
        f"{mount}/keys/stella": ["read"],
        f"{mount}/encrypt/stella": ["update"],
        f"{mount}/decrypt/stella": ["update"],
        f"{mount}/keys/stella/rotate": ["update"],
    }


def apply(store: Store, name: str, endpoint: str, **spec: Any) -> None:
    kinds = our_plugins().contributions(Kind.SECRET_STORE)
    whole = {"kind": "secret_store", "connector": "vault", "endpoint": endpoint, **spec}
    with store.services.database.transaction(actor="test") as tx:
        apply_integration(tx, name, whole, {(one.kind, one.name): one for one in kinds})


@pytest.fixture
def bao(
    begin: Open,
    openbao: OpenBao,
    transit: str,
    monkeypatch: pytest.MonkeyPatch,
) -> str:
    """The URI of a keeper at an integration that may do what the guide says; its secret id is in a
    variable.
    """
    role, role_id = openbao.role(openbao.policy(narrow(transit)))
    monkeypatch.setenv("STELLA_SECRET_BAO", openbao.secret_id(role))
    apply(
        begin("file:"),
        "main",
        openbao.endpoint,
        config={"auth": "approle", "role_id": role_id},
        credentials={"secret_id": "env://STELLA_SECRET_BAO"},
    )
    return f"vault-transit://main/{transit}/stella"


@pytest.mark.stores
def test_secrets_go_to_a_real_transit_engine_and_back_and_stay_readable(
    begin: Open, bao: str, openbao: OpenBao, transit: str
) -> None:
    files = begin("file:")
    files.put("password")
    # A server that is not yet told of the new keeper's place in front reads what both store.
    early, late = begin("file:", bao), begin(bao, "file:")
    late.put("later")
    assert late.key("later") == f"{bao}#1"
    assert (early.read("later"), late.read("password")) == (VALUE, VALUE)
    assert late.doctor()[0] == (Outcome.BLOCKED, "stella secret rewrap")
    assert late.rewrap() == 2
    assert late.doctor() == [WELL, WELL]

    alone = begin(bao)
    assert alone.read("password") == VALUE
    assert alone.rewrap(renew=True) == 2
    assert alone.key("password") == f"{bao}#2"
    # A key that the other side renews by itself is followed by the next secret.
    openbao.call("POST", f"{transit}/keys/stella/rotate", {})
    alone.put("third")
    assert (alone.key("third"), alone.key("later")) == (f"{bao}#3", f"{bao}#2")
    assert alone.rewrap() == 3
    openbao.call("POST", f"{transit}/keys/stella/config", {"min_decryption_version": 3})
    assert {alone.read(name) for name in ("password", "later", "third")} == {VALUE}
    assert alone.doctor() == [WELL, WELL]

    assert begin("file:", bao).rewrap() == 3
    assert begin("file:").read("password") == VALUE


@pytest.mark.stores
def test_a_version_that_was_ended_there_is_named_by_the_doctor(
    begin: Open, bao: str, openbao: OpenBao, transit: str
) -> None:
    store = begin(bao)
    store.put("password")
    openbao.call("POST", f"{transit}/keys/stella/rotate", {})
    openbao.call("POST", f"{transit}/keys/stella/config", {"min_decryption_version": 2})
    with pytest.raises(BrokenEnvelope, match="its version was ended"):
        store.read("password")
    assert store.doctor() == [WELL, (Outcome.BLOCKED, "stella secret set password")]


@pytest.mark.stores
def test_an_envelope_of_another_secret_is_not_opened_there(begin: Open, bao: str) -> None:
    store = begin(bao)
    store.put("one")
    store.put("two", "another")
    with store.services.database.read() as tx:
        version, envelope = sealed_secret(tx, "two")
    with pytest.raises(BrokenEnvelope):
        opened_secret(store.services.outside.keys(), "one", version, envelope)


@pytest.mark.stores
def test_a_keeper_that_rests_on_the_store_itself_is_refused(
    begin: Open, openbao: OpenBao, transit: str
) -> None:
    files = begin("file:")
    files.put("token", openbao.root)
    apply(files, "main", openbao.endpoint, credentials={"token": "secret://token"})
    apply(files, "other", openbao.endpoint, credentials={"token": "vault://main/kv/bao#token"})
    for name in ("main", "other", "nobody"):
        store = begin(f"vault-transit://{name}/{transit}/stella", "file:")
        with pytest.raises(KeeperUnusable):
            store.put("password")
        assert store.doctor()[0][0] is Outcome.BLOCKED


# ---------------------------------------------------------------- the connector


def opened(openbao: OpenBao, token: str = "") -> Any:
    return open_vault(vault_profile(openbao.endpoint, Given({"token": token or openbao.root})))


@pytest.mark.stores
def test_what_cannot_be_is_refused_and_no_key_is_made_for_it(
    openbao: OpenBao, transit: str
) -> None:
    store = opened(openbao)
    for path in (f"{transit}/other", "nowhere/stella"):
        with pytest.raises((SecretNotFound, SecretStoreRefused)):
            store.key_versions(path)
    for path in ("stella", f"{transit}/", f"{transit}/../stella", "a b/c"):
        with pytest.raises(SecretNotFound):
            store.key_versions(path)
    openbao.call("POST", f"{transit}/keys/derived", {"derived": True})
    openbao.call("POST", f"{transit}/keys/signer", {"type": "ed25519"})
    for name in ("derived", "signer"):
        with pytest.raises(SecretStoreRefused):
            store.key_versions(f"{transit}/{name}")
    wrapped = store.wrap_key(f"{transit}/stella", 1, b"k" * 32, "one")
    assert store.unwrap_key(f"{transit}/stella", wrapped, "one") == b"k" * 32
    for text, about in ((wrapped, "two"), (wrapped[:-4] + "AAA=", "one"), ("x", "one")):
        with pytest.raises(SecretNotFound):
            store.unwrap_key(f"{transit}/stella", text, about)


@pytest.mark.stores
def test_a_policy_that_is_too_narrow_is_said(openbao: OpenBao, transit: str) -> None:
    rules = narrow(transit)
    del rules[f"{transit}/encrypt/stella"]
    store = opened(openbao, token=openbao.token(openbao.policy(rules)))
    with pytest.raises(SecretStoreRefused, match="to encrypt with"):
        store.wrap_key(f"{transit}/stella", 1, b"k" * 32, "one")


BROKEN = [
    (500, b"no"),
    (429, b"slowly"),
    (200, b"[]"),
    (200, b'{"data": {}}'),
    (200, b'{"data": {"ciphertext": 1, "plaintext": 1, "latest_version": true}}'),
    (200, b'{"data": {"ciphertext": "vault:v9:AAAA", "plaintext": "!"}}'),
    (302, b""),
]


@pytest.mark.parametrize(("status", "body"), BROKEN)
def test_an_answer_that_is_none_is_one_refusal_that_tells_nothing(status: int, body: bytes) -> None:
    key, path = b"a-key-that-is-never-told-anywhere", "transit/stella"
    with standing_between(None, Fault("broken", answered(status, body))) as between:
        store = open_vault(vault_profile(between.endpoint, Given({"token": "t-0123456789"})))
        for ask in (
            lambda: store.key_versions(path),
            lambda: store.wrap_key(path, 1, key, "one"),
            lambda: store.unwrap_key(path, "vault:v1:AAAA", "one"),
        ):
            with pytest.raises((SecretStoreUnreachable, SecretStoreRefused)) as refusal:
                ask()
            untold(refusal.value, [key.decode(), "t-0123456789"])
