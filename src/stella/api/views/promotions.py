"""Promotions: the decision, the plan, what changes, and what the one who looks may do."""

import json
from typing import Any

import msgspec
from pydantic import ConfigDict

from stella.api.views.base import PersonView, View, person_view
from stella.api.views.break_glass import BreakGlassView, BrokenGlassView, break_glass_view
from stella.api.views.evidence import EvidenceRef, evidence_ref
from stella.api.views.looking import Looking
from stella.api.views.oncall import OnCallView, on_call_views
from stella.api.views.releases import ReleaseRef, release_ref
from stella.deployment.plan import DeploymentPlan, PlannedPlugin, read_plan
from stella.deployment.store import current_deployment, find_deployment
from stella.environment.errors import UnknownEnvironment
from stella.environment.store import find_environment
from stella.evidence.store import list_evidence
from stella.kernel import Digest, StellaError
from stella.promotion.approval.voice import why_not_approve, why_not_reject
from stella.promotion.exceptions.break_glass import why_not_agree, why_not_break
from stella.promotion.exceptions.break_glass_store import BreakGlass, last_break_glass
from stella.promotion.gates.proving import needs_proof
from stella.promotion.known.look_up import ticket_input
from stella.promotion.known.oncall import rosters_for
from stella.promotion.lifecycle import PROMOTION, Event, State
from stella.promotion.model import GateState, document
from stella.promotion.queue import place_of
from stella.promotion.store import Promotion, list_approvals
from stella.record.read import facts_about
from stella.release.model import Release
from stella.release.store import find_release


class ReasonView(View):
    """Why a gate does not pass. finding: with package, path and layer, where one is meant.

    waiver: by which it is passed over; its outcome is pass then.
    """

    rule: str
    outcome: GateState
    message: str
    component: str | None = None
    finding: dict[str, Any] | None = None
    fix: str = ""
    who: str | None = None
    waiver: str | None = None


class GateView(View):
    """One gate's answer. due: when it is judged again by itself, where it waits for a time."""

    name: str
    state: GateState
    summary: str
    reasons: list[ReasonView]
    unblocks: str = ""
    due: str | None = None


class UpgradeView(View):
    """A package to be brought from version to fixed, the lowest that mends all findings named."""

    component: str
    package: str
    purl: str
    version: str
    fixed: str
    findings: list[str]


class WaivableView(View):
    """An objection that no upgrade mends, by the scope of the waiver that would let it pass."""

    rule: str
    component: str | None
    finding: str | None
    unknown: bool


class UnblockView(View):
    """The smallest change by which the policy would pass.

    verified: what it says with the findings of all upgrades gone. left: rules that neither mends.
    """

    upgrades: list[UpgradeView]
    waivable: list[WaivableView]
    left: list[str]
    verified: GateState
    more: int = 0


class HotfixView(View):
    """Phases of a lifecycle were left out, without which it would not have gone.

    channel: of the release, where that was why; else ``by`` asked for it.
    """

    model_config = ConfigDict(extra="ignore")

    lifecycle: str
    phases: list[str]
    channel: str | None
    by: PersonView
    reason: str


class DecisionView(View):
    """The decision record, as it is signed; ``inputs`` are the six digests of the plan digest.

    What a promotion shows by itself (release, approvals) is not repeated. break_glass: what the outcome
    passes by, though gates do not. hotfix: null where no phase of a lifecycle was left out.
    """

    model_config = ConfigDict(extra="ignore")

    outcome: GateState
    plan_digest: str
    inputs: dict[str, str]
    gates: list[GateView]
    decided_at: str
    rollback: bool
    simulated: bool
    unblock: UnblockView | None = None
    break_glass: BrokenGlassView | None = None
    hotfix: HotfixView | None = None


class ActionView(View):
    """One step on a host."""

    verb: str
    subject: str
    argv: list[str]


class BroughtByView(View):
    """The plugin that brings it, where that was installed: from this wheel, with these grants alone.

    granted: capability -> hosts, empty where it names none.
    """

    name: str
    version: str
    wheel: str
    granted: dict[str, list[str]]


class TargetPlanView(View):
    """What will happen on one target. brought_by: null where the connector comes with the server. reach:
    the way to the host from the agent, null where that is the agent's own.
    """

    target: str
    connector: str
    agent: str
    project: str
    actions: list[ActionView]
    files: dict[str, str]
    brought_by: BroughtByView | None
    reach: dict[str, Any] | None


class StepPlanView(View):
    """What would be done before the targets or after them, by which version of which plugin.

    brought_by: null where the plugin comes with the server.
    """

    name: str
    phase: str
    step: str
    plugin: str
    version: str
    inputs: dict[str, Any]
    brought_by: BroughtByView | None


