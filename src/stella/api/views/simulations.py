"""What a draft of a policy says and would have said, as the API shows it."""

from stella.api.views.base import View
from stella.api.views.promotions import ReasonView
from stella.kernel import Outcome
from stella.policy.testing import PolicyTest
from stella.promotion.model import GateState, document
from stella.promotion.simulate import Simulated, Skipped


class PolicyTestView(View):
    """One test. outcome: pass; blocked where it does not hold; unknown where it broke. message: why."""

    file: str
    name: str
    outcome: Outcome
    message: str


class PolicyCheckView(View):
    """A draft that can be applied. policy: its digest. tests: in order of file and name."""

    policy: str
    tests: list[PolicyTestView]


class FlipView(View):
    """A decision of which the draft says something else. promotion: null where it is one of now.

    reasons: the draft's objections, the new ones first; where it passes, those that it drops.
    """

    promotion: str | None
    release: str
    name: str
    version: str
    environment: str
    decided_at: str
    before: GateState
    after: GateState
    reasons: list[ReasonView]


class SkippedView(View):
    """A past decision that could not be repeated, and why."""

    promotion: str
    why: str


class SimulationView(View):
    """A part of a simulation. policy: the draft's digest. judged: how many decisions the draft was asked
    about. left: how many past decisions it was not asked about yet, of this part and of those after.
    stopped: why no more is asked, empty where there is no reason. next: ``cursor`` of the part after.
    """

    policy: str
    judged: int
    flips: list[FlipView]
    skipped: list[SkippedView]
    left: int
    stopped: str
    next: str | None


def test_view(one: PolicyTest) -> PolicyTestView:
    """One test that ran."""
    return PolicyTestView(file=one.file, name=one.name, outcome=one.outcome, message=one.message)


def flip_view(one: Simulated) -> FlipView:
    """A decision that flips."""
    return FlipView(
        promotion=one.promotion,
        release=one.release,
        name=one.name,
        version=one.version,
        environment=one.environment,
        decided_at=one.decided_at,
        before=one.before,
        after=one.after,
        reasons=[ReasonView.model_validate(document(reason)) for reason in one.reasons],
    )


def skipped_view(one: Skipped) -> SkippedView:
    """A decision that could not be repeated."""
    return SkippedView(promotion=one.promotion, why=one.why)
