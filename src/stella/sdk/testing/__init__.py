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
    from stella.sdk.testing.feed_checks import FEED_CHECKS, FeedBench
    from stella.sdk.testing.metrics_checks import METRICS_CHECKS, MetricsBench
    from stella.sdk.testing.others import (
        SimulatedFeed,
        SimulatedMetrics,
        SimulatedPolicyPack,
        SimulatedRouter,
    )
    from stella.sdk.testing.policy_pack_checks import POLICY_PACK_CHECKS, PolicyPackBench
    from stella.sdk.testing.router_checks import ROUTER_CHECKS, RouterBench
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
    from stella.sdk.testing.step_checks import STEP_CHECKS, StepBench

__all__ = [
    "CHECK_CHECKS",
    "FEED_CHECKS",
    "METRICS_CHECKS",
    "POLICY_PACK_CHECKS",
    "REGISTRY_CHECKS",
    "ROUTER_CHECKS",
    "SECRET_HTTP_CHECKS",
    "SECRET_LEASE_CHECKS",
    "SECRET_STORE_CHECKS",
    "SIMULATED_HOST",
    "STEP_CHECKS",
    "TARGET_CHECKS",
    "CheckBench",
    "FeedBench",
    "MetricsBench",
    "PolicyPackBench",
    "RegistryBench",
    "RouterBench",
    "SecretHttpBench",
    "SecretLeaseBench",
    "SecretStoreBench",
    "SimulatedEngine",
    "SimulatedFeed",
    "SimulatedHost",
    "SimulatedMetrics",
    "SimulatedPolicyPack",
    "SimulatedRegistry",
    "SimulatedRouter",
    "SimulatedSecretStore",
    "SimulatedStep",
    "StepBench",
    "TargetBench",
    "open_simulated",
]


_LATE = (
    "check_checks",
    "feed_checks",
    "metrics_checks",
    "others",
    "policy_pack_checks",
    "router_checks",
    "secret_checks",
    "secret_faults",
    "secret_store",
    "step",
    "step_checks",
)


def __getattr__(name: str) -> object:
    """What only tests need, late: the server imports this package for its simulated registry."""
    if name in __all__:
        from importlib import import_module

        for module in (import_module(f"{__name__}.{late}") for late in _LATE):
            if hasattr(module, name):
                return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
