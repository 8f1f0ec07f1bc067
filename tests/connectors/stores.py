"""Benches of the kit for secret stores: the simulated one, OpenBao, and moto as Secrets Manager."""

import json
import socket
import tomllib
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import psycopg

from fixtures.secret_stores import REGION, Moto, OpenBao
from stella.plugin.contract.connection import Connect, Connection
from stella.plugin.contract.secret_store import Secret, SecretStore
from stella.plugin.load import Plugins, load_plugins
from stella.sdk.aws import Keys
from stella.sdk.testing import (
    SecretHttpBench,
    SecretLeaseBench,
    SecretStoreBench,
    SimulatedSecretStore,
)
from stella_connectors.aws_secrets import open_aws
from stella_connectors.vault import open_vault

Open = Callable[[Connection], SecretStore]
PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def our_plugins() -> Plugins:
    """What the project's own file says is installed."""
    named = tomllib.loads(PROJECT.read_text())["project"]["entry-points"]["stella.plugins"]
    return load_plugins(EntryPoint(*one, "stella.plugins") for one in named.items())


def direct(host: str, port: int, timeout: float) -> socket.socket:
    return socket.create_connection((host, port), timeout)


@dataclass
class Line:
    """The way to the network, which a test can cut."""

    is_cut: bool = False

    def connect(self, host: str, port: int, timeout: float) -> socket.socket:
        if self.is_cut:
            raise ConnectionRefusedError(111, "Connection refused")
        return direct(host, port, timeout)

    @contextmanager
    def cut(self, store: Any) -> Iterator[None]:
        store.close()  # what is open already would still lead there
        self.is_cut = True
        yield
        self.is_cut = False


@dataclass
class Given:
    """Credentials that a test changes while they are in use."""

    values: dict[str, str] = field(default_factory=dict)

    def credentials(self) -> dict[str, Callable[[], str]]:
        return {name: lambda name=name: self.values[name] for name in self.values}

    def secrets(self) -> tuple[str, ...]:
        return tuple(text for name, text in self.values.items() if name != "access_key_id")


# ---------------------------------------------------------------- simulated


class _Clock:
    def __call__(self) -> datetime:
        return datetime(2030, 1, 1, tzinfo=UTC)


def simulated_bench() -> SecretStoreBench:
    store = SimulatedSecretStore(_Clock())
    store.put("another/secret", "of another")
    store.denied.add("another/secret")
    stranger = SimulatedSecretStore(_Clock(), is_shut=True)

    @contextmanager
    def outage() -> Iterator[None]:
        store.is_out = True
        yield
        store.is_out = False

    return SecretStoreBench(
        store=store,
        folder="bench",
        put=lambda path, value: f"?version={store.put(path, value)}",
        forbidden=(store, "another/secret"),
        stranger=stranger,
        outage=outage,
        new_login=lambda: None,
        secrets=tuple,
    )


def simulated_lease_bench() -> SecretLeaseBench:
    store = SimulatedSecretStore(_Clock())
    store.lend("database/creds/shop", duration_s=3600)
    return SecretLeaseBench(
        store, "database/creds/shop", lambda one: store.lives(one.lease or ""), _Clock()
    )


# ---------------------------------------------------------------- OpenBao


def vault_profile(
    endpoint: str, given: Given, connect: Connect = direct, **config: Any
) -> Connection:
    return Connection(endpoint, connect, config, given.credentials(), timeout_s=5)


def put_in_bao(bao: OpenBao, path: str, value: str | Mapping[str, str]) -> str:
    fields = {"value": value} if isinstance(value, str) else dict(value)
    mount, _, rest = path.partition("/")
    if mount in {"kv", "secret"}:
        made = bao.call("POST", f"{mount}/data/{rest}", {"data": fields})
        return f"?version={made['data']['version']}"
    bao.call("POST", path, fields)
    return ""


def readable(mount: str, folder: str) -> dict[str, list[str]]:
    return {f"{mount}/data/{folder}/*" if mount == "kv" else f"{mount}/{folder}/*": ["read"]}


def vault_bench(
    bao: OpenBao, mount: str, auth: str, open_store: Open = open_vault
) -> SecretStoreBench:
    """On ``kv`` (version 2) or ``old`` (version 1), let in by ``token`` or ``approle``."""
    folder, line = uuid.uuid4().hex, Line()
    policy = bao.policy(readable(mount, folder))
    given, config = Given(), {"auth": auth}
    if auth == "approle":
        role, role_id = bao.role(policy, token_ttl="20m", token_max_ttl="1h")
        config["role_id"] = role_id
        given.values["secret_id"] = bao.secret_id(role)
    else:
        given.values["token"] = bao.token(policy)

    def new_login() -> None:
        if auth == "approle":
            old = given.values["secret_id"]
            given.values["secret_id"] = bao.secret_id(role)
            bao.call("POST", f"auth/approle/role/{role}/secret-id/destroy", {"secret_id": old})
            bao.call("PUT", "sys/leases/revoke-prefix/auth/approle/login", {"sync": True})
        else:
            old = given.values["token"]
            given.values["token"] = bao.token(policy)
            bao.revoke_token(old)

    other = f"{mount}/{uuid.uuid4().hex}/secret"
    put_in_bao(bao, other, "of another")
    store = open_store(vault_profile(bao.endpoint, given, line.connect, **config))
    wrong = Given({name: str(uuid.uuid4()) for name in given.values})
    return SecretStoreBench(
        store=store,
        folder=f"{mount}/{folder}",
        put=lambda path, value: put_in_bao(bao, path, value),
        forbidden=(store, other),
        stranger=open_store(vault_profile(bao.endpoint, wrong, **config)),
        outage=lambda: line.cut(store),
        new_login=new_login,
        secrets=given.secrets,
    )


