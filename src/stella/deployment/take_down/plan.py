"""What a take-down will do on each target, as data: shown, hashed, then carried out."""

import msgspec

from stella.deployment.plan import PlannedRelease, PlannedTarget, intent_of_parts
from stella.kernel import Json, canonical_json
from stella.plugin.contract.target import TargetIntent


class TakenTarget(PlannedTarget, frozen=True, kw_only=True):
    """One place at which something was begun. deployment: the last one that did; release: its release.

    target: its name; where that stood for more places, the older ones have a dot and a number after it.

    The rest is as that deployment had it, whatever the target's document says since: it is what is on
    the host. actions: of the removal. plugin: who brings the connector now.
    """

    deployment: str
    release: PlannedRelease


class TakeDownPlan(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """The whole take-down, one target for each place, in order of name.

    The same hosts and plugins give the same bytes.
    """

    environment: str
    targets: tuple[TakenTarget, ...]
    schema: int = 1

    def target(self, name: str) -> TakenTarget | None:
        """The part of the plan for one target."""
        return next((one for one in self.targets if one.target == name), None)


def plan_bytes(plan: TakeDownPlan) -> bytes:
    """The plan as canonical JSON."""
    plain: Json = msgspec.to_builtins(plan)
    return canonical_json(plain)


def read_take_down_plan(content: bytes) -> TakeDownPlan:
    """A plan that ``plan_bytes`` wrote."""
    return msgspec.json.decode(content, type=TakeDownPlan)


def removal_intent(plan: TakeDownPlan, target: TakenTarget, take_down: str) -> TargetIntent:
    """What an order tells the agent to take away."""
    return intent_of_parts(plan.environment, target.release, target, take_down)
