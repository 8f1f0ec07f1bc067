"""Does what runs on a target match what was deployed there? Compared by digest, never by tag."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stella.deployment.plan import PlannedTarget


class Drift(StrEnum):
    """``unknown``: the target has not reported, which is no good news."""

    NONE = "none"
    DRIFTED = "drifted"
    UNKNOWN = "unknown"


class Health(StrEnum):
    """What the engine says of the containers."""

    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Observed:
    """One component on one target. running: containers that run it; detail: what differs."""

    component: str
    drift: Drift
    health: Health
    running: int
    detail: str = ""


def observe(
    target: PlannedTarget,
    reported: Iterable[Mapping[str, Any]] | None,
    *,
    why_not: str = "the agent has not reported",
) -> tuple[Observed, ...]:
    """Each component of ``target`` beside what its agent reported; None: unknown, ``why_not``."""
    if reported is None:
        return tuple(
            Observed(one.component, Drift.UNKNOWN, Health.UNKNOWN, 0, why_not)
            for one in target.services
        )
    containers = list(reported)
    seen = []
    for service in target.services:
        # An index or a platform manifest under it: an engine may name either.
        wanted = {service.digest, *service.platform_digests}
        own = [one for one in containers if one.get("component") == service.component]
        up = [one for one in own if one.get("state") == "running"]
        strangers = [one for one in up if one.get("digest") not in wanted]
        # Not what runs, but what a target says of it: an instance too few, or changed by others.
        off = [one for one in own if one.get("state") in {"changed", "missing"}]
        if not up:
            drift, detail = Drift.DRIFTED, "nothing runs"
        elif strangers:
            drift, detail = Drift.DRIFTED, f"{strangers[0].get('digest') or 'no digest'} runs"
        elif off:
            drift, detail = Drift.DRIFTED, str(off[0].get("name") or off[0]["state"])
        else:
            drift, detail = Drift.NONE, ""
        seen.append(Observed(service.component, drift, _health(up), len(up), detail))
    return tuple(seen)


def _health(up: list[Mapping[str, Any]]) -> Health:
    said = {one.get("healthy") for one in up}
    if not up or False in said:
        return Health.UNHEALTHY
    return Health.HEALTHY if said == {True} else Health.UNKNOWN
