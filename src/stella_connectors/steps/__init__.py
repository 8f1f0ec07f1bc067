"""Steps of deployments."""

from stella.sdk import Plugin
from stella_connectors.steps.http_check import HttpCheck
from stella_connectors.steps.trigger_build import TriggerBuild
from stella_connectors.steps.verify_metrics import VerifyMetrics

PLUGIN = Plugin(
    steps={
        "http-check": HttpCheck,
        "trigger-build": TriggerBuild,
        "verify-metrics": VerifyMetrics,
    }
)

__all__ = ["PLUGIN", "HttpCheck", "TriggerBuild", "VerifyMetrics"]
