"""May it go? Rules in Rego, and what they say."""

from stella.policy.bundle import (
    bundle_bytes,
    load_bundle,
    parse_bundle,
    starter_bundle,
    starter_files,
)
from stella.policy.engine import Ask, EngineError, PolicyCostsTooMuch
from stella.policy.errors import MalformedPolicyInput
from stella.policy.evaluate import evaluate, gate_input
from stella.policy.model import PolicyBundle, PolicyResult, RuleResult
from stella.policy.needs import Need, needs_of
from stella.policy.verdict import StatedFindings, read_states, verdict_digest

__all__ = [
    "Ask",
    "EngineError",
    "MalformedPolicyInput",
    "Need",
    "PolicyBundle",
    "PolicyCostsTooMuch",
    "PolicyResult",
    "RuleResult",
    "StatedFindings",
    "bundle_bytes",
    "evaluate",
    "gate_input",
    "load_bundle",
    "needs_of",
    "parse_bundle",
    "read_states",
    "starter_bundle",
    "starter_files",
    "verdict_digest",
]
