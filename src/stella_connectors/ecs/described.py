"""Whether a task definition, as ECS tells it, is the one that would be registered.

Source: Amazon ECS API Reference, "RegisterTaskDefinition", for what ECS fills in by itself.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

# Of the answer alone: they say when and by whom, not what.
_OF_THE_ANSWER = frozenset(
    {
        "compatibilities",
        "registeredAt",
        "registeredBy",
        "requiresAttributes",
        "revision",
        "status",
        "taskDefinitionArn",
    }
)
_FILLED_IN: Mapping[str, object] = {
    "driver": "local",
    "essential": True,
    "interval": 30,
    "networkMode": "bridge",
    "protocol": "tcp",
    "restartAttemptPeriod": 300,
    "retries": 3,
    "rootDirectory": "/",
    "scope": "task",
    "timeout": 5,
    "versionConsistency": "enabled",
}
_UNITS = {"vcpu": 1024, "gb": 1024}
_AMOUNT = re.compile(r"([0-9]*\.?[0-9]+)\s*(vcpu|gb)\Z", re.IGNORECASE)


def is_same(task: Mapping[str, Any], told: Mapping[str, Any]) -> bool:
    """Every key of ``task`` says the same there, and nothing is there beside what ECS fills in."""
    return _is_same(task, {k: v for k, v in told.items() if k not in _OF_THE_ANSWER}, "")


def _is_same(wanted: Any, told: Any, key: str) -> bool:
    if wanted is None:
        return not told or key == "hostPort" or _FILLED_IN.get(key) == told
    if not wanted:
        return not told
    if isinstance(wanted, Mapping):
        return isinstance(told, Mapping) and all(
            _is_same(wanted.get(name), told.get(name), name) for name in {*wanted, *told}
        )
    if isinstance(wanted, list):
        return (
            isinstance(told, list)
            and len(wanted) == len(told)
            and all(map(_is_same, _ordered(wanted), _ordered(told), [key] * len(wanted)))
        )
    return _amount(wanted, key) == _amount(told, key)


def _ordered(those: Sequence[Any]) -> list[Any]:
    """By name where all have one: ECS keeps such lists as sets."""
    if all(isinstance(one, Mapping) and isinstance(one.get("name"), str) for one in those):
        return sorted(those, key=lambda one: str(one["name"]))
    return [*those]


def _amount(value: Any, key: str) -> str:
    """As text; of processors and memory in the units that ECS counts in."""
    match = _AMOUNT.match(str(value)) if key in {"cpu", "memory"} else None
    if match is None:
        return str(value)
    return str(int(float(match[1]) * _UNITS[match[2].lower()]))
