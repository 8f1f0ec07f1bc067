"""The checks of secret stores that are spoken to by HTTP: each answer is broken in every way."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from stella.plugin.refusals import SecretNotFound, SecretStoreRefused, SecretStoreUnreachable
from stella.sdk.testing import service_faults
from stella.sdk.testing.secret_checks import SecretHttpBench
from stella.sdk.testing.service_faults import ServiceHttpBench

SecretHttpCheck = Callable[[SecretHttpBench], None]


def _of_stores(check: Callable[[ServiceHttpBench], None]) -> SecretHttpCheck:
    @wraps(check)
    def held(bench: SecretHttpBench) -> None:
        check(_as_service(bench))

    return held


def _as_service(bench: SecretHttpBench) -> ServiceHttpBench:
    def read(store: Any) -> None:
        assert store.read(bench.path, bench.key).value == bench.value
        assert store.check()

    return ServiceHttpBench(
        endpoint=bench.endpoint,
        open_at=bench.open_at,
        use=read,
        secrets=lambda: (bench.value, *bench.secrets()),
        unreachable=SecretStoreUnreachable,
        others=(SecretStoreRefused, SecretNotFound),
    )


SECRET_HTTP_CHECKS: tuple[SecretHttpCheck, ...] = tuple(
    _of_stores(check) for check in service_faults.SERVICE_HTTP_CHECKS
)