class PlanView(View):
    """The deployment plan."""

    digest: str
    targets: list[TargetPlanView]
    steps: list[StepPlanView]


class ComponentChange(View):
    """One component's digest before and after."""

    name: str
    from_: str | None
    to: str | None
    changed: bool


class DiffView(View):
    """What runs there now, and what would. from_: None where nothing runs."""

    from_: ReleaseRef | None
    components: list[ComponentChange]


class HeldShiftView(View):
    """A shift in which somebody was on call by a schedule. document: digest of its roster."""

    schedule: str
    document: str
    person: str
    starts_at: str
    ends_at: str | None


class ApprovalView(View):
    """One approval, and whether it counts for the present plan.

    stands_for: the absent one in whose place it was given. until: when it counts no more. proven_at:
    when who gave it last proved who they are; null where nobody asked for that. on_call: the shift in
    which it was given, where it counts because of that.
    """

    id: str
    by: PersonView
    stands_for: PersonView | None
    on_call: HeldShiftView | None
    proven_at: str | None
    until: str | None
    at: str
    comment: str
    plan_digest: str
    rule: str | None
    counts: bool
    why_not: str


class Allowed(View):
    """Whether the one who looks may do it now, and why not."""

    allowed: bool
    reason: str = ""


class ReauthenticateView(View):
    """Who approves has proven so many minutes before who they are. needed: whether the one who looks
    has to do it now. possible: whether they can, in the session by which they look.
    """

    minutes: int
    needed: bool
    possible: bool


class ActionsView(View):
    """What the one who looks may do with a promotion. reauthenticate: null where it is not asked."""

    approve: Allowed
    reject: Allowed
    cancel: Allowed
    break_glass: Allowed
    agree_to_break_glass: Allowed
    reauthenticate: ReauthenticateView | None


class HistoryView(View):
    """One thing that happened."""

    state: str
    event: str
    at: str
    by: PersonView


class QueueView(View):
    """Its place in its environment's queue, from 1 on. behind: what is deployed there now."""

    position: int
    behind: str | None
    behind_release: ReleaseRef | None


class TicketUseView(View):
    """Another promotion that the same ticket stands for."""

    promotion: str
    environment: str
    release_digest: str


class TicketView(View):
    """The change ticket as it stood when it was looked up last.

    looked_up_at: null while it never was answered; trouble: why the last look failed. approved: by the
    configuration of the integration. starts_at, ends_at: its planned time, empty for none. uses:
    promotions that named it before and are under way or were deployed, the newest twenty.
    """

    integration: str
    key: str
    url: str
    status: str
    approved: bool
    starts_at: str
    ends_at: str
    looked_up_at: str | None
    trouble: str
    uses: list[TicketUseView]


class PromotionView(View):
    """A promotion as the API shows it.

    priority: "rollback" goes first, then "high", "normal", "low". queue: where it waits for its turn.
    follows: the deployment that it follows by itself, null where a person asked.
    break_glass: the last that was asked for. hotfix: whether it was asked for as one. change_ticket: null
    where none is named. on_call: who is on call now by the schedules that its rules ask, while it waits.
    """

    id: str
    release: ReleaseRef
    environment: str
    state: State
    requested_by: PersonView
    requested_at: str
    reason: str
    rollback: bool
    simulated: bool
    plan_digest: str | None
    decision: DecisionView | None
    plan: PlanView | None
    diff: DiffView
    approvals: list[ApprovalView]
    deployment: str | None
    due_at: str | None
    not_before: str | None
    not_after: str | None
    break_glass: BreakGlassView | None
    expires_at: str | None
    priority: str
    queue: QueueView | None
    superseded_by: str | None
    follows: str | None
    hotfix: bool
    change_ticket: TicketView | None
    on_call: list[OnCallView]
    actions: ActionsView
    evidence: list[EvidenceRef]
    history: list[HistoryView]


class AlikeView(View):
    """Promotions that one word approves. rules: that take it. stands_for: name of the absent one in whose
    place it is said. apart: why they do not go with the group before; empty for the first.
    """

    promotions: list[PromotionView]
    rules: list[str]
    stands_for: str | None
    apart: str


class PreviewView(View):
    """What the gates would say now, and what would happen."""

    decision: DecisionView
    plan: PlanView
    diff: DiffView


