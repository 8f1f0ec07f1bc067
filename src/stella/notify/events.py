"""What people can be told of: fact -> the words of its message.

No message says a secret: they are made of names, states and what people wrote. A digest is short.
"""

from collections.abc import Callable, Mapping

from stella.notify.take_downs import TAKE_DOWNS
from stella.notify.told import Event, Told, release_words
from stella.plugin.contract.notifier import Severity
from stella.plugin.contract.scm import StatusState
from stella.promotion.exceptions.break_glass_store import find_break_glass
from stella.promotion.exceptions.waiver_store import find_waiver
from stella.promotion.model import GateState
from stella.promotion.store import Promotion, find_promotion
from stella.record.transaction import StoredFact, Tx

_CHOICES = (("approve", "Approve"), ("reject", "Reject"))


def _promotion(
    verb: str, severity: Severity, status: StatusState, *, has_choices: bool = False
) -> Callable[[Tx, StoredFact], Told | None]:
    def told(tx: Tx, fact: StoredFact) -> Told:
        promotion = find_promotion(tx, fact.subject)
        return Told(
            title=f"{release_words(tx, promotion.release)} {verb} {promotion.environment}",
            severity=severity,
            fields=_facts_of(promotion),
            text=_why(fact),
            words_of_people=_words(fact, promotion),
            path=f"/promotions/{promotion.id}",
            choices=_CHOICES if has_choices else (),
            # With the plan: what was pressed counts for that plan alone.
            about=f"{promotion.id}@{promotion.plan_digest}" if has_choices else "",
            environment=promotion.environment,
            release=promotion.release,
            status=status,
        )

    return told


def _waits(tx: Tx, fact: StoredFact) -> Told | None:
    if fact.data.get("outcome") != GateState.WAITING:
        return None
    waiting = fact.data.get("waiting")
    is_asked = not isinstance(waiting, list) or not waiting or "approvals" in waiting
    waits = _promotion(
        "waits for approval in" if is_asked else "waits for its time in",
        Severity.WARNING if is_asked else Severity.GOOD,
        StatusState.PENDING,
        has_choices=is_asked,
    )
    return waits(tx, fact)


def _deployment(
    verb: str, severity: Severity, status: StatusState
) -> Callable[[Tx, StoredFact], Told | None]:
    def told(tx: Tx, fact: StoredFact) -> Told:
        environment, release = str(fact.data["environment"]), str(fact.data["release"])
        return Told(
            title=f"{release_words(tx, release)} {verb} {environment}",
            severity=severity,
            fields={"environment": environment, "deployment": fact.subject},
            path=f"/promotions/{fact.data['promotion']}",
            environment=environment,
            release=release,
            status=status,
            deployment=fact.subject,
        )

    return told


def _integration(*, is_well: bool) -> Callable[[Tx, StoredFact], Told | None]:
    def told(_: Tx, fact: StoredFact) -> Told | None:
        if (fact.data.get("outcome") == "pass") is not is_well:
            return None
        state = "works again" if is_well else "does not work"
        return Told(
            title=f"the integration {fact.subject} {state}",
            severity=Severity.GOOD if is_well else Severity.PROBLEM,
            text="" if is_well else str(fact.data.get("detail", "")),
            path=f"/integrations/{fact.subject}",
        )

    return told


def _agent(verb: str, severity: Severity) -> Callable[[Tx, StoredFact], Told | None]:
    def told(_: Tx, fact: StoredFact) -> Told:
        return Told(f"the agent {fact.subject} {verb}", severity, path="/agents")

    return told


def _scan_failed(_: Tx, fact: StoredFact) -> Told:
    return Told("a scan of an image failed", Severity.WARNING, {"scan": fact.subject}, _why(fact))


def _stands(tx: Tx, fact: StoredFact) -> Told:
    is_good = fact.data.get("outcome") == "pass"
    reasons = fact.data.get("reasons")
    return Told(
        title=f"{release_words(tx, str(fact.data['release']))} in {fact.subject}"
        f" would {'be let in again' if is_good else 'not be let in today'}",
        severity=Severity.GOOD if is_good else Severity.PROBLEM,
        text="\n".join(map(str, reasons)) if isinstance(reasons, list) else "",
        fields={"environment": fact.subject, "deployment": str(fact.data["deployment"])},
        path=f"/environments/{fact.subject}",
        environment=fact.subject,
    )


def _appeared(_: Tx, fact: StoredFact) -> Told | None:
    count = fact.data.get("appeared")
    if not isinstance(count, int) or count == 0:
        return None
    image = str(fact.data["reference"]).partition("@")[0]
    return Told(
        title=f"{count} new finding{'s' if count > 1 else ''} in {image}",
        severity=Severity.WARNING,
        fields={"image": str(fact.data["image"]).removeprefix("sha256:")[:12]},
        text="Newer advisories speak of it; the image itself is unchanged.",
    )


