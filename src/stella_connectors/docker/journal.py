"""What ran before, written down before anything is changed: a killed agent finds its way back."""

import json
from collections.abc import Callable
from typing import Any

from stella.sdk import Host, Json, TargetIntent, TargetPlan, canonical_json, digest_of

_NAME = "stella.apply.json"


def begin(host: Host, intent: TargetIntent, plan: TargetPlan, look: Callable[[], Json]) -> Any:
    """What ``look`` found before this plan was first tried for this deployment.

    Tried again after a crash, it is what was found then: by now the host shows half of the new.
    """
    key = digest_of(
        {
            "deployment": intent.deployment,
            "actions": [[a.verb, a.subject, list(a.argv)] for a in plan.actions],
            "files": dict(plan.files),
        }
    ).text
    kept = json.loads(host.read(_NAME) or b"{}")
    if kept.get("key") == key:
        host.log("going on with what was begun before")
        return kept["before"]
    before = look()
    host.write(_NAME, canonical_json({"key": key, "before": before}))
    return before


def end(host: Host) -> None:
    """Nothing is half-done any more."""
    host.write(_NAME, b"{}")
