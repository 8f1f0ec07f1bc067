"""Prometheus, and what answers its HTTP API."""

from stella.sdk import Plugin
from stella_connectors.prometheus.source import PrometheusSource

PLUGIN = Plugin(metric_sources={"prometheus": PrometheusSource})

__all__ = ["PLUGIN", "PrometheusSource"]
