"""For plugin authors' tests, and for machines where nothing can run: a simulated registry, host and
secret store, and the conformance kits that every connector passes.
"""

from typing import TYPE_CHECKING

from stella.sdk.testing.conformance import (
    REGISTRY_CHECKS,
    TARGET_CHECKS,
    RegistryBench,
    TargetBench,
)
from stella.sdk.testing.engine import SimulatedEngine, open_simulated
from stella.sdk.testing.host import SimulatedHost
from stella.sdk.testing.registry import SIMULATED_HOST, SimulatedRegistry

if TYPE_CHECKING:
    from stella.sdk.testing.check_checks import CHECK_CHECKS, CheckBench
    from stella.sdk.testing.secret_checks import (
        SECRET_LEASE_CHECKS,
        SECRET_STORE_CHECKS,
        SecretHttpBench,
        SecretLeaseBench,
        SecretStoreBench,
    )
    from stella.sdk.testing.secret_faults import SECRET_HTTP_CHECKS
    from stella.sdk.testing.secret_store import SimulatedSecretStore
    from stella.sdk.testing.step import SimulatedStep

__all__ = [
    "CHECK_CHECKS",
    "REGISTRY_CHECKS",
    "SECRET_HTTP_CHECKS",
    "SECRET_LEASE_CHECKS",
    "SECRET_STORE_CHECKS",
    "SIMULATED_HOST",
    "TARGET_CHECKS",
    "CheckBench",
    "RegistryBench",
    "SecretHttpBench",
    "SecretLeaseBench",
    "SecretStoreBench",
    "SimulatedEngine",
    "SimulatedHost",
    "SimulatedRegistry",
    "SimulatedSecretStore",
    "SimulatedStep",
    "TargetBench",
    "open_simulated",
]


def __getattr__(name: str) -> object:
    """What only tests need, late: the server imports this package for its simulated registry."""
    if name in __all__:
        from stella.sdk.testing import (
            check_checks,
            secret_checks,
            secret_faults,
            secret_store,
            step,
        )

        for module in (check_checks, secret_store, secret_checks, secret_faults, step):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
