"""For plugin authors' tests, and for machines where nothing can run: a simulated registry and
host, and the conformance kits that every connector passes.
"""

from stella.sdk.testing.conformance import (
    REGISTRY_CHECKS,
    TARGET_CHECKS,
    RegistryBench,
    TargetBench,
)
from stella.sdk.testing.engine import SimulatedEngine, open_simulated
from stella.sdk.testing.host import SimulatedHost
from stella.sdk.testing.registry import SIMULATED_HOST, SimulatedRegistry

__all__ = [
    "REGISTRY_CHECKS",
    "SIMULATED_HOST",
    "TARGET_CHECKS",
    "RegistryBench",
    "SimulatedEngine",
    "SimulatedHost",
    "SimulatedRegistry",
    "TargetBench",
    "open_simulated",
]
