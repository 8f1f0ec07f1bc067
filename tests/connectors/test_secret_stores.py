"""Our secret stores hold what the kit asks of everybody's, against the real thing."""

from collections.abc import Callable

import pytest

from connectors.stores import (
    aws_bench,
    aws_http_bench,
    simulated_bench,
    simulated_lease_bench,
    vault_bench,
    vault_http_bench,
    vault_lease_bench,
)
from fixtures.secret_stores import Moto, OpenBao
from stella.sdk.testing import (
    SECRET_HTTP_CHECKS,
    SECRET_LEASE_CHECKS,
    SECRET_STORE_CHECKS,
    SecretHttpBench,
    SecretLeaseBench,
    SecretStoreBench,
)

stores = pytest.mark.parametrize("check", SECRET_STORE_CHECKS, ids=lambda check: check.__name__)
leases = pytest.mark.parametrize("check", SECRET_LEASE_CHECKS, ids=lambda check: check.__name__)
by_http = pytest.mark.parametrize("check", SECRET_HTTP_CHECKS, ids=lambda check: check.__name__)


@stores
def test_the_simulated_store(check: Callable[[SecretStoreBench], None]) -> None:
    check(simulated_bench())


@leases
def test_the_leases_of_the_simulated_store(check: Callable[[SecretLeaseBench], None]) -> None:
    check(simulated_lease_bench())


@pytest.mark.stores
@pytest.mark.parametrize("auth", ["token", "approle"])
@pytest.mark.parametrize("mount", ["kv", "old"])
@stores
def test_vault(
    check: Callable[[SecretStoreBench], None], mount: str, auth: str, openbao: OpenBao
) -> None:
    check(vault_bench(openbao, mount, auth))


@pytest.mark.stores
@pytest.mark.postgres
@leases
def test_the_leases_of_vault(
    check: Callable[[SecretLeaseBench], None],
    openbao: OpenBao,
    openbao_database: str,
    postgres: str,
) -> None:
    check(vault_lease_bench(openbao, openbao_database, postgres))


@pytest.mark.stores
@by_http
def test_vault_by_http(check: Callable[[SecretHttpBench], None], openbao: OpenBao) -> None:
    check(vault_http_bench(openbao))


@pytest.mark.stores
@pytest.mark.parametrize("login", ["keys", "role"])
@stores
def test_aws(check: Callable[[SecretStoreBench], None], login: str, moto: Moto) -> None:
    check(aws_bench(moto, login))


@pytest.mark.stores
@by_http
def test_aws_by_http(check: Callable[[SecretHttpBench], None], moto: Moto) -> None:
    check(aws_http_bench(moto))
