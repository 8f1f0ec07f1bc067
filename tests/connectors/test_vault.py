"""Vault's API beyond the kit: namespaces, mounts that change, leases, bad profiles."""

import json
import socket
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import psycopg
import pytest

from connectors.stores import Given, direct, put_in_bao, vault_profile
from connectors.vaults import approle, asked, folder_with
from fixtures.secret_stores import OpenBao, running_openbao
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.core import Kind
from stella.plugin.load import checked_plugin
from stella.plugin.manifest import manifest_beside
from stella.plugin.refusals import SecretNotFound, SecretStoreRefused, SecretStoreUnreachable
from stella.sdk.testing.between import Fault, answered, standing_between
from stella.sdk.testing.telling import untold
from stella_connectors.vault import PLUGIN, open_vault
from stella_connectors.vault.reference import Reference, parse_reference

# ---------------------------------------------------------------- what is read


@pytest.mark.stores
def test_what_is_no_text_is_read_as_json(openbao: OpenBao):
    folder = folder_with(openbao, port=5432, on=True, hosts=["a", "b"], none=None, empty="")
    store = open_vault(vault_profile(openbao.endpoint, Given({"token": openbao.root})))
    path = f"kv/{folder}/one"
    read = {key: store.read(path, key).value for key in ("port", "on", "hosts", "empty")}
    assert read == {"port": "5432", "on": "true", "hosts": '["a", "b"]', "empty": ""}
    with pytest.raises(SecretNotFound):
        store.read(path, "none")


@pytest.mark.stores
def test_a_deleted_version_is_not_found(openbao: OpenBao):
    folder = folder_with(openbao, password="1")
    path = f"kv/{folder}/one"
    put_in_bao(openbao, path, {"password": "2"})
    openbao.call("POST", f"kv/delete/{folder}/one", {"versions": [2]})
    store = open_vault(vault_profile(openbao.endpoint, Given({"token": openbao.root})))
    for wanted in (path, f"{path}?version=2"):
        with pytest.raises(SecretNotFound):
            store.read(wanted, "password")
    assert store.read(f"{path}?version=1", "password").value == "1"


@pytest.mark.stores
@pytest.mark.parametrize(("before", "after"), [("1", "2"), ("2", "1")])
def test_a_mount_that_was_made_anew_is_asked_for_anew(openbao: OpenBao, before: str, after: str):
    mount = uuid.uuid4().hex
    store = open_vault(vault_profile(openbao.endpoint, Given({"token": openbao.root})))
    for version in (before, after):
        body = {"type": "kv", "options": {"version": version}}
        openbao.call("POST", f"sys/mounts/{mount}", body)
        fields = {"password": f"of {version}"}
        is_two = version == "2"
        openbao.call(
            "POST", f"{mount}/{'data/' * is_two}one", {"data": fields} if is_two else fields
        )
        assert store.read(f"{mount}/one", "password").value == f"of {version}"
        openbao.call("DELETE", f"sys/mounts/{mount}")


@pytest.mark.stores
def test_a_namespace_is_read_by_its_name(openbao: OpenBao):
    name = f"team-{uuid.uuid4().hex}"
    openbao.call("PUT", f"sys/namespaces/{name}", {})
    within = {"X_Vault_Namespace": name}
    body = {"type": "kv", "options": {"version": "2"}}
    openbao.call("POST", "sys/mounts/kv", body, **within)
    openbao.call("POST", "kv/data/one", {"data": {"password": "of the team"}}, **within)
    given = Given({"token": openbao.root})
    inside = open_vault(vault_profile(openbao.endpoint, given, namespace=name))
    assert inside.read("kv/one", "password").value == "of the team"
    outside = open_vault(vault_profile(openbao.endpoint, given))
    assert outside.read(f"{name}/kv/one", "password").value == "of the team"
    with pytest.raises(SecretNotFound):
        outside.read("kv/one", "password")


@pytest.mark.stores
@pytest.mark.parametrize(
    "path",
    [
        "auth/token/lookup-self",
        "auth/approle/role",
        "sys/internal/ui/mounts",
        "sys/policies/acl/default",
        "identity/entity/id",
        "kv/../sys/policies/acl/default",
        "kv/%2e%2e/x",
    ],
)
def test_nothing_of_the_stores_own_is_read(openbao: OpenBao, path: str):
    """Our own token for one, which lookup-self would give us as its field ``id``."""
    store = open_vault(vault_profile(openbao.endpoint, Given({"token": openbao.root})))
    for key in ("id", None):
        with pytest.raises((SecretStoreRefused, SecretNotFound)) as refusal:
            store.read(path, key)
        untold(refusal.value, (openbao.root,))