def _waiver(verb: str, severity: Severity) -> Callable[[Tx, StoredFact], Told | None]:
    def told(tx: Tx, fact: StoredFact) -> Told:
        found = find_waiver(tx, fact.subject)
        return Told(
            title=f"a waiver {verb}: {found.scope}",
            severity=severity,
            fields={
                "waiver": found.id,
                "asked by": found.requested_by.name,
                "until": found.expires_at,
            },
            words_of_people=f"Reason: {found.reason}",
            path=f"/environments/{found.environment}",
            environment=found.environment,
        )

    return told


def _glass(verb: str) -> Callable[[Tx, StoredFact], Told | None]:
    def told(tx: Tx, fact: StoredFact) -> Told:
        promotion = find_promotion(tx, fact.subject)
        broken = find_break_glass(tx, promotion.id)
        agreed = broken.agreed_by.name if broken.agreed_by else "nobody yet"
        people = {"asked by": broken.requested_by.name, "agreed by": agreed}
        return Told(
            title=f"BREAK-GLASS {verb}: {release_words(tx, promotion.release)} to {promotion.environment}",
            severity=Severity.PROBLEM,
            fields={"environment": promotion.environment, **people, "until": broken.ends_at},
            text=_why(fact),
            words_of_people=f"Reason: {broken.reason}",
            path=f"/promotions/{promotion.id}",
            environment=promotion.environment,
        )

    return told


def _hotfix(tx: Tx, fact: StoredFact) -> Told:
    promotion = find_promotion(tx, fact.subject)
    phases = fact.data.get("phases")
    left_out = ", ".join(map(str, phases)) if isinstance(phases, list) else ""
    channel = fact.data.get("channel")
    why = f"releases of the channel {channel} may" if channel else "asked for as a hotfix"
    return Told(
        title=f"HOTFIX: {release_words(tx, promotion.release)} to {promotion.environment},"
        f" {left_out} left out",
        severity=Severity.WARNING,
        fields={
            "environment": promotion.environment,
            "lifecycle": str(fact.data.get("lifecycle")),
            "asked by": promotion.requested_by.name,
        },
        text=why,
        words_of_people=f"Reason: {promotion.reason}" if promotion.reason else "",
        path=f"/promotions/{promotion.id}",
        environment=promotion.environment,
    )


def _end(verb: str, severity: Severity) -> Callable[[Tx, StoredFact], Told | None]:
    def told(_: Tx, fact: StoredFact) -> Told | None:
        ends_at = fact.data.get("ends_at")
        if ends_at is None:
            return None  # somebody ended it
        reasons = fact.data.get("reasons")
        return Told(
            title=f"the environment {fact.subject} {verb}",
            severity=severity,
            fields={"environment": fact.subject, "end": str(ends_at)},
            text="\n".join(map(str, reasons)) if isinstance(reasons, list) else "",
            path=f"/environments/{fact.subject}",
            environment=fact.subject,
        )

    return told


def _commit_applied(_: Tx, fact: StoredFact) -> Told:
    commit = str(fact.data.get("commit"))[:12]
    return Told(
        title=f"{fact.subject}: what the commit {commit} says is configured now",
        severity=Severity.INFO,
        fields={"author": str(fact.data.get("author")), "changed": str(fact.data.get("changed"))},
        path="/environments",
    )


def _commit_refused(_: Tx, fact: StoredFact) -> Told:
    commit = str(fact.data.get("commit"))[:12]
    return Told(
        title=f"{fact.subject}: the commit {commit} is not applied",
        severity=Severity.PROBLEM,
        text=str(fact.data.get("message")),
        path="/environments",
    )


