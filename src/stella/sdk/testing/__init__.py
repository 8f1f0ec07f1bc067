"""For plugin authors' tests, and for machines where nothing can run: simulated services of every kind,
and the conformance kits that every plugin passes.
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
    from stella.sdk.testing.ci import SIMULATED_COMMIT, SimulatedCi
    from stella.sdk.testing.ci_checks import CI_CHECKS, CiBench
    from stella.sdk.testing.scm import SimulatedRepository, SimulatedScm, kit_history
    from stella.sdk.testing.scm_checks import SCM_CHECKS, ScmBench
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
    from stella.sdk.testing.webhook import SimulatedWebhook
    from stella.sdk.testing.webhook_checks import WEBHOOK_CHECKS, WebhookBench

__all__ = [
    "CHECK_CHECKS",
    "CI_CHECKS",
    "REGISTRY_CHECKS",
    "SCM_CHECKS",
    "SECRET_HTTP_CHECKS",
    "SECRET_LEASE_CHECKS",
    "SECRET_STORE_CHECKS",
    "SERVICE_HTTP_CHECKS",
    "SIMULATED_COMMIT",
    "SIMULATED_HOST",
    "TARGET_CHECKS",
    "WEBHOOK_CHECKS",
    "CheckBench",
    "CiBench",
    "RegistryBench",
    "ScmBench",
    "SecretHttpBench",
    "SecretLeaseBench",
    "SecretStoreBench",
    "ServiceHttpBench",
    "SimulatedCi",
    "SimulatedEngine",
    "SimulatedHost",
    "SimulatedRegistry",
    "SimulatedRepository",
    "SimulatedScm",
    "SimulatedSecretStore",
    "SimulatedWebhook",
    "TargetBench",
    "WebhookBench",
    "kit_history",
    "open_simulated",
]


__getattr__ = late(
    __name__,
    {
        "check_checks": "CHECK_CHECKS CheckBench",
        "ci": "SIMULATED_COMMIT SimulatedCi",
        "ci_checks": "CI_CHECKS CiBench",
        "scm": "SimulatedRepository SimulatedScm kit_history",
        "scm_checks": "SCM_CHECKS ScmBench",
        "secret_checks": (
            "SECRET_LEASE_CHECKS SECRET_STORE_CHECKS SecretHttpBench SecretLeaseBench "
            "SecretStoreBench"
        ),
        "secret_faults": "SECRET_HTTP_CHECKS",
        "secret_store": "SimulatedSecretStore",
        "service_faults": "SERVICE_HTTP_CHECKS ServiceHttpBench",
        "webhook": "SimulatedWebhook",
        "webhook_checks": "WEBHOOK_CHECKS WebhookBench",
    },
)
"""What only tests need, late: the server imports this package for its simulated registry."""
