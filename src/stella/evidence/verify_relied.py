"""Checks of what let a decision pass: each word and each proof has its sealed facts, and says the same.

A row of a database is anybody's who can write there; a fact has its place in the chain.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from msgspec import UNSET

from stella.evidence import names
from stella.evidence.html import items, look
from stella.evidence.reading import DoesNotHold, Reading, expect
from stella.evidence.told import Told, agree, place_of
from stella.evidence.verify_facts import PacketFact, read_facts, the_decided
from stella.evidence.verify_lifecycle import check_lifecycle, check_lifecycles
from stella.evidence.verify_oncall import check_on_call
from stella.evidence.verify_tested import check_taken
from stella.evidence.verify_ticket import check_ticket
from stella.kernel import Json, digest_of
from stella.kernel.names import address_digest
from stella.promotion.known.relied import Ran, Relied, relied_on
from stella.promotion.known.tested import tests_relied_on
from stella.promotion.model import (
    PROOF_FORM,
    ApprovalInput,
    BreakGlassInput,
    CommitsInput,
    DecisionInput,
    FreezeInput,
    OverrideInput,
    WaiverInput,
    document,
)
from stella.release.authors import Author, Between, record_digest

_FORMS = range(1, PROOF_FORM + 1)
_TELLS_WHAT_LED_TO_IT = 2
"""From this form on the facts show who revised the release, and what an automatic promotion follows."""
_TELLS_EVERY_LIFECYCLE = 3
"""From this form on the input and the facts show all lifecycles that there were."""


def check_relied(reading: Reading) -> str:
    """Who asked, and each waiver, override, absence and earlier run that counted, is proven by facts.

    A record of before says so itself, by what was signed: it does not promise those facts.
    """
    form = reading.decision.proof
    expect(_plain(form), _plain(reading.given.proof), "the form of its proof", names.DECISION_INPUT)
    if form is UNSET:
        return "from before this was recorded: only that the input names it"
    if form not in _FORMS:
        raise DoesNotHold(f"its proof has the unknown form {form}", names.DECISION_RECORD)
    facts = read_facts(reading)
    decided = the_decided(reading, facts)
    told = Told(tuple(fact for fact in facts if fact.position < decided.position))
    given, relied = reading.given, relied_on(reading.given, reading.decision)
    asked = _check_request(told, given)
    if form >= _TELLS_WHAT_LED_TO_IT:
        _check_reviser(told, given)
        _check_followed(told, given, asked, relied.followed)
    check_ticket(told, given)
    _check_where(reading, told, form)
    _check_words(told, given, relied)
    tests = tests_relied_on(given)
    for test in tests:
        check_taken(told, test)
    if relied.broken is not None:
        _check_broken(told, given, relied.broken)
    shifts = check_on_call(reading, told)
    return _summary(relied, len(tests), shifts)


def _check_words(told: Told, given: DecisionInput, relied: Relied) -> None:
    """What people and servers said before, and what ran."""
    for waiver in relied.waivers:
        _check_waiver(told, waiver)
    for freeze, override in relied.overrides:
        _check_override(told, given, freeze, override)
    for approval in relied.stood_in:
        _check_absence(told, approval)
    for one in relied.ran:
        _check_ran(told, given, one)
    for commits in () if given.commits is UNSET else given.commits:
        if commits.record is UNSET and commits.why is UNSET:
            raise DoesNotHold(
                f"nothing says who committed what {commits.component} brings", names.DECISION_INPUT
            )
    for commits in relied.commits:
        _check_commits(told, commits)


def _check_where(reading: Reading, told: Told, form: int) -> None:
    """The environment, and the lifecycle by which the release came to it."""
    _check_environment(reading, told)
    if form >= _TELLS_EVERY_LIFECYCLE:
        check_lifecycles(reading.given, told)
    check_lifecycle(reading, told)


def _check_request(told: Told, given: DecisionInput) -> PacketFact:
    """Who asked, for what and when; of which release, and who made that where a rule asks."""
    asked = told.the("PromotionRequested", given.promotion, "who asked")
    says = {
        "release": given.release.id,
        "environment": given.environment.name,
        "reason": given.reason,
        "rollback": given.rollback,
    }
    start = (
        (None, None) if given.start is UNSET else (given.start.not_before, given.start.not_after)
    )
    # What was asked for by an earlier server does not tell its window.
    if "not_before" in asked.data:
        says |= {"not_before": start[0], "not_after": start[1]}
    ticket = given.change_ticket
    # What was asked for by an earlier server names none.
    if "change_ticket" in asked.data or ticket is not UNSET:
        says["change_ticket"] = None if ticket is UNSET else f"{ticket.integration}:{ticket.key}"
    agree(asked, by=given.requested_by.id, at=given.requested_at, says=says)
    sealed = told.the("ReleaseSealed", given.release.id, "what the release is")
    expect(given.release.digest, sealed.data.get("release_digest"), "its digest", place_of(sealed))
    if given.release_creator is not UNSET:
        expect(given.release_creator, sealed.actor, "who made it", place_of(sealed))
    return asked


def _check_reviser(told: Told, given: DecisionInput) -> None:
    """Where a rule asks who made the release, also who gave it the variables that it has."""
    if given.release_creator is UNSET:
        return
    revised = told.of("ReleaseRevised", given.release.id)
    reviser = None if given.release_reviser is UNSET else given.release_reviser
    place = place_of(revised[-1]) if revised else names.FACTS
    expect(reviser, revised[-1].actor if revised else None, "who revised it", place)


def _check_followed(
    told: Told, given: DecisionInput, asked: PacketFact, followed: Ran | None
) -> None:
    """Whether a person asked or nobody did; and then that the release ran in the environment before.

    Where the environment was applied since, its rule may name another one by now.
    """
    follows = followed.deployment if followed is not None else None
    expect(follows, asked.data.get("follows"), "its follows", place_of(asked))
    if followed is None:
        return
    applied = told.of("EnvironmentApplied", given.environment.name)
    is_since = bool(applied) and applied[-1].position > asked.position
    _check_ran(told, given, replace(followed, environment=None) if is_since else followed)
    for ended in told.of("DeploymentSucceeded", followed.deployment):
        if ended.position > asked.position:
            raise DoesNotHold("it ran only after it was asked for", place_of(ended))


def _check_environment(reading: Reading, told: Told) -> None:
    """The environment is as somebody applied it last, and so are the rules that were counted for."""
    name = reading.given.environment.name
    applied = told.of("EnvironmentApplied", name)
    if not applied:
        raise DoesNotHold(f"no fact tells how {name} was applied", names.FACTS)
    shown = look(reading.object(names.CONFIGURATION), "environment")
    spec = {key: value for key, value in _members(shown) if key != "name"}
    # Facts of before tell the whole of it alone, and then that was the part too.
    said = applied[-1].data.get("rested_on") or applied[-1].data.get("spec")
    expect(said, digest_of(spec).text, "what was applied", names.CONFIGURATION)
    ends_at = reading.given.environment.ends_at
    ends = None if ends_at is UNSET else ends_at
    expect(applied[-1].data.get("ends_at"), ends, "its end", names.DECISION_INPUT)
    minutes = reading.given.environment.reauthenticate_minutes
    asked_for = look(look(shown, "reauthenticate"), "minutes")
    said_of = "how recent a proof it asks for"
    expect(asked_for, None if minutes is UNSET else minutes, said_of, names.DECISION_INPUT)
    counted = [document(one) for one in reading.given.environment.rules]
    rules = [_rule_said(one) for one in items(spec.get("approvals"))]
    expect(rules, counted, "the approval rules", names.DECISION_INPUT)


def _rule_said(spec: Any) -> dict[str, Any]:
    """A rule of an environment's specification, in the words of a decision's input."""
    words = {"expiresAfter": "expiresAfterH", "when": "worsened"}
    rule = {words.get(key, key): value for key, value in _members(spec)}
    if "worsened" in rule:
        rule["worsened"] = look(rule["worsened"], "findingsWorsened")
    return rule


def _check_waiver(told: Told, one: WaiverInput) -> None:
    """Two people, in this order, of exactly this objection, and it had not ended."""
    asked = told.the("WaiverRequested", one.id, f"who asked for the waiver {one.id}")
    scope = {"environment": one.environment, "rule": one.rule, "expires_at": one.expires_at}
    whole = {
        **scope,
        "finding": one.finding,
        "component": one.component,
        "unknown": one.unknown,
        "reason": one.reason,
    }
    agree(asked, by=one.requested_by.id, at=one.requested_at, says=whole)
    agreed = told.the("WaiverApproved", one.id, f"who agreed to the waiver {one.id}")
    agree(agreed, by=one.approved_by.id, at=one.approved_at, says=scope)
    two_people(asked, agreed)
    for kind in ("WaiverEnded", "WaiverLapsed"):
        for over in told.of(kind, one.id):
            raise DoesNotHold(f"the waiver {one.id} was over by then", place_of(over))


def two_people(asked: PacketFact, agreed: PacketFact) -> None:
    """Raise DoesNotHold unless one asked, and then another agreed."""
    if agreed.position < asked.position:
        raise DoesNotHold("it was agreed to before it was asked for", place_of(agreed))
    if agreed.actor == asked.actor:
        raise DoesNotHold(f"{agreed.actor} alone asked and agreed", place_of(agreed))


def _check_override(
    told: Told, given: DecisionInput, freeze: FreezeInput, one: OverrideInput
) -> None:
    what = f"who let the release through {freeze.id} ({one.id})"
    let = told.the("FreezeOverridden", given.release.id, what, override=one.id)
    says = {
        "freeze": freeze.id,
        "environment": given.environment.name,
        "ends_at": freeze.ends_at,
        "reason": one.reason,
    }
    agree(let, by=one.by.id, at=one.at, says=says)


def _check_commits(told: Told, one: CommitsInput) -> None:
    """The repository said exactly this of who committed, before the decision."""
    assert one.record is not UNSET, "it was recorded"
    said = told.the("CommitsRecorded", one.record, f"who committed what {one.component} brings")
    what = Between(one.repository or "", one.base or "", one.head or "")
    authors = [Author(author.address, author.name, author.commits) for author in one.authors]
    recorded = record_digest(what, authors).text
    expect(recorded, said.data.get("digest"), "who committed", place_of(said))
    for author in one.authors:
        user = None if author.user is None else author.user.id
        expect(user, _owner_of(told, author.address), "whose address it is", names.FACTS)


def _owner_of(told: Told, address: str) -> Json:
    """The user to whom the facts gave it last, and from whom they took it not."""
    owner: Json = None
    about = [fact for fact in told.facts if fact.subject == address_digest(address)]
    for fact in sorted(about, key=lambda one: one.position):
        if fact.kind == "AddressAdded":
            owner = fact.data.get("user")
        elif fact.kind == "AddressRemoved" and fact.data.get("user") == owner:
            owner = None
    return owner


def _check_absence(told: Told, one: ApprovalInput) -> None:
    """The absent one had said so, beforehand, and was not back."""
    assert one.stands_for is not UNSET, "it was given in somebody's place"
    away = {"person": one.stands_for.id, "stand_in": one.by.id}
    for fact in told.facts:
        if fact.kind != "AbsenceBegun" or not away.items() <= fact.data.items():
            continue
        holds = str(fact.data.get("starts_at")) <= one.at < str(fact.data.get("ends_at"))
        back = any(over.at <= one.at for over in told.of("AbsenceEnded", fact.subject))
        if holds and not back and fact.at <= one.at and fact.actor == one.stands_for.id:
            return
    raise DoesNotHold(
        f"no fact tells that {one.by.id} could speak for {one.stands_for.id} at {one.at}",
        names.FACTS,
    )


def _check_broken(told: Told, given: DecisionInput, one: BreakGlassInput) -> None:
    """Two people, in this order, of exactly this plan and these gates, and it had not ended."""
    named = {"break_glass": one.id}
    asked = told.the(
        "BreakGlassRequested", given.promotion, "who asked to break the glass", **named
    )
    scope = {
        "environment": given.environment.name,
        "plan_digest": one.plan_digest,
        "ends_at": one.ends_at,
    }
    # What was asked for by an earlier server does not tell which gates were seen.
    gates = None if one.gates is UNSET else list(one.gates)
    whole = {**scope, "reason": one.reason, "gates": gates}
    agree(asked, by=one.requested_by.id, at=one.requested_at, says=whole)
    agreed = told.the("BreakGlassAgreed", given.promotion, "who agreed to it", **named)
    agree(agreed, by=one.agreed_by.id, at=one.agreed_at, says=scope)
    two_people(asked, agreed)
    for kind in ("BreakGlassEnded", "BreakGlassLapsed"):
        for over in told.of(kind, given.promotion, **named):
            raise DoesNotHold(f"the break-glass {one.id} was over by then", place_of(over))


def _check_ran(told: Told, given: DecisionInput, one: Ran) -> None:
    """The deployment succeeded there with these very digests, and ended when it is said to have."""
    ended = told.the("DeploymentSucceeded", one.deployment, f"that {one.deployment} succeeded")
    if one.environment is not None:
        expect(one.environment, ended.data.get("environment"), "where it ran", place_of(ended))
    sealed = told.the("ReleaseSealed", str(ended.data.get("release")), "what ran there")
    expect(given.release.digest, sealed.data.get("release_digest"), "what ran", place_of(sealed))
    if one.since is None:
        return
    promotion = str(ended.data.get("promotion"))
    what = f"since when {one.deployment} runs"
    since = told.the("PromotionDeployed", promotion, what, deployment=one.deployment)
    expect(one.since, since.at, "since when it runs", place_of(since))


def _summary(relied: Relied, tests: int, shifts: int) -> str:
    counted = {
        "waiver": len(relied.waivers),
        "override": len(relied.overrides),
        "absence": len(relied.stood_in),
        "earlier deployment": len(relied.ran),
        "record of commits": len(relied.commits),
        "break-glass": int(relied.broken is not None),
        "test result": tests,
        "shift on call": shifts,
    }
    listed = [f"{n} {what}{'s' if n > 1 else ''}" for what, n in counted.items() if n]
    return f"{', '.join(['who asked', 'the environment', *listed])}: each by its facts"


def _members(value: Any) -> Iterable[tuple[str, Any]]:
    """Names and values of an object; nothing for anything else."""
    return value.items() if isinstance(value, dict) else ()


def _plain(form: Any) -> int | None:
    return None if form is UNSET else form