_S, _C = Severity, StatusState
EVENTS: Mapping[str, Event] = {
    "PromotionRequested": Event(
        "PromotionRequested",
        "somebody asks for a release in an environment",
        _promotion("is asked for in", _S.INFO, _C.PENDING),
    ),
    "ApprovalNeeded": Event("GatesDecided", "a promotion waits for people's approval", _waits),
    "PromotionApproved": Event(
        "PromotionApproved", "every gate passed", _promotion("may go to", _S.GOOD, _C.PENDING)
    ),
    "PromotionRejected": Event(
        "PromotionRejected",
        "somebody said no",
        _promotion("is rejected for", _S.WARNING, _C.FAILURE),
    ),
    "PromotionBlocked": Event(
        "PromotionBlocked", "a gate said no", _promotion("is blocked from", _S.PROBLEM, _C.FAILURE)
    ),
    "PromotionCancelled": Event(
        "PromotionCancelled", "it was taken back", _promotion("is cancelled for", _S.INFO, _C.ERROR)
    ),
    "PromotionExpired": Event(
        "PromotionExpired",
        "it had not begun in time",
        _promotion("has expired for", _S.WARNING, _C.ERROR),
    ),
    "PromotionSuperseded": Event(
        "PromotionSuperseded",
        "a newer request took its place",
        _promotion("is superseded for", _S.INFO, _C.ERROR),
    ),
    "PromotionErrored": Event(
        "PromotionErrored",
        "it could not be judged",
        _promotion("could not be judged for", _S.PROBLEM, _C.ERROR),
    ),
    "DeploymentStarted": Event(
        "DeploymentStarted", "a deployment begins", _deployment("goes to", _S.INFO, _C.PENDING)
    ),
    "DeploymentSucceeded": Event(
        "DeploymentSucceeded",
        "every target runs the release",
        _deployment("runs in", _S.GOOD, _C.SUCCESS),
    ),
    "DeploymentFailed": Event(
        "DeploymentFailed", "a target failed", _deployment("failed in", _S.PROBLEM, _C.FAILURE)
    ),
    "DeploymentErrored": Event(
        "DeploymentErrored",
        "it could not be carried out",
        _deployment("could not be deployed to", _S.PROBLEM, _C.ERROR),
    ),
    **TAKE_DOWNS,
    "BreakGlassRequested": Event(
        "BreakGlassRequested",
        "somebody asks to break the glass",
        _glass("is asked for"),
        is_alert=True,
    ),
    "BreakGlassAgreed": Event(
        "BreakGlassAgreed", "a second person agreed to it", _glass("is agreed to"), is_alert=True
    ),
    "GlassBroken": Event(
        "GlassBroken",
        "a promotion passed though gates did not",
        _glass("let through"),
        is_alert=True,
    ),
    "BreakGlassEnded": Event(
        "BreakGlassEnded", "a person took it back", _glass("has ended"), is_alert=True
    ),
    "BreakGlassLapsed": Event(
        "BreakGlassLapsed", "its time is over", _glass("has lapsed"), is_alert=True
    ),
    "HotfixTaken": Event(
        "HotfixTaken", "phases of a lifecycle were left out", _hotfix, is_alert=True
    ),
    "EnvironmentEnding": Event(
        "EnvironmentEnding",
        "an environment is over within a day",
        _end("is over soon", _S.WARNING),
    ),
    "EnvironmentOver": Event(
        "EnvironmentOver",
        "an environment is over and cannot be ended",
        _end("is over, and cannot be ended", _S.PROBLEM),
    ),
    "EnvironmentEnded": Event(
        "EnvironmentDeleted",
        "the end of an environment has come, and it was ended",
        _end("was over, and has ended", _S.INFO),
    ),
    "RepositoryApplied": Event(
        "RepositoryApplied", "a followed repository's commit counts from now on", _commit_applied
    ),
    "RepositoryRefused": Event(
        "RepositoryRefused", "a followed repository's commit was refused", _commit_refused
    ),
    "WaiverRequested": Event(
        "WaiverRequested",
        "a waiver waits for a second person",
        _waiver("is asked for", _S.WARNING),
    ),
    "WaiverApproved": Event(
        "WaiverApproved", "a waiver counts from now on", _waiver("counts", _S.WARNING)
    ),
    "WaiverEnded": Event("WaiverEnded", "a waiver was taken back", _waiver("has ended", _S.INFO)),
    "WaiverLapsed": Event(
        "WaiverLapsed", "the time of a waiver is over", _waiver("has lapsed", _S.WARNING)
    ),
    "IntegrationUnhealthy": Event(
        "IntegrationTested", "a look at an integration failed", _integration(is_well=False)
    ),
    "IntegrationWell": Event(
        "IntegrationTested", "a look at an integration went well", _integration(is_well=True)
    ),
    "AgentWentOffline": Event(
        "AgentWentOffline", "an agent is not heard", _agent("is not heard any more", _S.PROBLEM)
    ),
    "ScanFailed": Event("ScanFailed", "an image could not be scanned", _scan_failed),
    "StandingChanged": Event(
        "StandingChanged", "what runs would not be let in today, or would again", _stands
    ),
    "FindingsAppeared": Event(
        "FindingsMatched", "newer advisories found something in an image", _appeared
    ),
}
"""Name in a rule's ``on`` -> what it is."""

OF_COMMITS = frozenset(
    name for name in EVENTS if name.startswith(("Promotion", "Approval", "Deployment"))
)
"""Those of which the commits can be told that a release was built from."""

FACTS = frozenset(one.fact for one in EVENTS.values())
"""The kinds of facts of which somebody may be told."""


def _facts_of(promotion: Promotion) -> dict[str, str]:
    made = {"environment": promotion.environment, "asked by": promotion.requested_by.name}
    if promotion.plan_digest:
        made["plan"] = promotion.plan_digest.removeprefix("sha256:")[:12]
    if promotion.rollback:
        made["rollback"] = "yes"
    return made


def _why(fact: StoredFact) -> str:
    """Why it is so: gates that said no, or the refusal."""
    gates = fact.data.get("gates")
    if isinstance(gates, list) and gates:
        return f"Not passed: {', '.join(map(str, gates))}"
    message = fact.data.get("message")
    return str(message) if message else ""


def _words(fact: StoredFact, promotion: Promotion) -> str:
    comment = fact.data.get("comment")
    if comment:
        return f"Comment: {comment}"
    return f"Reason: {promotion.reason}" if promotion.reason else ""
