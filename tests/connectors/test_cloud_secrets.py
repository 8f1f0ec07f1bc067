"""Azure Key Vault and Google Secret Manager hold the kits, on services that are played."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from connectors.clouds import Cloud, Google, KeyVault, rsa_key
from connectors.stores import Line, direct
from stella.sdk import Connect, Connection, SecretNotFound, SecretStore, SecretStoreRefused
from stella.sdk.testing import (
    SECRET_HTTP_CHECKS,
    SECRET_STORE_CHECKS,
    SecretHttpBench,
    SecretStoreBench,
)
from stella_connectors.azure_key_vault import open_key_vault
from stella_connectors.gcp_secret_manager import open_secret_manager

pytestmark = pytest.mark.long

both = pytest.mark.parametrize("kind", ["azure", "google"])
stores = pytest.mark.parametrize("check", SECRET_STORE_CHECKS, ids=lambda check: check.__name__)
by_http = pytest.mark.parametrize("check", SECRET_HTTP_CHECKS, ids=lambda check: check.__name__)


def served(kind: str) -> Any:
    """A secret never rotated to keys that no test has made: it takes a while."""
    return {"azure": KeyVault, "google": Google}[kind]().served()


def opened(
    cloud: Cloud,
    connect: Connect = direct,
    endpoint: str = "",
    secret: Callable[[], str] | None = None,
    timeout_s: int = 5,
) -> SecretStore:
    at = endpoint or cloud.endpoint
    if isinstance(cloud, KeyVault):
        names = {"tenant_id": cloud.tenant, "client_id": cloud.client_id, "login_endpoint": at}
        given = {"client_secret": secret or (lambda: cloud.client_secret)}
        return open_key_vault(Connection(at, connect, names, given, timeout_s=timeout_s))
    assert isinstance(cloud, Google)
    config = {"project": cloud.project, "token_endpoint": at}
    key = {"service_account_key": secret or cloud.key_file}
    return open_secret_manager(Connection(at, connect, config, key, timeout_s=timeout_s))


def secrets_of(cloud: Cloud) -> tuple[str, ...]:
    if isinstance(cloud, KeyVault):
        return (cloud.client_secret,)
    assert isinstance(cloud, Google)
    # The lines of the key: its frame is everybody's.
    return tuple(cloud.key_file().split("\\n")[1:-2])


@both
@stores
def test_a_cloud_holds_what_every_store_holds(
    check: Callable[[SecretStoreBench], None], kind: str
) -> None:
    line = Line()
    with served(kind) as cloud:
        folder = f"f{uuid.uuid4().hex}"
        cloud.put("another/secret", "of another")
        cloud.forbidden.add("another--secret")
        store = opened(cloud, line.connect)
        wrong = {"azure": lambda: "s~wrong-wrong-wrong", "google": lambda: cloud.key_file(2)}[kind]
        check(
            SecretStoreBench(
                store=store,
                folder=folder,
                put=cloud.put,
                forbidden=(store, "another/secret"),
                stranger=opened(cloud, secret=wrong),
                outage=lambda: line.cut(store),
                new_login=cloud.new_login,
                secrets=lambda: secrets_of(cloud),
            )
        )


@both
@by_http
def test_a_broken_cloud_costs_a_refusal(
    check: Callable[[SecretHttpBench], None], kind: str
) -> None:
    with served(kind) as cloud:
        cloud.put("shop/database", {"password": "correct horse battery"})
        check(
            SecretHttpBench(
                cloud.endpoint,
                lambda endpoint, connect: opened(cloud, connect, endpoint, timeout_s=1),
                "shop/database",
                "password",
                "correct horse battery",
                lambda: secrets_of(cloud),
            )
        )


@pytest.mark.parametrize(
    "key",
    ["", "{}", "not json", '{"client_email": "a", "private_key": "b", "private_key_id": "c"}'],
)
def test_what_is_no_key_of_an_account_is_refused(key: str) -> None:
    with served("google") as cloud:
        store = opened(cloud, secret=lambda: key)
        with pytest.raises(SecretStoreRefused) as refused:
            store.read("shop/database", None)
    assert "key" in str(refused.value)


def test_the_address_in_a_key_is_not_followed() -> None:
    asked: list[str] = []

    def connect(host: str, port: int, timeout: float) -> Any:
        asked.append(host)
        return direct(host, port, timeout)

    with served("google") as cloud:
        cloud.put("one", "text")
        assert opened(cloud, connect).read("one", None).value == "text"
    assert set(asked) == {"127.0.0.1"}
    assert rsa_key(0)


@both
def test_a_name_without_a_slash_is_one_and_what_is_none_is_not_sent(kind: str) -> None:
    with served(kind) as cloud:
        cloud.put("shop--database", "text")
        assert opened(cloud).read("shop--database", None).value == "text"
        assert opened(cloud).read("shop/database", None).value == "text"
        for path in ("../x", "a//b", "/a", "a/", "a b", "a#b", "a" * 300, "a?version=latest"):
            with pytest.raises(SecretNotFound):
                opened(cloud).read(path, None)
