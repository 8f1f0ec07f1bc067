"""Our stores in a process of their own, as a stranger's are: the same kit, over the host's sockets."""

from collections.abc import Callable, Iterator

import pytest

from connectors.stores import aws_bench, vault_bench
from fixtures.secret_stores import Moto, OpenBao
from stella.plugin.contract.connection import Connection
from stella.plugin.contract.core import Kind
from stella.plugin.contract.secret_store import SecretStore
from stella.plugin.manifest import manifest_beside
from stella.sdk.apart.opened import connected_apart
from stella.sdk.apart.process import PluginProcess, PluginSource
from stella.sdk.testing import SECRET_STORE_CHECKS, SecretStoreBench

CUTTING = {"an_outage_is_unreachable_while_it_lasts", "nothing_secret_is_told"}
"""They cut the line, and a process keeps its connections to itself."""

checks = pytest.mark.parametrize(
    "check",
    [one for one in SECRET_STORE_CHECKS if one.__name__ not in CUTTING],
    ids=lambda check: check.__name__,
)
Open = Callable[[Connection], SecretStore]


def apart(package: str, name: str) -> Iterator[Open]:
    module = f"stella_connectors.{package}"
    process = PluginProcess(PluginSource(manifest_beside(module), f"{module}:PLUGIN"))
    yield lambda connection: connected_apart(process, Kind.SECRET_STORE, name, connection)
    process.close()


@pytest.fixture(scope="module")
def open_vault() -> Iterator[Open]:
    yield from apart("vault", "vault")


@pytest.fixture(scope="module")
def open_aws() -> Iterator[Open]:
    yield from apart("aws_secrets", "aws-sm")


@pytest.mark.stores
@checks
def test_vault_apart(
    check: Callable[[SecretStoreBench], None], openbao: OpenBao, open_vault: Open
) -> None:
    check(vault_bench(openbao, "kv", "approle", open_vault))


@pytest.mark.stores
@checks
def test_aws_apart(check: Callable[[SecretStoreBench], None], moto: Moto, open_aws: Open) -> None:
    check(aws_bench(moto, "role", open_aws))
