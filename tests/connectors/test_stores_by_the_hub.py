"""A reference becomes its secret: an integration of ours, the guard at the way out, a real store."""

import base64
import os
import urllib.error
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from connectors.registries import Answer, played_registry
from connectors.stores import READ, our_plugins, put_in_bao, put_in_moto, readable
from fixtures.secret_stores import REGION, Moto, OpenBao
from stella.api.services import Services
from stella.app.hub import Hub
from stella.app.settings import Settings
from stella.hub.apply import apply_integration, delete_integration
from stella.hub.errors import HostNotGranted, IntegrationDisabled, SecretNotDeployed
from stella.hub.leases import any_lease, secret_lease
from stella.hub.reference import parse_reference
from stella.hub.secrets import sealed_value, store_secret
from stella.hub.store import find_integration
from stella.kernel import Json, Outcome
from stella.plugin.contract.core import Kind
from stella.plugin.refusals import RegistryRefused
from stella.sdk.protocol import RegistryLogin

LONG_AGO = "2020-01-01T00:00:00.000000Z"


def test_all_our_plugins_may_be_used():
    plugins = our_plugins()
    assert plugins.refused == ()
    names = [one.name for one in plugins.contributions(Kind.SECRET_STORE)]
    assert names == ["aws-ecr", "aws-sm", "azure-kv", "gcp-sm", "vault"]
    for name in names:
        assert callable(plugins.secret_store(name))


class Operator:
    """Who applies integrations and stores secrets, and the hub that uses them."""

    def __init__(self, services: Services) -> None:
        self._services, self.plugins = services, our_plugins()
        self.later = timedelta()
        self.hub = Hub(
            Settings(),
            services.database,
            lambda: self.plugins,
            services.outside.keys,
            now=lambda: datetime.now(UTC) + self.later,
        )

    def apply(self, name: str, kind: str, connector: str, endpoint: str, **spec: Json) -> None:
        whole = {"kind": kind, "connector": connector, "endpoint": endpoint, **spec}
        brought = {
            (one.kind, one.name): one for kind in Kind for one in self.plugins.contributions(kind)
        }
        with self._services.database.transaction(actor="test") as tx:
            apply_integration(tx, name, whole, brought)

    def delete(self, name: str) -> None:
        with self._services.database.transaction(actor="test") as tx:
            delete_integration(tx, name)

    def store(self, name: str, value: str) -> str:
        keys = self._services.outside.keys()
        with self._services.database.transaction(actor="test") as tx:
            store_secret(tx, name, sealed_value(keys, name, value, os.urandom))
        return f"secret://{name}"

    def examine(self, name: str) -> Any:
        with self._services.database.read() as tx:
            return self.hub.examine(find_integration(tx, name).integration)


@pytest.fixture
def operator(make_services: Callable[..., Services]) -> Operator:
    return Operator(make_services())


@pytest.fixture
def wanted() -> dict[str, str]:
    """What the registry takes as its password now."""
    return {"password": uuid.uuid4().hex}


@pytest.fixture
def registry(wanted: dict[str, str]) -> Iterator[str]:
    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        pair = base64.b64encode(f"ana:{wanted['password']}".encode()).decode()
        if headers.get("authorization") != f"Basic {pair}":
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        return Answer(body=b'{"tags": ["1"]}')

    with played_registry(play) as host:
        yield host


@pytest.mark.stores
@pytest.mark.postgres
def test_hosts_of_an_environment_that_is_named_are_given_what_they_name(
    operator: Operator, registry: str, openbao: OpenBao, openbao_database: str
):
    folder, before = uuid.uuid4().hex, leases_in(openbao, openbao_database)
    put_in_bao(openbao, f"kv/{folder}/db", {"user": "ana", "password": "hunter2"})
    rules = {**readable("kv", folder), openbao_database: ["read"], "sys/leases/revoke": ["update"]}
    token = openbao.token(openbao.policy(rules))
    spec: dict[str, Json] = {"credentials": {"token": operator.store("vault", token)}}
    operator.apply("main", "secret_store", "vault", openbao.endpoint, **spec)
    deployed = operator.hub.credentials.deployed
    reference = f"vault://main/kv/{folder}/db#password"
    with pytest.raises(SecretNotDeployed, match="main gives no secrets to hosts of prod"):
        deployed(reference, "prod")

    spec["environments"] = ["prod"]
    operator.apply("main", "secret_store", "vault", openbao.endpoint, **spec)
    assert deployed(reference, "prod") == "hunter2"
    with pytest.raises(SecretNotDeployed):
        deployed(reference, "dev")

    # What ends by itself is not deployed, and what was made for the asking is given back.
    with pytest.raises(SecretNotDeployed, match="what is deployed would go on with it"):
        deployed(f"vault://main/{openbao_database}#password", "prod")
    operator.hub.broker.give_back()
    assert leases_in(openbao, openbao_database) == before

    pulls = {f"pull_{name}": f"vault://main/kv/{folder}/db#{name}" for name in ("user", "password")}
    pulls["pull_username"] = pulls.pop("pull_user")
    bound: dict[str, Json] = {"environments": ["prod"]}
    operator.apply("images", "registry", "oci", registry, **bound)
    assert operator.hub.pull_login(registry, "prod") is None
    operator.apply("images", "registry", "oci", registry, credentials=pulls, **bound)
    assert operator.hub.pull_login(registry, "prod") == RegistryLogin(registry, "ana", "hunter2")
    with pytest.raises(IntegrationDisabled):
        operator.hub.pull_login(registry, "dev")


