"""For plugin authors' tests, and for machines where nothing can run: simulated services of every kind,
and the conformance kits that every plugin passes.
"""

from typing import TYPE_CHECKING

from stella.kernel.door import late
from stella.sdk.testing.conformance import (
    REGISTRY_CHECKS,
    TAKE_DOWN_CHECKS,
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
    from stella.sdk.testing.directory import SimulatedDirectory
    from stella.sdk.testing.directory_checks import DIRECTORY_CHECKS, DirectoryBench
    from stella.sdk.testing.feed_checks import FEED_CHECKS, FeedBench
    from stella.sdk.testing.identity_checks import IDENTITY_PROVIDER_CHECKS, IdentityProviderBench
    from stella.sdk.testing.identity_provider import SimulatedIdentityProvider
    from stella.sdk.testing.language_checks import LANGUAGE_MODEL_CHECKS, LanguageModelBench
    from stella.sdk.testing.metrics_checks import METRICS_CHECKS, MetricsBench
    from stella.sdk.testing.notifier import SimulatedNotifier
    from stella.sdk.testing.notifier_checks import NOTIFIER_CHECKS, NotifierBench
    from stella.sdk.testing.object_checks import OBJECT_STORE_CHECKS, ObjectStoreBench
    from stella.sdk.testing.object_store import SimulatedObjectStore
    from stella.sdk.testing.others import (
        SimulatedFeed,
        SimulatedLanguageModel,
        SimulatedMetrics,
        SimulatedPolicyPack,
        SimulatedRouter,
    )
    from stella.sdk.testing.policy_pack_checks import POLICY_PACK_CHECKS, PolicyPackBench
    from stella.sdk.testing.registry_faults import REGISTRY_HTTP_CHECKS, RegistryHttpBench
    from stella.sdk.testing.router_checks import ROUTER_CHECKS, RouterBench
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
    from stella.sdk.testing.step import SimulatedStep
    from stella.sdk.testing.step_checks import STEP_CHECKS, StepBench
    from stella.sdk.testing.webhook import SimulatedWebhook
    from stella.sdk.testing.webhook_checks import WEBHOOK_CHECKS, WebhookBench

__all__ = [
    "CHECK_CHECKS",
    "CI_CHECKS",
    "DIRECTORY_CHECKS",
    "FEED_CHECKS",
    "IDENTITY_PROVIDER_CHECKS",
    "LANGUAGE_MODEL_CHECKS",
    "METRICS_CHECKS",
    "NOTIFIER_CHECKS",
    "OBJECT_STORE_CHECKS",
    "POLICY_PACK_CHECKS",
    "REGISTRY_CHECKS",
    "REGISTRY_HTTP_CHECKS",
    "ROUTER_CHECKS",
    "SCM_CHECKS",
    "SECRET_HTTP_CHECKS",
    "SECRET_LEASE_CHECKS",
    "SECRET_STORE_CHECKS",
    "SERVICE_HTTP_CHECKS",
    "SIMULATED_COMMIT",
    "SIMULATED_HOST",
    "STEP_CHECKS",
    "TAKE_DOWN_CHECKS",
    "TARGET_CHECKS",
    "WEBHOOK_CHECKS",
    "CheckBench",
    "CiBench",
    "DirectoryBench",
    "FeedBench",
    "IdentityProviderBench",
    "LanguageModelBench",
    "MetricsBench",
    "NotifierBench",
    "ObjectStoreBench",
    "PolicyPackBench",
    "RegistryBench",
    "RegistryHttpBench",
    "RouterBench",
    "ScmBench",
    "SecretHttpBench",
    "SecretLeaseBench",
    "SecretStoreBench",
    "ServiceHttpBench",
    "SimulatedCi",
    "SimulatedDirectory",
    "SimulatedEngine",
    "SimulatedFeed",
    "SimulatedHost",
    "SimulatedIdentityProvider",
    "SimulatedLanguageModel",
    "SimulatedMetrics",
    "SimulatedNotifier",
    "SimulatedObjectStore",
    "SimulatedPolicyPack",
    "SimulatedRegistry",
    "SimulatedRepository",
    "SimulatedRouter",
    "SimulatedScm",
    "SimulatedSecretStore",
    "SimulatedStep",
    "SimulatedWebhook",
    "StepBench",
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
        "directory": "SimulatedDirectory",
        "directory_checks": "DIRECTORY_CHECKS DirectoryBench",
        "feed_checks": "FEED_CHECKS FeedBench",
        "identity_checks": "IDENTITY_PROVIDER_CHECKS IdentityProviderBench",
        "identity_provider": "SimulatedIdentityProvider",
        "language_checks": "LANGUAGE_MODEL_CHECKS LanguageModelBench",
        "metrics_checks": "METRICS_CHECKS MetricsBench",
        "notifier": "SimulatedNotifier",
        "notifier_checks": "NOTIFIER_CHECKS NotifierBench",
        "object_checks": "OBJECT_STORE_CHECKS ObjectStoreBench",
        "object_store": "SimulatedObjectStore",
        "others": (
            "SimulatedFeed SimulatedLanguageModel SimulatedMetrics SimulatedPolicyPack "
            "SimulatedRouter"
        ),
        "policy_pack_checks": "POLICY_PACK_CHECKS PolicyPackBench",
        "registry_faults": "REGISTRY_HTTP_CHECKS RegistryHttpBench",
        "router_checks": "ROUTER_CHECKS RouterBench",
        "scm": "SimulatedRepository SimulatedScm kit_history",
        "scm_checks": "SCM_CHECKS ScmBench",
        "secret_checks": (
            "SECRET_LEASE_CHECKS SECRET_STORE_CHECKS SecretHttpBench SecretLeaseBench "
            "SecretStoreBench"
        ),
        "secret_faults": "SECRET_HTTP_CHECKS",
        "secret_store": "SimulatedSecretStore",
        "service_faults": "SERVICE_HTTP_CHECKS ServiceHttpBench",
        "step": "SimulatedStep",
        "step_checks": "STEP_CHECKS StepBench",
        "webhook": "SimulatedWebhook",
        "webhook_checks": "WEBHOOK_CHECKS WebhookBench",
    },
)
"""What only tests need, late: the server imports this package for its simulated registry."""
