"""Environments, targets, freeze windows."""

from typing import Any, Literal

from stella.api.views.base import PersonView, View
from stella.api.views.looking import Looking
from stella.api.views.releases import ReleaseRef, release_ref
from stella.deployment.store import current_deployment
from stella.environment.hold import find_hold
from stella.environment.lifecycles.model import Lifecycle
from stella.environment.lifecycles.store import list_lifecycles
from stella.environment.model import (
    Environment,
    Excluded,
    Freeze,
    Pick,
    PromotionRules,
    Target,
    configuration,
)
from stella.environment.store import list_freezes, list_targets
from stella.fleet import find_agent_by_name
from stella.kernel import digest_of, time_text
from stella.plugin.reached import reach_spec
from stella.policy.store import find_policy
from stella.record import Tx
from stella.record.owners import owner_of
from stella.release.store import find_release


class FreezeView(View):
    """A window in which nothing goes into an environment."""

    id: str
    environment: str
    starts_at: str
    ends_at: str
    reason: str
    by: PersonView
    ended_at: str | None
    holds: bool


class TargetConfigView(View):
    """One target as it was applied. agent_state: "unknown" where no agent of that name enrolled. reach:
    the way to the host from the agent, None where that is the agent's own.
    """

    name: str
    environment: str
    connector: str
    agent: str
    agent_state: str
    project: str
    components: list[str]
    config: dict[str, Any]
    labels: dict[str, str]
    reach: dict[str, Any] | None


class PolicyRef(View):
    """Which bundle the policy's name stands for now."""

    name: str
    digest: str


class ApprovalRuleView(View):
    """``count`` people, each named by name or role in ``approvers``.

    exclude: whose word is not taken. expires_after: hours for which an approval counts. after: the
    rule that has to have enough first. worsened: asked only where a new finding is that severe.
    """

    rule: str
    approvers: list[str]
    count: int
    exclude: list[Excluded]
    expires_after: int | None
    after: str | None
    worsened: str | None


class StepUseView(View):
    """A step that every deployment takes. inputs: ``with`` of the document."""

    name: str
    phase: str
    step: str
    inputs: dict[str, Any]


class SoakView(View):
    """How many hours a release has to have run in another environment first."""

    environment: str
    hours: int


class BreakGlassRuleView(View):
    """Who can let a promotion through gates in an emergency, two of them, and for how many hours."""

    by: list[str]
    hours_max: int


class AutomaticView(View):
    """What comes to run in ``from`` is asked for by itself: only what is newer, or whatever it is.

    from_: null where it is what has come through the phases before.
    """

    from_: str | None
    pick: Pick


class PromotionRulesView(View):
    """How requests are kept. expires_after: hours, null where they never expire.

    supersede: "older" where a request ends older ones for releases of the same name, else "none".
    automatic: null where people alone ask.
    """

    expires_after: int | None
    supersede: Literal["none", "older"]
    automatic: AutomaticView | None


class HoldView(View):
    """Nothing goes there by itself since then. promotion: the rollback that holds it, if one does."""

    at: str
    by: PersonView
    reason: str
    promotion: str | None


class CurrentView(View):
    """What runs there now."""

    release: ReleaseRef
    deployment: str
    at: str


class EnvironmentView(View):
    """An environment as the API shows it. order: from 0, each after the one it follows.

    owner: who keeps its document; null for nobody. ends_at: when it is over, null for never.
    lifecycles: those with a phase in which it is. reauthenticate_minutes: how long ago at most who
    approves anything here has proven who they are; null where that is not asked.
    """

    name: str
    after: str | None
    order: int
    policy: PolicyRef
    parameters: dict[str, Any]
    approvals: list[ApprovalRuleView]
    steps: list[StepUseView]
    soak: SoakView | None
    break_glass: BreakGlassRuleView | None
    promotions: PromotionRulesView
    targets: list[TargetConfigView]
    freezes: list[FreezeView]
    hold: HoldView | None
    current: CurrentView | None
    ends_at: str | None
    reauthenticate_minutes: int | None
    lifecycles: list[str]
    configuration: str
    owner: str | None