@pytest.mark.stores
def test_a_password_comes_out_of_vault_and_a_new_one_is_taken_up(
    operator: Operator, registry: str, wanted: dict[str, str], openbao: OpenBao
):
    folder = uuid.uuid4().hex
    role, role_id = openbao.role(openbao.policy(readable("kv", folder)))
    path = f"kv/{folder}/registry"
    put_in_bao(openbao, path, {"user": "ana", **wanted})
    operator.apply(
        "main",
        "secret_store",
        "vault",
        openbao.endpoint,
        config={"auth": "approle", "role_id": role_id},
        credentials={"secret_id": operator.store("secret-id", openbao.secret_id(role))},
    )
    operator.apply(
        "images",
        "registry",
        "oci",
        registry,
        credentials={
            "username": f"vault://main/{path}#user",
            "password": f"vault://main/{path}#password",
        },
    )
    health = operator.examine("main")
    assert (health.outcome, health.detail[:17]) == (Outcome.PASS, "approle (policies")
    assert operator.hub.registry(registry).tags("shop/web") == ("1",)

    before, wanted["password"] = wanted["password"], uuid.uuid4().hex
    put_in_bao(openbao, path, {"user": "ana", **wanted})
    operator.hub.broker.forget()
    assert operator.hub.registry(registry).tags("shop/web") == ("1",)
    older = operator.hub.broker.secret(parse_reference(f"vault://main/{path}?version=1#password"))
    assert older.value == before

    # Rotated there while the one before it is kept: refused, read anew, and asked once more.
    wanted["password"] = uuid.uuid4().hex
    put_in_bao(openbao, path, {"user": "ana", **wanted})
    with pytest.raises(RegistryRefused):  # read a moment ago: not for each refusal again
        operator.hub.registry(registry).tags("shop/web")
    operator.later = timedelta(seconds=11)
    assert operator.hub.registry(registry).tags("shop/web") == ("1",)
    put_in_bao(openbao, path, {"user": "ana", "password": "wrong"})
    wanted["password"] = uuid.uuid4().hex
    operator.later = timedelta(seconds=22)
    with pytest.raises(RegistryRefused):
        operator.hub.registry(registry).tags("shop/web")


@pytest.mark.stores
def test_a_password_comes_out_of_aws(
    operator: Operator, registry: str, wanted: dict[str, str], moto: Moto
):
    keys, name = moto.keys(moto.user(READ)), f"{uuid.uuid4().hex}/registry"
    put_in_moto(moto, name, {"user": "ana", **wanted})
    operator.apply(
        "eu",
        "secret_store",
        "aws-sm",
        moto.endpoint,
        config={"region": REGION, "sts_endpoint": moto.endpoint},
        credentials={
            "access_key_id": operator.store("access-key-id", keys.access_key),
            "secret_access_key": operator.store("secret-access-key", keys.secret_key),
        },
    )
    operator.apply(
        "images",
        "registry",
        "oci",
        registry,
        credentials={
            "username": f"aws-sm://eu/{name}#user",
            "password": f"aws-sm://eu/{name}#password",
        },
    )
    assert operator.examine("eu").outcome is Outcome.PASS
    assert operator.hub.registry(registry).tags("shop/web") == ("1",)


def test_a_host_that_was_not_granted_is_not_reached(operator: Operator):
    """STS, for one, has a host of its own, which the integration must name."""
    operator.apply(
        "eu",
        "secret_store",
        "aws-sm",
        "https://secretsmanager.eu-central-1.amazonaws.com",
        config={"region": REGION},
        credentials={
            "access_key_id": operator.store("access-key-id", "AKIAEXAMPLE"),
            "secret_access_key": operator.store("secret-access-key", "w" * 40),
        },
    )
    health = operator.examine("eu")
    assert health.outcome is Outcome.BLOCKED
    assert "sts.eu-central-1.amazonaws.com is no host that may be reached" in health.detail
    assert HostNotGranted.code in health.detail


def leases_in(openbao: OpenBao, path: str) -> set[str]:
    try:
        answer = openbao.call("LIST", f"sys/leases/lookup/{path}")
    except urllib.error.HTTPError as error:
        if error.code == 404:  # there is none
            return set()
        raise
    return set(answer["data"]["keys"])


def minted_by(operator: Operator, openbao: OpenBao, path: str) -> dict[str, Json]:
    """Credentials that are made when they are read there, by an integration of its own."""
    policy = openbao.policy(
        {
            path: ["read"],
            "sys/leases/revoke": ["update"],
            "sys/internal/ui/mounts/*": ["read"],
        }
    )
    role, role_id = openbao.role(policy)
    operator.apply(
        "main",
        "secret_store",
        "vault",
        openbao.endpoint,
        config={"auth": "approle", "role_id": role_id},
        credentials={"secret_id": operator.store("secret-id", openbao.secret_id(role))},
    )
    return {
        "username": f"vault://main/{path}#username",
        "password": f"vault://main/{path}#password",
    }


