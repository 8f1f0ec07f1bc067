"""A target's part of a deployment or of a take-down: what its agent is told, and how it ends."""

from collections.abc import Sequence
from typing import Any

from stella.deployment.finish import finish_target
from stella.deployment.plan import PlannedTarget, intent_of, read_plan
from stella.deployment.store import TargetDeployment
from stella.deployment.take_down.finish import finish_removal
from stella.deployment.take_down.plan import read_take_down_plan, removal_intent
from stella.plugin.contract.target import TargetIntent
from stella.plugin.order import Purpose
from stella.promotion.close import Ending
from stella.record import Tx


def planned_part(part: TargetDeployment, content: bytes) -> tuple[PlannedTarget, TargetIntent]:
    """Its part of the plan that it follows, and what its agent is to bring about by that."""
    if part.purpose == Purpose.TAKE_DOWN:
        removal = read_take_down_plan(content)
        taken = removal.target(part.target)
        assert taken is not None, "a target of a take-down follows a plan that has it"
        return taken, removal_intent(removal, taken, part.deployment)
    plan = read_plan(content)
    planned = plan.target(part.target)
    assert planned is not None, "a target deployment follows a plan that has its target"
    return planned, intent_of(plan, planned, part.deployment)


def end_part(
    tx: Tx,
    part: TargetDeployment,
    ending: Ending,
    *,
    code: str = "",
    message: str = "",
    running: Sequence[dict[str, Any]] = (),
) -> None:
    """A target has ended so: of a deployment, or of a take-down."""
    end = finish_removal if part.purpose == Purpose.TAKE_DOWN else finish_target
    end(tx, part.id, ending, code=code, message=message, running=running)
