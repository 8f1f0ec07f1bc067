"""Who breaks the glass for a promotion, as the API shows it."""

from stella.api.views.base import PersonView, View, person_view
from stella.kernel import time_text
from stella.promotion.exceptions.break_glass_store import BreakGlass
from stella.promotion.lifecycle import BREAK_GLASS, BreakGlassState
from stella.record.transaction import Tx


class BreakGlassView(View):
    """That a promotion may go through its gates, with this plan alone, until ``ends_at``.

    agreed_by: null until a second person has. stands: whether both stand behind it now; whether it
    counts is the decision's to say. gates: those that it lets it through; null where that was not noted.
    """

    id: str
    promotion: str
    environment: str
    plan_digest: str
    reason: str
    ends_at: str
    state: BreakGlassState
    requested_by: PersonView
    requested_at: str
    agreed_by: PersonView | None
    agreed_at: str | None
    ended_at: str | None
    gates: list[str] | None
    stands: bool


class BrokenGlassView(View):
    """What a decision passes by, though gates do not; as it is signed."""

    id: str
    plan_digest: str
    reason: str
    requested_by: PersonView
    requested_at: str
    agreed_by: PersonView
    agreed_at: str
    ends_at: str
    gates: list[str] | None = None


def break_glass_view(tx: Tx, one: BreakGlass) -> BreakGlassView:
    """One whose time is over reads as lapsed, also before a sweep has said so."""
    now = time_text(tx.now)
    is_over = one.ends_at <= now and not BREAK_GLASS.is_final(one.state)
    return BreakGlassView(
        id=one.id,
        promotion=one.promotion,
        environment=one.environment,
        plan_digest=one.plan_digest,
        reason=one.reason,
        ends_at=one.ends_at,
        state=BreakGlassState.LAPSED if is_over else one.state,
        requested_by=person_view(one.requested_by),
        requested_at=one.requested_at,
        agreed_by=person_view(one.agreed_by) if one.agreed_by else None,
        agreed_at=one.agreed_at,
        ended_at=one.ended_at,
        gates=None if one.gates is None else list(one.gates),
        stands=one.stands(now),
    )
