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
    from stella.sdk.testing.directory import SimulatedDirectory
    from stella.sdk.testing.directory_checks import DIRECTORY_CHECKS, DirectoryBench
    from stella.sdk.testing.identity_checks import IDENTITY_PROVIDER_CHECKS, IdentityProviderBench
    from stella.sdk.testing.identity_provider import SimulatedIdentityProvider
    from stella.sdk.testing.secret_checks import (
        SECRET_LEASE_CHECKS,
        SECRET_STORE_CHECKS,
        SecretHttpBench,
        SecretLeaseBench,
        SecretStoreBench,
    )
    from stella.sdk.testing.secret_faults import SECRET_HTTP_CHECKS
    from stella.sdk.testing.secret_store import SimulatedSecretStore

__all__ = [
    "CHECK_CHECKS",
    "DIRECTORY_CHECKS",
    "IDENTITY_PROVIDER_CHECKS",
    "REGISTRY_CHECKS",
    "SECRET_HTTP_CHECKS",
    "SECRET_LEASE_CHECKS",
    "SECRET_STORE_CHECKS",
    "SIMULATED_HOST",
    "TARGET_CHECKS",
    "CheckBench",
    "DirectoryBench",
    "IdentityProviderBench",
    "RegistryBench",
    "SecretHttpBench",
    "SecretLeaseBench",
    "SecretStoreBench",
    "SimulatedDirectory",
    "SimulatedEngine",
    "SimulatedHost",
    "SimulatedIdentityProvider",
    "SimulatedRegistry",
    "SimulatedSecretStore",
    "TargetBench",
    "open_simulated",
]

_LATE = (
    "check_checks",
    "secret_store",
    "secret_checks",
    "secret_faults",
    "identity_provider",
    "identity_checks",
    "directory",
    "directory_checks",
)


def __getattr__(name: str) -> object:
    """What only tests need, late: the server imports this package for its simulated registry."""
    if name in __all__:
        from importlib import import_module

        for module in _LATE:
            found = import_module(f"{__name__}.{module}")
            if hasattr(found, name):
                return getattr(found, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