class ChangeView(View):
    """One value that a document changes."""

    path: str
    before: Any
    after: Any


class AppliedView(View):
    """What applying one document does: created, updated, unchanged or removed."""

    kind: str
    name: str
    change: str
    diff: list[ChangeView]


def environment_view(looking: Looking, environment: Environment, order: int) -> EnvironmentView:
    """An environment with its targets, freezes and what runs there."""
    tx = looking.tx
    targets = list_targets(tx, environment.name)
    current = current_deployment(tx, environment.name)
    bundle = find_policy(tx, looking.blobs, environment.policy)
    held = find_hold(tx, environment.name)
    return EnvironmentView(
        name=environment.name,
        after=environment.after,
        order=order,
        policy=PolicyRef(name=environment.policy, digest=bundle.digest.text),
        parameters=dict(environment.parameters),
        approvals=[
            ApprovalRuleView(
                rule=one.rule,
                approvers=list(one.approvers),
                count=one.count,
                exclude=list(one.exclude),
                expires_after=one.expires_after_h,
                after=one.after,
                worsened=one.worsened,
            )
            for one in environment.approvals
        ],
        steps=[
            StepUseView(name=one.name, phase=phase, step=one.step, inputs=dict(one.inputs))
            for phase, used in (
                ("before", environment.steps_before),
                ("after", environment.steps_after),
            )
            for one in used
        ],
        soak=SoakView(environment=environment.soak.environment, hours=environment.soak.hours)
        if environment.soak
        else None,
        break_glass=BreakGlassRuleView(
            by=list(environment.break_glass.by), hours_max=environment.break_glass.hours_max
        )
        if environment.break_glass
        else None,
        promotions=_promotions(environment.promotions),
        targets=[target_view(looking, one) for one in targets],
        freezes=[freeze_view(looking, one) for one in list_freezes(tx, environment.name)],
        hold=HoldView(
            at=held.at,
            by=looking.person_view(held.by),
            reason=held.reason,
            promotion=held.promotion,
        )
        if held
        else None,
        current=CurrentView(
            release=release_ref(find_release(tx, current.release)),
            deployment=current.id,
            at=current.ended_at or current.started_at,
        )
        if current
        else None,
        ends_at=environment.ends_at,
        reauthenticate_minutes=environment.reauthenticate_minutes,
        lifecycles=[
            way
            for way, one in looking.once(_lifecycles, "").items()
            if environment.name in one.environments
        ],
        configuration=digest_of(configuration(environment, targets)).text,
        owner=owner_of(tx, "Environment", environment.name),
    )


def _lifecycles(tx: Tx, _: str) -> dict[str, Lifecycle]:
    return list_lifecycles(tx)


def _promotions(rules: PromotionRules) -> PromotionRulesView:
    return PromotionRulesView(
        expires_after=rules.expires_after_h,
        supersede="older" if rules.supersedes_older else "none",
        automatic=AutomaticView(from_=rules.automatic.after, pick=rules.automatic.pick)
        if rules.automatic
        else None,
    )


def target_view(looking: Looking, target: Target) -> TargetConfigView:
    """A target, and whether its agent is there."""
    agent = find_agent_by_name(looking.tx, target.agent)
    return TargetConfigView(
        name=target.name,
        environment=target.environment,
        connector=target.connector,
        agent=target.agent,
        agent_state=agent.state.value if agent else "unknown",
        project=target.project,
        components=list(target.components),
        config=dict(target.config),
        labels=dict(target.labels),
        reach=reach_spec(target.reach) if target.reach is not None else None,
    )


def freeze_view(looking: Looking, freeze: Freeze) -> FreezeView:
    """A freeze window, and whether it holds now."""
    return FreezeView(
        id=freeze.id,
        environment=freeze.environment,
        starts_at=freeze.starts_at,
        ends_at=freeze.ends_at,
        reason=freeze.reason,
        by=looking.person_view(freeze.by),
        ended_at=freeze.ended_at,
        holds=freeze.holds(time_text(looking.tx.now)),
    )