def vault_lease_bench(bao: OpenBao, path: str, database: str) -> SecretLeaseBench:
    """Roles of a real PostgreSQL, made by OpenBao's database engine."""
    policy = bao.policy({path: ["read"], "sys/leases/revoke": ["update"]})
    given = Given({"token": bao.token(policy)})

    def counts(one: Secret) -> bool:
        role = json.loads(one.value)["username"]
        with psycopg.connect(database.replace("+psycopg", "")) as connection:
            found = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
            return found.fetchone() is not None

    store = open_vault(vault_profile(bao.endpoint, given))
    return SecretLeaseBench(store, path, counts, lambda: datetime.now(UTC))


def vault_http_bench(bao: OpenBao) -> SecretHttpBench:
    """By AppRole, on KV version 2: three requests for the first read."""
    folder = uuid.uuid4().hex
    role, role_id = bao.role(bao.policy(readable("kv", folder)))
    given = Given({"secret_id": bao.secret_id(role)})
    value = uuid.uuid4().hex
    put_in_bao(bao, f"kv/{folder}/one", {"password": value, "user": "shop"})

    def open_at(endpoint: str, connect: Connect) -> SecretStore:
        config = {"auth": "approle", "role_id": role_id}
        return open_vault(Connection(endpoint, connect, config, given.credentials(), timeout_s=1))

    return SecretHttpBench(
        bao.endpoint, open_at, f"kv/{folder}/one", "password", value, given.secrets
    )


# ---------------------------------------------------------------- AWS


READ = "secretsmanager:GetSecretValue"


def given_keys(keys: Keys) -> Given:
    return Given({"access_key_id": keys.access_key, "secret_access_key": keys.secret_key})


def aws_profile(
    endpoint: str, given: Given, connect: Connect = direct, timeout_s: int = 5, **config: Any
) -> Connection:
    whole = {"region": REGION, "sts_endpoint": endpoint, **config}
    return Connection(endpoint, connect, whole, given.credentials(), timeout_s=timeout_s)


def put_in_moto(moto: Moto, path: str, value: str | Mapping[str, str]) -> str:
    text = value if isinstance(value, str) else json.dumps(dict(value))
    names = moto.secret("ListSecrets", {"Filters": [{"Key": "name", "Values": [path]}]})
    is_there = any(one["Name"] == path for one in names["SecretList"])
    action = "PutSecretValue" if is_there else "CreateSecret"
    named = {"SecretId": path} if is_there else {"Name": path}
    made = moto.secret(
        action, {**named, "SecretString": text, "ClientRequestToken": str(uuid.uuid4())}
    )
    return f"?version={made['VersionId']}"


def aws_bench(moto: Moto, login: str, open_store: Open = open_aws) -> SecretStoreBench:
    """Let in by ``keys`` that may read, or by a ``role`` that the keys take on."""
    line, folder = Line(), uuid.uuid4().hex
    user = moto.user(READ) if login == "keys" else moto.user("sts:AssumeRole")
    config = {"role_arn": moto.role(READ)} if login == "role" else {}
    keys = [moto.keys(user)]
    given = given_keys(keys[0])

    def new_login() -> None:
        keys.append(moto.keys(user))
        given.values |= given_keys(keys[-1]).values
        moto.end_keys(user, keys[-2])

    nobody = moto.user()
    put_in_moto(moto, f"{folder}-other/secret", "of another")
    store = open_store(aws_profile(moto.endpoint, given, line.connect, **config))
    wrong = given_keys(Keys(keys[0].access_key, "w" * 40))
    return SecretStoreBench(
        store=store,
        folder=folder,
        put=lambda path, value: put_in_moto(moto, path, value),
        # moto asks for the right to an action, whatever it is done to.
        forbidden=(
            open_store(aws_profile(moto.endpoint, given_keys(moto.keys(nobody)))),
            f"{folder}-other/secret",
        ),
        stranger=open_store(aws_profile(moto.endpoint, wrong, **config)),
        outage=lambda: line.cut(store),
        new_login=new_login,
        secrets=given.secrets,
    )


def aws_http_bench(moto: Moto) -> SecretHttpBench:
    """With a role: two requests for the first read."""
    folder, value = uuid.uuid4().hex, uuid.uuid4().hex
    given = given_keys(moto.keys(moto.user("sts:AssumeRole")))
    role = moto.role(READ)
    put_in_moto(moto, f"{folder}/one", {"password": value, "user": "shop"})
    return SecretHttpBench(
        moto.endpoint,
        lambda endpoint, connect: open_aws(
            aws_profile(endpoint, given, connect, timeout_s=1, role_arn=role)
        ),
        f"{folder}/one",
        "password",
        value,
        given.secrets,
    )
