"""For plugin authors' tests, and for machines where nothing can run: a simulated registry, host and
secret store, and the conformance kits that every connector passes.
"""

from typing import TYPE_CHECKING

from stella.kernel.door import late
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
    from stella.sdk.testing.notifier import SimulatedNotifier
    from stella.sdk.testing.notifier_checks import NOTIFIER_CHECKS, NotifierBench
    from stella.sdk.testing.object_checks import OBJECT_STORE_CHECKS, ObjectStoreBench
    from stella.sdk.testing.object_store import SimulatedObjectStore
    from stella.sdk.testing.secret_checks import (
        SECRET_LEASE_CHECKS,
        SECRET_STORE_CHECKS,
        SecretHttpBench,
        SecretLeaseBench,
        SecretStoreBench,
    )
    from stella.sdk.testing.secret_faults import SECRET_HTTP_CHECKS
    from stella.sdk.testing.secret_store import SimulatedSecretStore
    from stella.sdk.testing.service_faults import SERVICE_HTTP_CHECKS, ServiceHttpBench

__all__ = [
    "CHECK_CHECKS",
    "NOTIFIER_CHECKS",
    "OBJECT_STORE_CHECKS",
    "REGISTRY_CHECKS",
    "SECRET_HTTP_CHECKS",
    "SECRET_LEASE_CHECKS",
    "SECRET_STORE_CHECKS",
    "SERVICE_HTTP_CHECKS",
    "SIMULATED_HOST",
    "TARGET_CHECKS",
    "CheckBench",
    "NotifierBench",
    "ObjectStoreBench",
    "RegistryBench",
    "SecretHttpBench",
    "SecretLeaseBench",
    "SecretStoreBench",
    "ServiceHttpBench",
    "SimulatedEngine",
    "SimulatedHost",
    "SimulatedNotifier",
    "SimulatedObjectStore",
    "SimulatedRegistry",
    "SimulatedSecretStore",
    "TargetBench",
    "open_simulated",
]


__getattr__ = late(
    __name__,
    {
        "check_checks": "CHECK_CHECKS CheckBench",
        "notifier": "SimulatedNotifier",
        "notifier_checks": "NOTIFIER_CHECKS NotifierBench",
        "object_checks": "OBJECT_STORE_CHECKS ObjectStoreBench",
        "object_store": "SimulatedObjectStore",
        "secret_checks": (
            "SECRET_LEASE_CHECKS SECRET_STORE_CHECKS SecretHttpBench SecretLeaseBench SecretStoreBench"
        ),
        "secret_faults": "SECRET_HTTP_CHECKS",
        "secret_store": "SimulatedSecretStore",
        "service_faults": "SERVICE_HTTP_CHECKS ServiceHttpBench",
    },
)
"""What only tests need, late: the server imports this package for its simulated registry."""
