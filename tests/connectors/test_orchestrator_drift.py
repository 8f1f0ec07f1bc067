"""What a target says beside what runs, an instance too few or a change of others, is drift."""

import pytest

from stella.deployment.drift import Drift, observe
from stella.deployment.plan import PlannedService, PlannedTarget

DIGEST = f"sha256:{'1' * 64}"
WEB = PlannedService("web", f"shop/web@{DIGEST}", DIGEST, (), {})
TARGET = PlannedTarget("cluster", "nomad", "agent", "shop", (WEB,), {}, (), {})
UP = {"component": "web", "name": "web", "digest": DIGEST, "state": "running", "healthy": True}


@pytest.mark.parametrize(
    ("state", "drift", "detail"),
    [
        ("changed", Drift.DRIFTED, "1 of 2 run"),
        ("missing", Drift.DRIFTED, "1 of 2 run"),
        ("exited", Drift.NONE, ""),
    ],
)
def test_a_row_that_says_what_is_wrong_is_drift_though_the_rest_runs(
    state: str, drift: Drift, detail: str
) -> None:
    off = {"component": "web", "name": "1 of 2 run", "digest": None, "state": state}
    (web,) = observe(TARGET, [UP, off])
    assert (web.drift, web.detail, web.running) == (drift, detail, 1)
