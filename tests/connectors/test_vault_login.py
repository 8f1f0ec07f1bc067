"""How long a login to Vault counts, and what is done when it does not any more."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from connectors.stores import readable, vault_profile
from connectors.vaults import approle, asked, folder_with
from fixtures.secret_stores import OpenBao
from stella.plugin.contract.connection import Connection
from stella.plugin.refusals import SecretStoreRefused
from stella.sdk.testing.between import Fault, answered, standing_between
from stella.sdk.testing.telling import untold
from stella_connectors.vault import VaultStore, open_vault


class Clocks:
    """Both clocks of a store, moved by a test; the server's own goes on as it does."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)
        self.seconds = 0.0

    def go_on(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.seconds += seconds

    def open(self, profile: Connection) -> VaultStore:
        return VaultStore(profile, monotonic=lambda: self.seconds, now=lambda: self.at)


@pytest.mark.stores
def test_a_login_is_kept_renewed_and_made_anew(openbao: OpenBao):
    folder = folder_with(openbao, password="p")
    policy = openbao.policy(readable("kv", folder))
    given, config, _ = approle(openbao, policy, token_ttl="60s", token_max_ttl="1h")
    clocks = Clocks()
    with standing_between(openbao.endpoint) as between:
        store = clocks.open(vault_profile(between.endpoint, given, **config))

        def read() -> list[str]:
            before = len(between.requests)
            assert store.read(f"kv/{folder}/one", "password").value == "p"
            return [path.rpartition("/")[2] for path in asked(between)[before:]]

        assert read() == ["login", "one", "one"], "login, the mount, the secret"
        assert read() == ["one"]
        clocks.go_on(39)
        assert read() == ["one"]
        clocks.go_on(2)
        assert read() == ["renew-self", "one"]
        clocks.go_on(39)
        assert read() == ["one"], "its time counts from the renewal"
        clocks.go_on(30)
        assert read() == ["login", "one"], "it had ended"


@pytest.mark.stores
def test_a_login_that_can_hardly_be_renewed_is_made_anew(openbao: OpenBao):
    folder = folder_with(openbao, password="p")
    policy = openbao.policy(readable("kv", folder))
    given, config, _ = approle(openbao, policy)
    clocks = Clocks()
    renewed = {"auth": {"client_token": "hvs.x", "lease_duration": 60, "renewable": True}}
    with standing_between(
        openbao.endpoint, Fault("little time", answered(200, json.dumps(renewed).encode())), at=4
    ) as between:
        store = clocks.open(vault_profile(between.endpoint, given, **config))
        store.read(f"kv/{folder}/one", "password")
        clocks.go_on(25 * 24 * 3600)
        store.read(f"kv/{folder}/one", "password")
    assert asked(between)[3:5] == ["auth/token/renew-self", "auth/approle/login"]


@pytest.mark.stores
def test_a_renewal_that_fails_is_no_trouble_while_the_login_counts(openbao: OpenBao):
    folder = folder_with(openbao, password="p")
    policy = openbao.policy(readable("kv", folder))
    given, config, _ = approle(openbao, policy, token_ttl="60s")
    clocks = Clocks()
    with standing_between(openbao.endpoint, Fault("busy", answered(503, b"")), at=4) as between:
        store = clocks.open(vault_profile(between.endpoint, given, **config))
        store.read(f"kv/{folder}/one", "password")
        clocks.go_on(45)
        assert store.read(f"kv/{folder}/one", "password").value == "p"
        assert between.broken == 1


@pytest.mark.stores
def test_a_revoked_login_is_made_anew_once(openbao: OpenBao):
    folder = folder_with(openbao, password="p")
    given, config, role = approle(openbao, openbao.policy(readable("kv", folder)))
    with standing_between(openbao.endpoint) as between:
        store = open_vault(vault_profile(between.endpoint, given, **config))
        store.read(f"kv/{folder}/one", "password")
        token = between.requests[-1].headers["x-vault-token"]
        openbao.revoke_token(token)
        assert store.read(f"kv/{folder}/one", "password").value == "p"
        assert asked(between)[3:] == [
            f"kv/data/{folder}/one",
            "auth/token/lookup-self",
            "auth/approle/login",
            f"kv/data/{folder}/one",
        ]
        openbao.call("DELETE", f"auth/approle/role/{role}")
        openbao.revoke_token(between.requests[-1].headers["x-vault-token"])
        with pytest.raises(SecretStoreRefused, match="AppRole login") as refusal:
            store.read(f"kv/{folder}/one", "password")
        untold(refusal.value, (*given.secrets(), token))


@pytest.mark.stores
def test_a_policy_that_is_too_narrow_leads_to_no_new_login(openbao: OpenBao):
    """Secret ids may count a few times only."""
    folder = folder_with(openbao, password="p")
    given, config, _ = approle(
        openbao, openbao.policy(readable("kv", folder)), secret_id_num_uses=1
    )
    with standing_between(openbao.endpoint) as between:
        store = open_vault(vault_profile(between.endpoint, given, **config))
        for _ in range(2):
            with pytest.raises(SecretStoreRefused, match="does not allow us"):
                store.read("kv/another/one", "password")
        assert store.read(f"kv/{folder}/one", "password").value == "p"
        assert asked(between).count("auth/approle/login") == 1


@pytest.mark.stores
def test_many_threads_share_one_login(openbao: OpenBao):
    folder = folder_with(openbao, password="p")
    given, config, _ = approle(openbao, openbao.policy(readable("kv", folder)))
    with standing_between(openbao.endpoint) as between:
        store = open_vault(vault_profile(between.endpoint, given, **config))
        together = threading.Barrier(8)

        def read(_: int) -> str:
            together.wait(10)
            return store.read(f"kv/{folder}/one", "password").value

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(read, range(8))) == {"p"}
        assert asked(between).count("auth/approle/login") == 1


@pytest.mark.stores
def test_the_role_id_may_be_a_credential(openbao: OpenBao):
    folder = folder_with(openbao, password="p")
    given, config, _ = approle(openbao, openbao.policy(readable("kv", folder)))
    given.values["role_id"] = config.pop("role_id")
    store = open_vault(vault_profile(openbao.endpoint, given, **config))
    assert store.read(f"kv/{folder}/one", "password").value == "p"
    assert store.check().startswith("approle (policies: default, p-")
