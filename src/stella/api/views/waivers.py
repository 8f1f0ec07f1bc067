"""Waivers, as the API shows them."""

from stella.api.views.base import PersonView, View, person_view
from stella.api.views.looking import Looking
from stella.kernel import time_text
from stella.promotion.exceptions.waiver_store import Waiver
from stella.promotion.lifecycle import WAIVER, WaiverState


class WaiverView(View):
    """An objection that is passed over for a time.

    rule: whose objections. finding: id or alias, null for any; component: null for any. unknown: also
    where the rule could not know. counts: whether a decision now would hear it. may_approve: whether
    the one who looks is the second person.
    """

    id: str
    environment: str
    rule: str
    finding: str | None
    component: str | None
    unknown: bool
    reason: str
    expires_at: str
    state: WaiverState
    requested_by: PersonView
    requested_at: str
    approved_by: PersonView | None
    approved_at: str | None
    ended_at: str | None
    counts: bool
    may_approve: bool


def waiver_view(looking: Looking, waiver: Waiver) -> WaiverView:
    """A waiver; one whose time is over reads as lapsed, also before a sweep has said so."""
    is_over = waiver.expires_at <= time_text(looking.tx.now)
    state = waiver.state
    if is_over and not WAIVER.is_final(state):
        state = WaiverState.LAPSED
    return WaiverView(
        id=waiver.id,
        environment=waiver.environment,
        rule=waiver.rule,
        finding=waiver.finding,
        component=waiver.component,
        unknown=waiver.unknown,
        reason=waiver.reason,
        expires_at=waiver.expires_at,
        state=state,
        requested_by=person_view(waiver.requested_by),
        requested_at=waiver.requested_at,
        approved_by=person_view(waiver.approved_by) if waiver.approved_by else None,
        approved_at=waiver.approved_at,
        ended_at=waiver.ended_at,
        counts=state is WaiverState.STANDING,
        may_approve=state is WaiverState.REQUESTED
        and "waiver.approve" in looking.permissions
        and waiver.requested_by.id != looking.person.id,
    )
