"""Refusals of promotions."""

from stella.kernel import Fault, StellaError


class UnknownPromotion(StellaError):
    """There is no such promotion."""

    code = "ST-PRO-001"
    fault = Fault.NOT_FOUND


class EnvironmentIsBusy(StellaError):
    """So many requests wait for the environment that it takes no more."""

    code = "ST-PRO-002"
    fault = Fault.CONFLICT
    retry_may_help = True


class OwnRequest(StellaError):
    """Nobody approves what they asked for themselves."""

    code = "ST-PRO-003"
    fault = Fault.NOT_ALLOWED


class PlanHasChanged(StellaError):
    """The approval names a plan that is no longer the promotion's."""

    code = "ST-PRO-004"
    fault = Fault.CONFLICT


class NoRuleNamesYou(StellaError):
    """No approval rule of the environment names this person or a role of theirs."""

    code = "ST-PRO-005"
    fault = Fault.NOT_ALLOWED


class AlreadyApproved(StellaError):
    """The same person has approved this plan before."""

    code = "ST-PRO-006"
    fault = Fault.CONFLICT


class NotAwaitingApproval(StellaError):
    """The promotion does not wait for anybody."""

    code = "ST-PRO-007"
    fault = Fault.CONFLICT


class NothingToRollBackTo(StellaError):
    """No earlier release ran in the environment."""

    code = "ST-PRO-008"
    fault = Fault.CONFLICT


class EnvironmentHasNoTargets(StellaError):
    """There is nowhere to deploy to."""

    code = "ST-PRO-009"
    fault = Fault.CONFLICT


class DocumentMissing(StellaError):
    """A document that the decision names is not at hand, so nothing is decided."""

    code = "ST-PRO-010"
    fault = Fault.FAILED


class UnknownWaiver(StellaError):
    """There is no such waiver."""

    code = "ST-PRO-011"
    fault = Fault.NOT_FOUND


class ImpossibleWaiver(StellaError):
    """A waiver without an end, without a scope or a reason, or for too long."""

    code = "ST-PRO-012"


class OwnWaiver(StellaError):
    """Nobody approves a waiver that they asked for themselves."""

    code = "ST-PRO-013"
    fault = Fault.NOT_ALLOWED


class WaiverIsOver(StellaError):
    """The waiver was approved, ended or has lapsed already."""

    code = "ST-PRO-014"
    fault = Fault.CONFLICT


class NotYourTurn(StellaError):
    """The rules that name this person wait for others, which have not enough approvals yet."""

    code = "ST-PRO-015"
    fault = Fault.CONFLICT
    retry_may_help = True


class UnknownAbsence(StellaError):
    """There is no such absence."""

    code = "ST-PRO-016"
    fault = Fault.NOT_FOUND


class ImpossibleAbsence(StellaError):
    """Its times are wrong, its stand-in cannot speak, it has ended, or there are too many."""

    code = "ST-PRO-017"


class NothingToOverride(StellaError):
    """No such freeze holds this release up there now, or the reason is missing or too long."""

    code = "ST-PRO-018"
    fault = Fault.CONFLICT


class ImpossibleStart(StellaError):
    """A start window that is over, ends before it begins, or lies too far ahead."""

    code = "ST-PRO-019"


class AlreadyOverridden(StellaError):
    """The same person has let this release through this window already."""

    code = "ST-PRO-020"
    fault = Fault.CONFLICT


class SimulationIsBusy(StellaError):
    """Simulations have their turns one after the other, and this one's did not come in time."""

    code = "ST-PRO-021"
    fault = Fault.CONFLICT
    retry_may_help = True


class UnknownBreakGlass(StellaError):
    """Nobody asked to break the glass for this promotion."""

    code = "ST-PRO-022"
    fault = Fault.NOT_FOUND


class BreakGlassNotAllowed(StellaError):
    """The environment allows nobody to break the glass, or not this person."""

    code = "ST-PRO-023"
    fault = Fault.NOT_ALLOWED


class ImpossibleBreakGlass(StellaError):
    """It has no reason, no end or one too far ahead, or another one is open."""

    code = "ST-PRO-024"


class NothingToBreak(StellaError):
    """No gate holds the promotion up: it goes on, or it has ended."""

    code = "ST-PRO-025"
    fault = Fault.CONFLICT


class OwnBreakGlass(StellaError):
    """Nobody agrees to what they asked for themselves."""

    code = "ST-PRO-026"
    fault = Fault.NOT_ALLOWED


class BreakGlassIsOver(StellaError):
    """It was agreed to, ended or has lapsed already."""

    code = "ST-PRO-027"
    fault = Fault.CONFLICT


class ImpossibleExpiry(StellaError):
    """A time to expire at that is over, comes before the start, or lies too far ahead."""

    code = "ST-PRO-028"


class AlreadyRequested(StellaError):
    """The same images are asked for there already, and that has not ended."""

    code = "ST-PRO-029"
    fault = Fault.CONFLICT


class ImpossibleSet(StellaError):
    """A request for no environment, for one of them twice, or for too many at a time."""

    code = "ST-PRO-030"


class NotAlike(StellaError):
    """One word is to approve promotions of other images, of another way, or asked for by other rules."""

    code = "ST-PRO-031"
    fault = Fault.CONFLICT


class ReauthenticationNeeded(StellaError):
    """The environment asks who approves to have proven who they are a moment ago, and they have not."""

    code = "ST-PRO-033"
    fault = Fault.NOT_ALLOWED


class AuthorsUnknown(StellaError):
    """A rule takes no word of who committed, and who that is cannot be told, or not of this person."""

    code = "ST-PRO-034"
    fault = Fault.CONFLICT
    retry_may_help = True


class ImpossibleHotfix(StellaError):
    """A hotfix without a reason, or for a release whose lifecycle has no way for one."""

    code = "ST-PRO-032"
    fault = Fault.CONFLICT


class ImpossibleTicket(StellaError):
    """A change ticket that is no key, or that no integration, or more than one, could be asked for."""

    code = "ST-PRO-035"


class NotOnCall(StellaError):
    """A rule asks whoever is on call, and that is another person now, or nobody."""

    code = "ST-PRO-036"
    fault = Fault.NOT_ALLOWED