# ---------------------------------------------------------------- leases


@pytest.mark.stores
@pytest.mark.postgres
def test_a_lease_lets_into_the_database_and_its_end_is_told(
    openbao: OpenBao, openbao_database: str, postgres: str
):
    policy = openbao.policy({openbao_database: ["read"], "sys/leases/revoke": ["update"]})
    given = Given({"token": openbao.token(policy)})
    begun = datetime.now(UTC)
    store = open_vault(vault_profile(openbao.endpoint, given))
    secret = store.read(openbao_database, None)
    assert secret.expires_at is not None
    assert timedelta(minutes=59) < secret.expires_at - begun < timedelta(minutes=61)
    made = json.loads(secret.value)
    url = postgres.replace("+psycopg", "").replace(
        "postgres@", f"{made['username']}:{made['password']}@"
    )
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT current_user").fetchone()
    assert row == (made["username"],)
    store.revoke(secret.lease or "")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


@pytest.mark.stores
@pytest.mark.postgres
def test_a_lease_ends_with_the_login_at_the_latest(openbao: OpenBao, openbao_database: str):
    policy = openbao.policy({openbao_database: ["read"]})
    given, config, _ = approle(openbao, policy, token_ttl="10m")
    begun = datetime.now(UTC)
    store = open_vault(vault_profile(openbao.endpoint, given, **config))
    ends_at = store.read(openbao_database, None).expires_at
    assert ends_at is not None
    assert timedelta(minutes=9) < ends_at - begun < timedelta(minutes=10)


@pytest.mark.stores
@pytest.mark.postgres
def test_what_was_made_for_nothing_is_ended(openbao: OpenBao, openbao_database: str):
    policy = openbao.policy({openbao_database: ["read"], "sys/leases/revoke": ["update"]})
    given = Given({"token": openbao.token(policy)})
    with standing_between(openbao.endpoint) as between:
        store = open_vault(vault_profile(between.endpoint, given))
        with pytest.raises(SecretNotFound):
            store.read(openbao_database, "no such field")
        assert asked(between)[1:] == [openbao_database, "sys/leases/revoke"]
        with pytest.raises(SecretNotFound):
            store.read(openbao_database, "no such field")
        assert asked(between)[3:5] == [openbao_database, "sys/leases/revoke"]
        assert asked(between).count(openbao_database) == 2, "one for each reading"


@pytest.mark.stores
def test_a_lease_that_nobody_knows_has_ended(openbao: OpenBao):
    policy = openbao.policy({"sys/leases/revoke": ["update"]})
    store = open_vault(vault_profile(openbao.endpoint, Given({"token": openbao.token(policy)})))
    store.revoke("database/creds/shop/x5JuKlW0yJFjWSwY4PIgHvVh")


@pytest.mark.stores
def test_to_end_a_lease_must_be_allowed(openbao: OpenBao):
    given = Given({"token": openbao.token("default")})
    store = open_vault(vault_profile(openbao.endpoint, given))
    with pytest.raises(SecretStoreRefused, match="the end of a lease"):
        store.revoke("database/creds/shop/x5JuKlW0yJFjWSwY4PIgHvVh")


def test_a_lease_that_could_not_be_ended_may_be_tried_again():
    with standing_between(
        None, Fault("400", answered(400, b'{"errors":["of the database"]}'))
    ) as it:
        store = open_vault(vault_profile(it.endpoint, Given({"token": "hvs.some-token"})))
        with pytest.raises(SecretStoreUnreachable, match="did not end the lease"):
            store.revoke("database/creds/shop/x")


# ---------------------------------------------------------------- the server itself