@pytest.mark.stores
@pytest.mark.postgres
def test_user_and_password_of_vault_are_one_lease_that_is_given_back(
    operator: Operator, openbao: OpenBao, openbao_database: str
):
    shown: list[str] = []

    def play(method: str, path: str, headers: Any, body: bytes) -> Answer:
        if "authorization" not in headers:
            return Answer(401, headers={"www-authenticate": 'Basic realm="r"'})
        shown.append(base64.b64decode(headers["authorization"][6:]).decode())
        return Answer(body=b'{"tags": ["1"]}')

    def leases() -> set[str]:
        return leases_in(openbao, openbao_database)

    credentials = minted_by(operator, openbao, openbao_database)
    before = leases()
    with played_registry(play) as host:
        for _ in range(2):  # once it is deleted, once the server ends
            shown.clear()
            operator.apply("images", "registry", "oci", host, credentials=credentials)
            assert operator.hub.registry(host).tags("shop/web") == ("1",)
            assert operator.hub.registry(host).tags("shop/web") == ("1",)
            assert len(leases() - before) == 1, "one lease for both, and for every use"
            user, _, password = shown[0].partition(":")
            assert user.startswith("v-")
            assert len(password) > 8
            operator.delete("images")
            assert operator.hub.credentials.settle() == ()
            assert leases() == before
        operator.apply("images", "registry", "oci", host, credentials=credentials)
        operator.hub.registry(host).tags("shop/web")
        assert len(leases() - before) == 1
        operator.hub.credentials.close()
        assert leases() == before


def killed_long_ago(services: Services, holder: str) -> None:
    """Nothing was heard of that server since."""
    table = secret_lease.c
    with services.database.transaction(actor="test") as tx:
        tx.connection.execute(
            secret_lease.update().where(table.holder == holder), {"seen_at": LONG_AGO}
        )


@pytest.mark.stores
@pytest.mark.postgres
def test_what_a_killed_server_left_is_given_back_by_the_next_one(
    services: Services, openbao: OpenBao, openbao_database: str
):
    killed, other, following = Operator(services), Operator(services), Operator(services)
    before = leases_in(openbao, openbao_database)
    credentials = minted_by(killed, openbao, openbao_database)
    with played_registry(lambda *_: Answer(body=b'{"tags": ["1"]}')) as host:
        killed.apply("images", "registry", "oci", host, credentials=credentials)
        asked = [parse_reference(str(one)) for one in credentials.values()]
        words = [killed.hub.broker.secret(one).value for one in asked]
        its_own = other.hub.broker.secret(asked[0]).value
        assert len(leases_in(openbao, openbao_database) - before) == 2

        with services.database.read() as tx:
            rows = [dict(row) for row in tx.rows(select(secret_lease))]
        assert {row["holder"] for row in rows} == {
            killed.hub.credentials.holder,
            other.hub.credentials.holder,
        }
        assert not [word for word in [*words, its_own] if word in str(rows)]

        # Of both servers was heard a moment ago: nobody touches what they use.
        assert following.hub.credentials.settle() == ()
        assert len(leases_in(openbao, openbao_database) - before) == 2

        for one in (killed, other):
            killed_long_ago(services, one.hub.credentials.holder)
        other.hub.broker.secret(asked[0])
        assert other.hub.credentials.settle() == (), "it lives, says so, and takes the other's over"
        (left,) = leases_in(openbao, openbao_database) - before
        other.hub.credentials.close()
        assert leases_in(openbao, openbao_database) == before, left
    with services.database.read() as tx:
        assert not any_lease(tx)


@pytest.mark.stores
@pytest.mark.postgres
def test_a_lease_whose_store_does_not_answer_stays_noted_until_it_does(
    services: Services, openbao: OpenBao, openbao_database: str
):
    killed, following = Operator(services), Operator(services)
    before = leases_in(openbao, openbao_database)
    credentials = minted_by(killed, openbao, openbao_database)
    killed.hub.broker.secret(parse_reference(str(credentials["username"])))
    killed_long_ago(services, killed.hub.credentials.holder)
    with services.database.read() as tx:
        real = find_integration(tx, "main").integration
    spec = {**real.spec(), "endpoint": "http://127.0.0.1:9"}
    kind, connector, endpoint = (str(spec.pop(key)) for key in ("kind", "connector", "endpoint"))
    following.apply("main", kind, connector, endpoint, **spec)
    (refusal,) = following.hub.credentials.settle()
    assert refusal.retry_may_help
    assert len(leases_in(openbao, openbao_database) - before) == 1

    following.apply("main", kind, connector, openbao.endpoint, **spec)
    again = Operator(services)
    killed_long_ago(services, following.hub.credentials.holder)
    assert again.hub.credentials.settle() == ()
    assert leases_in(openbao, openbao_database) == before