_AFTER = {
    "PromotionRequested": State.EVALUATING,
    "ApprovalGiven": State.WAITING,
    "PromotionApproved": State.APPROVED,
    "PromotionBlocked": State.BLOCKED,
    "PromotionRejected": State.REJECTED,
    "PromotionCancelled": State.CANCELLED,
    "PromotionQueued": State.QUEUED,
    "PromotionExpired": State.EXPIRED,
    "PromotionSuperseded": State.SUPERSEDED,
    "PromotionErrored": State.ERRORED,
    "PromotionStarted": State.DEPLOYING,
    "PromotionDeployed": State.DEPLOYED,
    "PromotionFailed": State.FAILED,
}


def promotion_view(looking: Looking, promotion: Promotion) -> PromotionView:
    """A promotion with everything a decision about it needs."""
    record = looking.blobs.get(Digest(promotion.record)) if promotion.record else None
    decision = json.loads(record) if record else None
    plan = looking.blobs.get(Digest(promotion.plan)) if promotion.plan else None
    release = looking.once(find_release, promotion.release)
    broken = last_break_glass(looking.tx, promotion.id)
    return PromotionView(
        id=promotion.id,
        release=release_ref(release),
        environment=promotion.environment,
        state=promotion.state,
        requested_by=person_view(promotion.requested_by),
        requested_at=promotion.requested_at,
        reason=promotion.reason,
        rollback=promotion.rollback,
        simulated=looking.deciding.simulated,
        plan_digest=promotion.plan_digest,
        decision=DecisionView.model_validate(decision) if decision else None,
        plan=plan_view(promotion.plan, read_plan(plan)) if plan and promotion.plan else None,
        diff=diff_view(looking, release, promotion.environment, promotion.id),
        approvals=_approvals(looking, promotion, decision),
        deployment=promotion.deployment,
        # What is due last of all is its end, which no judging is.
        due_at=promotion.due_at if promotion.due_at != promotion.expires_at else None,
        not_before=promotion.not_before,
        not_after=promotion.not_after,
        break_glass=None if broken is None else break_glass_view(looking.tx, broken),
        actions=_actions(looking, promotion, broken),
        expires_at=promotion.expires_at,
        priority=promotion.rank.word,
        queue=_queue(looking, promotion),
        superseded_by=promotion.superseded_by,
        follows=promotion.follows,
        hotfix=promotion.hotfix,
        change_ticket=_ticket(looking, promotion),
        on_call=_on_call(looking, promotion),
        evidence=[evidence_ref(one) for one in list_evidence(looking.tx, subject=promotion.id)],
        history=_history(looking, promotion),
    )


def _on_call(looking: Looking, promotion: Promotion) -> list[OnCallView]:
    """Whom its rules ask now; nobody once it waits for no approval."""
    if promotion.state is not State.WAITING:
        return []
    try:
        environment = looking.once(find_environment, promotion.environment)
    except UnknownEnvironment:
        return []
    return on_call_views(looking.tx, rosters_for(looking.tx, environment))


def _ticket(looking: Looking, promotion: Promotion) -> TicketView | None:
    known = ticket_input(looking.tx, promotion)
    return None if known is None else TicketView.model_validate(document(known))


def _queue(looking: Looking, promotion: Promotion) -> QueueView | None:
    if promotion.state is not State.QUEUED:
        return None
    place = place_of(looking.tx, promotion)
    release = looking.once(find_release, place.behind.release) if place.behind else None
    return QueueView(
        position=place.position,
        behind=place.behind.id if place.behind else None,
        behind_release=release_ref(release) if release else None,
    )


def plan_view(digest: str, plan: DeploymentPlan) -> PlanView:
    """A deployment plan as the API shows it."""
    return PlanView(
        digest=digest,
        targets=[
            TargetPlanView(
                target=one.target,
                connector=one.connector,
                agent=one.agent,
                project=one.project,
                actions=[
                    ActionView(verb=act.verb, subject=act.subject, argv=list(act.argv))
                    for act in one.actions
                ],
                files=dict(one.files),
                brought_by=_brought_by(one.plugin),
                reach=None if one.reach is msgspec.UNSET else one.reach,
            )
            for one in plan.targets
        ],
        steps=[
            StepPlanView(
                name=one.name,
                phase=one.phase,
                step=one.step,
                plugin=one.plugin,
                version=one.version,
                inputs=dict(one.inputs),
                brought_by=_brought_by(one.plugin_wheel),
            )
            for one in plan.steps
        ],
    )


def _brought_by(plugin: PlannedPlugin | msgspec.UnsetType) -> BroughtByView | None:
    if plugin is msgspec.UNSET:
        return None
    return BroughtByView(
        name=plugin.name,
        version=plugin.version,
        wheel=plugin.wheel,
        granted={key: list(hosts) for key, hosts in plugin.granted.items()},
    )