@pytest.mark.stores
def test_a_server_with_an_authority_of_its_own_and_then_sealed(tmp_path: Path):
    with running_openbao(tmp_path, by_tls=True) as bao:
        assert bao.ca is not None
        put_in_bao(bao, "secret/one", {"password": "by TLS"})
        given = {"token": lambda: bao.root}
        store = open_vault(Connection(bao.endpoint, direct, {}, given, ca=bao.ca.read_text()))
        assert store.read("secret/one", "password").value == "by TLS"

        stranger = open_vault(Connection(bao.endpoint, direct, {}, given))
        with pytest.raises(SecretStoreUnreachable, match="certificate") as refusal:
            stranger.read("secret/one", "password")
        untold(refusal.value, (bao.root,))

        bao.call("PUT", "sys/seal")
        with pytest.raises(SecretStoreUnreachable, match="HTTP 503") as refusal:
            store.read("secret/one", "password")
        untold(refusal.value, (bao.root,))


# ---------------------------------------------------------------- profiles


BAD_PROFILES: dict[str, tuple[str, dict[str, Any]]] = {
    "no URL": ("vault.example", {}),
    "another scheme": ("ftp://vault.example", {}),
    "a user in it": ("https://ana:hidden-word-1@vault.example", {}),
    "a query": ("https://vault.example?token=hidden-word-1", {}),
    "no port": ("https://vault.example:port", {}),
    "a line end": ("https://vault.example\nx", {}),
    "plain http": ("http://vault.example:8200", {}),
    "no authority": ("https://vault.example", {"ca": "hidden-word-1"}),
}


@pytest.mark.parametrize(("endpoint", "more"), BAD_PROFILES.values(), ids=BAD_PROFILES)
def test_a_profile_that_cannot_be_used_is_refused_at_once(endpoint: str, more: dict[str, Any]):
    with pytest.raises(SecretStoreRefused) as refusal:
        open_vault(Connection(endpoint, direct, **more))
    untold(refusal.value, ("hidden-word-1",))


def test_plain_http_beyond_loopback_is_a_choice():
    open_vault(Connection("http://vault.example:8200", direct, {"plain_http": True}))


BAD_TOKENS = ["", "hvs.hidden-word-1\n", "hvs.hidden-word-1\u20ac", "hvs. hidden-word-1"]


@pytest.mark.parametrize("token", BAD_TOKENS)
def test_a_token_that_no_header_carries_is_refused_untold(token: str):
    store = open_vault(Connection("http://127.0.0.1:1", direct, {}, {"token": lambda: token}))
    with pytest.raises(SecretStoreRefused, match="credential token") as refusal:
        store.read("kv/x", None)
    untold(refusal.value, ("hidden-word-1",))


def test_what_the_host_says_of_its_network_is_passed_on():
    class HostNotGranted(Exception):
        pass

    def connect(host: str, port: int, timeout: float) -> socket.socket:
        raise HostNotGranted(host)

    store = open_vault(Connection("https://vault.example", connect, {}, {"token": lambda: "hvs.x"}))
    with pytest.raises(HostNotGranted):
        store.check()


REFERENCES: list[tuple[str, Reference | None]] = [
    ("kv/shop", Reference("kv/shop")),
    ("kv/shop/data base", Reference("kv/shop/data base")),
    ("kv/shop?version=12", Reference("kv/shop", "12")),
    ("kv/shop?version=0", None),
    ("kv/shop?version=-1", None),
    ("kv/shop?version=1&version=2", None),
    ("kv/shop?list=true", None),
    ("kv", None),
    ("/kv/shop", None),
    ("kv//shop", None),
    ("kv/shop/", None),
    ("kv/./shop", None),
    ("kv/../shop", None),
    ("kv/sh\nop", None),
    ("k" * 1025 + "/x", None),
]


@pytest.mark.parametrize(
    ("text", "meaning"), REFERENCES, ids=[repr(one[0])[:30] for one in REFERENCES]
)
def test_a_path_is_read_as_what_it_says(text: str, meaning: Reference | None):
    assert parse_reference(text) == meaning


def test_the_manifest_says_what_the_plugin_brings():
    manifest = manifest_beside("stella_connectors.vault")
    assert checked_plugin(PLUGIN, manifest) is PLUGIN
    brought = manifest.contribution(Kind.SECRET_STORE, "vault")
    assert brought is not None
    schema = jsonschema_rs.Draft202012Validator(dict(brought.config_schema))
    assert schema.is_valid({"auth": "approle", "role_id": "x", "namespace": "team/a"})
    assert not schema.is_valid({"auth": "ldap"})
    assert not schema.is_valid({"tokn": "x"})
