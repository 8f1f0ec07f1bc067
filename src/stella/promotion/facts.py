"""What happens to promotions."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class PromotionRequested(Fact):
    """Somebody asked for a release in an environment. not_before, not_after: its start window.

    follows: the deployment, where nobody asked. hotfix: whether phases are to be left out.
    change_ticket: INTEGRATION:KEY.
    """

    release: str
    environment: str
    reason: str
    rollback: bool
    not_before: str | None = None
    not_after: str | None = None
    expires_at: str | None = None
    priority: str = "normal"
    follows: str | None = None
    hotfix: bool = False
    change_ticket: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeTicketLookedUp(Fact):
    """A service answered how the change ticket of a promotion stands. subject: the promotion.

    ticket: INTEGRATION:KEY. starts_at, ends_at: its planned time, "" for none.
    """

    ticket: str
    url: str
    status: str
    is_approved: bool
    starts_at: str
    ends_at: str


@dataclass(frozen=True, slots=True)
class ChangeTicketUnread(Fact):
    """It could not be looked up. subject: the promotion. ticket: INTEGRATION:KEY."""

    ticket: str
    trouble: str


@dataclass(frozen=True, slots=True)
class GatesDecided(Fact):
    """The gates were evaluated. record: digest of the decision record; input: of what it rests on.

    waiting: the gates that wait, for people or a time.
    """

    outcome: str
    plan_digest: str
    record: str
    input: str
    waiting: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ApprovalGiven(Fact):
    """A person approved exactly this plan. subject: the promotion."""

    approval: str
    plan_digest: str
    comment: str


@dataclass(frozen=True, slots=True)
class PromotionApproved(Fact):
    """Every gate passed: it may be deployed."""

    environment: str
    plan_digest: str


@dataclass(frozen=True, slots=True)
class PromotionBlocked(Fact):
    """A gate said no, or could not know."""

    environment: str
    outcome: str
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PromotionRejected(Fact):
    """A person who may approve said no."""

    environment: str
    comment: str


@dataclass(frozen=True, slots=True)
class PromotionCancelled(Fact):
    """It was taken back before it was deployed."""

    environment: str
    comment: str


@dataclass(frozen=True, slots=True)
class PromotionExpired(Fact):
    """Its deployment had not begun at ``expires_at``. message: what it waited for then."""

    environment: str
    expires_at: str
    message: str


@dataclass(frozen=True, slots=True)
class PromotionQueued(Fact):
    """Every gate passed, and it waits for its turn. behind: what is being deployed, if anything is."""

    environment: str
    behind: str | None


@dataclass(frozen=True, slots=True)
class PromotionSuperseded(Fact):
    """A newer request took its place. by: that promotion; message: of which release."""

    environment: str
    by: str
    message: str


@dataclass(frozen=True, slots=True)
class PromotionErrored(Fact):
    """It could not be judged or begun. code, message: the refusal."""

    environment: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class PromotionStarted(Fact):
    """Its deployment has begun."""

    environment: str
    deployment: str


@dataclass(frozen=True, slots=True)
class PromotionDeployed(Fact):
    """The release runs in the environment."""

    environment: str
    deployment: str


@dataclass(frozen=True, slots=True)
class PromotionFailed(Fact):
    """Its deployment did not succeed; what ran before still runs where the deployment says so."""

    environment: str
    deployment: str


@dataclass(frozen=True, slots=True)
class WaiverRequested(Fact):
    """Somebody asked that an objection be passed over for a time. subject: the waiver."""

    environment: str
    rule: str
    finding: str | None
    component: str | None
    unknown: bool
    expires_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class WaiverApproved(Fact):
    """A second person agreed: it counts from now on."""

    environment: str
    rule: str
    expires_at: str
    comment: str


@dataclass(frozen=True, slots=True)
class WaiverEnded(Fact):
    """A person took it back. was_standing: whether it had counted."""

    environment: str
    rule: str
    reason: str
    was_standing: bool


@dataclass(frozen=True, slots=True)
class WaiverLapsed(Fact):
    """Its time is over. was_standing: whether it had counted until then."""

    environment: str
    rule: str
    expires_at: str
    was_standing: bool


@dataclass(frozen=True, slots=True)
class AbsenceBegun(Fact):
    """A user is away for a time, and another speaks for them. subject: the absence."""

    person: str
    stand_in: str
    starts_at: str
    ends_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class AbsenceEnded(Fact):
    """Who was away is back before the time."""

    person: str
    stand_in: str


@dataclass(frozen=True, slots=True)
class FreezeOverridden(Fact):
    """A person let a release through a freeze. subject: the release."""

    freeze: str
    environment: str
    override: str
    ends_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class BreakGlassRequested(Fact):
    """Somebody asks that a promotion go through its gates with this plan. subject: the promotion.

    gates: the names of those that did not pass then.
    """

    environment: str
    break_glass: str
    plan_digest: str
    ends_at: str
    reason: str
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BreakGlassAgreed(Fact):
    """A second person agreed: it is judged again with that."""

    environment: str
    break_glass: str
    plan_digest: str
    ends_at: str
    comment: str


@dataclass(frozen=True, slots=True)
class BreakGlassEnded(Fact):
    """A person took it back before its end."""

    environment: str
    break_glass: str
    comment: str


@dataclass(frozen=True, slots=True)
class BreakGlassLapsed(Fact):
    """Its time is over."""

    environment: str
    break_glass: str
    ends_at: str


@dataclass(frozen=True, slots=True)
class GlassBroken(Fact):
    """A promotion passed though gates did not. outcome: of the gates; gates: those that held it."""

    environment: str
    break_glass: str
    plan_digest: str
    outcome: str
    gates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HotfixTaken(Fact):
    """A promotion passed though phases of its lifecycle were left out. subject: the promotion.

    channel: of the release, where that was why; None where its rule names who asked.
    """

    environment: str
    lifecycle: str
    phases: tuple[str, ...]
    channel: str | None
    plan_digest: str
    reason: str