def diff_view(
    looking: Looking, release: Release, environment: str, promotion: str | None = None
) -> DiffView:
    """What this release changes in the environment: now, or when that promotion deployed it."""
    current = looking.once(current_deployment, environment)
    if current is not None and current.promotion == promotion:
        previous = current.previous
        current = looking.once(find_deployment, previous) if previous else None
    running = looking.once(find_release, current.release) if current else None
    return diff_of(running, release)


def diff_of(running: Release | None, release: Release) -> DiffView:
    """Component by component."""
    old = {one.name: one.digest for one in running.components} if running else {}
    new = {one.name: one.digest for one in release.components}
    return DiffView(
        from_=release_ref(running) if running else None,
        components=[
            ComponentChange(
                name=name,
                from_=old.get(name),
                to=new.get(name),
                changed=old.get(name) != new.get(name),
            )
            for name in sorted({*old, *new})
        ],
    )


def _approvals(
    looking: Looking, promotion: Promotion, decision: dict[str, Any] | None
) -> list[ApprovalView]:
    counted = {one["id"]: one for one in decision["approvals"]} if decision else {}
    return [
        ApprovalView(
            id=one.id,
            by=person_view(one.by),
            stands_for=person_view(one.stands_for) if one.stands_for else None,
            proven_at=one.proven_at,
            on_call=counted.get(one.id, {}).get("onCall"),
            until=counted.get(one.id, {}).get("until"),
            at=one.at,
            comment=one.comment,
            plan_digest=one.plan_digest,
            rule=counted.get(one.id, {}).get("rule"),
            counts=counted.get(one.id, {}).get("rule") is not None,
            why_not=counted.get(one.id, {}).get("whyNot", "" if decision else "not judged yet"),
        )
        for one in list_approvals(looking.tx, promotion.id)
    ]


def _actions(looking: Looking, promotion: Promotion, broken: BreakGlass | None) -> ActionsView:
    may_approve = "promotion.approve" in looking.permissions
    try:
        environment = looking.once(find_environment, promotion.environment)
    except UnknownEnvironment as refusal:  # it was ended since; what happened there stays on record
        no = Allowed(allowed=False, reason=str(refusal))
        return ActionsView(
            approve=no,
            reject=no,
            cancel=no,
            break_glass=no,
            agree_to_break_glass=no,
            reauthenticate=None,
        )
    who = (looking.tx, promotion, environment, looking.person)
    may_break = "promotion.break-glass" in looking.permissions
    return ActionsView(
        approve=_allowed(
            may_approve, why_not_approve(looking.tx, looking.blobs, promotion, looking.person)
        ),
        reject=_allowed(may_approve, why_not_reject(looking.tx, promotion, looking.person)),
        cancel=_cancel(looking, promotion),
        break_glass=_allowed(may_break, why_not_break(*who)),
        agree_to_break_glass=Allowed(allowed=False, reason="nobody asked for it")
        if broken is None
        else _allowed(may_break, why_not_agree(*who, broken)),
        reauthenticate=None
        if environment.reauthenticate_minutes is None
        else ReauthenticateView(
            minutes=environment.reauthenticate_minutes,
            needed=needs_proof(looking.tx, environment, looking.proof),
            possible=looking.proof.is_session,
        ),
    )


def _allowed(may: bool, refusal: StellaError | None) -> Allowed:
    if refusal is not None:
        return Allowed(allowed=False, reason=str(refusal))
    return Allowed(allowed=may, reason="" if may else "your roles may not")


def _cancel(looking: Looking, promotion: Promotion) -> Allowed:
    if Event.CANCEL not in PROMOTION.events_from(promotion.state):
        return Allowed(allowed=False, reason=f"it is {promotion.state.value} already")
    own = promotion.requested_by.id == looking.person.id
    if own or "promotion.cancel" in looking.permissions:
        return Allowed(allowed=True)
    return Allowed(allowed=False, reason="only who asked for it or an operator may cancel it")


# The ticket is shown as it stands now; each look at it stands in the audit.
_UNTOLD = frozenset({"EvidenceSealed", "ChangeTicketLookedUp", "ChangeTicketUnread"})


def _history(looking: Looking, promotion: Promotion) -> list[HistoryView]:
    shown = []
    for fact in facts_about(looking.tx, [promotion.id]):
        state = (
            _AFTER[fact.kind].value if fact.kind in _AFTER else str(fact.data.get("outcome", ""))
        )
        if fact.kind in _UNTOLD:
            continue
        shown.append(
            HistoryView(
                state=state, event=fact.kind, at=fact.at, by=looking.person_view(fact.actor)
            )
        )
    return shown
