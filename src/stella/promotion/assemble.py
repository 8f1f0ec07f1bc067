"""Gather everything a decision rests on, as documents named by their digests."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from stella.blob import Blobs
from stella.environment.model import Environment, Excluded, Target, configuration
from stella.environment.store import find_environment, list_targets
from stella.finding.lifecycle import ScanState
from stella.finding.store import scan_of_platform
from stella.finding.weigh import judge_scan
from stella.hub.apply import integration_for
from stella.identity import Permission, may, present
from stella.image import parse_reference
from stella.kernel import Digest, canonical_json, time_text
from stella.plugin.contract.core import Kind
from stella.policy import Ask, Need, PolicyBundle, bundle_bytes, needs_of
from stella.policy.engine import ask as ask_policy
from stella.policy.store import find_policy
from stella.promotion.exceptions.break_glass import break_glass_input
from stella.promotion.exceptions.override import held_freezes, overrides_of
from stella.promotion.exceptions.waiver_store import standing_waivers
from stella.promotion.follow import automatic_input
from stella.promotion.gates.speaking import rule_input, voice_of
from stella.promotion.gates.worsened import NOTHING_RUNS, running_bytes, running_document
from stella.promotion.known.as_now import as_now
from stella.promotion.known.based import based
from stella.promotion.known.committed import asks_for_authors, commits_input, unaddressed
from stella.promotion.known.look_up import ticket_input
from stella.promotion.known.oncall import on_call_inputs
from stella.promotion.known.phased import ways_of
from stella.promotion.known.soaked import soak_input
from stella.promotion.known.tested_now import tested_inputs
from stella.promotion.known.told import since, told
from stella.promotion.model import (
    PROOF_FORM,
    ApprovalInput,
    BoundInput,
    ComponentInput,
    DecisionInput,
    EnvironmentInput,
    OrderInput,
    Person,
    ReleaseInput,
    ScanInput,
    StartInput,
    TicketInput,
    WaiverInput,
)
from stella.promotion.store import (
    Approval,
    Promotion,
    list_approvals,
    running_in,
    succeeded,
    under_way,
)
from stella.record.transaction import Tx
from stella.release.model import Platform, Release, ReleaseComponent
from stella.release.store import find_release
from stella.sbom import traits_of_sbom
from stella.sbom.lifetime import Lifetimes, known_lifetimes
from stella.trust import PublicKey
from stella.vex import Voices
from stella.vex.standing import standing_voices

Planner = Callable[[Release, Environment, tuple[Target, ...]], bytes]
"""Handed in from outside: the deployment plan as canonical bytes. Pure, so that it can be repeated."""
PersonOf = Callable[[Tx, str], Person]
"""Handed in from outside: who an id is."""


@dataclass(frozen=True, slots=True)
class Deciding:
    """What ``assemble`` needs from outside. simulated: hosts and registry are stand-ins.

    ask: how policies are asked; without it, here and without any bound. lifetimes: how long
    distributions last. own_keys: with which VEX of this installation is signed.
    """

    blobs: Blobs
    planner: Planner
    person_of: PersonOf
    simulated: bool = False
    ask: Ask = ask_policy
    lifetimes: Lifetimes = field(default_factory=known_lifetimes)
    own_keys: tuple[PublicKey, ...] = ()


@dataclass(frozen=True, slots=True)
class Assembled:
    """A decision's input with every document it names. plan: the deployment plan's bytes."""

    given: DecisionInput
    documents: dict[str, bytes]
    bundle: PolicyBundle
    plan: bytes


def assemble(
    tx: Tx,
    promotion: Promotion,
    deciding: Deciding,
    *,
    keep: bool = False,
    ticket: TicketInput | None = None,
) -> Assembled:
    """The exact inputs of ``promotion``'s decision as they are now.

    keep: the waivers among them stand until this transaction ends. ticket: in the place of the one that
        is stored, for what is only looked at.
    Raises what a policy, a plan or a document that is not there raises.
    """
    blobs = deciding.blobs
    release = find_release(tx, promotion.release)
    environment = find_environment(tx, promotion.environment)
    targets = list_targets(tx, environment.name)
    bundle = find_policy(tx, blobs, environment.policy)
    plan = deciding.planner(release, environment, targets)
    snapshot = canonical_json(configuration(environment, targets, release))
    voices = standing_voices(tx, blobs, deciding.own_keys)
    components = tuple(_component(tx, one, blobs, voices) for one in release.components)
    documents = {
        digest: blobs.get(Digest(digest))
        for component in components
        for scan in component.scans
        for digest in (scan.findings, scan.sbom)
        if digest is not None
    }
    components = tuple(_lasting(one, documents, deciding.lifetimes) for one in components)
    needs = needs_of(
        bundle, environment.name, environment.parameters, now=time_text(tx.now), ask=deciding.ask
    )
    content = documents.__getitem__
    components = since(tx, told(components, needs, content), needs, content)
    components = based(tx, components, needs, content)
    if Need.TESTS in needs:
        components = tuple(_tested(tx, one, deciding, keep=keep) for one in components)
    ways = ways_of(tx, blobs, promotion, release, keep=keep)
    documents |= ways.documents
    approvals = approval_inputs(tx, list_approvals(tx, promotion.id))
    on_call, rosters = on_call_inputs(tx, blobs, environment, approvals, keep=keep)
    documents |= rosters
    asks_authors = asks_for_authors(environment)
    names_makers = promotion.is_automatic or _excludes_makers(environment)
    given = DecisionInput(
        promotion=promotion.id,
        now=time_text(tx.now),
        requested_by=promotion.requested_by,
        requested_at=promotion.requested_at,
        reason=promotion.reason,
        rollback=promotion.rollback,
        release=ReleaseInput(
            id=release.id,
            name=release.name,
            version=release.version,
            digest=release.digest,
            components=components,
            channel=release.channel or msgspec.UNSET,
        ),
        environment=msgspec.structs.replace(
            _environment(
                tx,
                promotion,
                release,
                environment,
                snapshot=blobs.put(snapshot).text,
                deciding=deciding,
            ),
            # A lifecycle says what comes before; the environment's own order is not asked then.
            **({} if ways.taken is msgspec.UNSET else {"lifecycle": ways.taken, "order": None}),
        ),
        policy=blobs.put(bundle_bytes(bundle)).text,
        deployment_plan=blobs.put(plan).text,
        approvals=approvals,
        simulated=deciding.simulated,
        waivers=tuple(_waivers(tx, environment.name, components, keep=keep)) or msgspec.UNSET,
        says_what_unblocks=True,
        release_creator=release.created_by if names_makers else msgspec.UNSET,
        release_reviser=(release.revised_by if names_makers else None) or msgspec.UNSET,
        commits=commits_input(tx, blobs, environment, release) if asks_authors else msgspec.UNSET,
        unaddressed=unaddressed(tx, speakers_of(approvals)) if asks_authors else msgspec.UNSET,
        on_call=on_call or msgspec.UNSET,
        start=StartInput(promotion.not_before, promotion.not_after)
        if promotion.not_before or promotion.not_after
        else msgspec.UNSET,
        proof=PROOF_FORM,
        break_glass=break_glass_input(tx, promotion, environment),
        lifecycles=ways.known or msgspec.UNSET,
        automatic=automatic_input(
            tx, promotion, environment, lambda who: deciding.person_of(tx, who).name
        ),
    )
    ticket = ticket or ticket_input(tx, promotion)
    if ticket is not None:
        given = msgspec.structs.replace(given, change_ticket=ticket)
    running = _running(tx, environment, blobs, voices)
    if running is not None:
        digest = blobs.put(running).text
        documents[digest] = running
        given = msgspec.structs.replace(given, running=digest)
    return Assembled(given, documents, bundle, plan)


def _waivers(
    tx: Tx, environment: str, components: tuple[ComponentInput, ...], *, keep: bool
) -> Iterator[WaiverInput]:
    """Those that count here now, but for those of components that the release has not.

    They count while who asked is let in and who approved may approve one.
    """
    names = {one.name for one in components}
    standing = standing_waivers(tx, environment, time_text(tx.now), keep=keep)
    now = present(
        tx, {who.id for one in standing for who in (one.requested_by, one.approved_by) if who}
    )
    for one in standing:
        if one.component is not None and one.component not in names:
            continue
        assert one.approved_by is not None, "a standing waiver was approved"
        assert one.approved_at is not None, "a standing waiver was approved"
        if now.get(one.requested_by.id, one.requested_by) is None:
            continue
        if one.approved_by.id in now and not may(
            now[one.approved_by.id], Permission.WAIVER_APPROVE
        ):
            continue
        yield WaiverInput(
            id=one.id,
            environment=one.environment,
            rule=one.rule,
            finding=one.finding,
            component=one.component,
            unknown=one.unknown,
            reason=one.reason,
            requested_by=one.requested_by,
            requested_at=one.requested_at,
            approved_by=one.approved_by,
            approved_at=one.approved_at,
            expires_at=one.expires_at,
        )


def speakers_of(approvals: Sequence[ApprovalInput]) -> frozenset[str]:
    """Who gave them, and in whose place."""
    return frozenset({one.by.id for one in approvals} | {voice_of(one) for one in approvals})


def approval_inputs(tx: Tx, approvals: Sequence[Approval]) -> tuple[ApprovalInput, ...]:
    """Approvals with the people as they are now, where that is less than it was.

    A role that somebody had, and did not use or came by later, adds nothing to what they said then.
    """
    people = {person.id for one in approvals for person in (one.by, one.stands_for) if person}
    now = present(tx, people)

    def changed(then: Person) -> Person | msgspec.UnsetType | None:
        return as_now(then, now, Permission.PROMOTION_APPROVE)

    return tuple(
        ApprovalInput(
            id=one.id,
            by=one.by,
            at=one.at,
            comment=one.comment,
            plan_digest=one.plan_digest,
            bundle=one.bundle,
            stands_for=msgspec.UNSET if one.stands_for is None else one.stands_for,
            by_now=changed(one.by),
            stands_for_now=msgspec.UNSET if one.stands_for is None else changed(one.stands_for),
            proven_at=one.proven_at or msgspec.UNSET,
            on_call=one.on_call or msgspec.UNSET,
        )
        for one in approvals
    )


def _excludes_makers(environment: Environment) -> bool:
    """Whether a rule does not take the word of who made the release, or of who revised it."""
    return any(Excluded.RELEASE_CREATOR in one.exclude for one in environment.approvals)


def _running(tx: Tx, environment: Environment, blobs: Blobs, voices: Voices) -> bytes | None:
    """What is known against what runs there, where a rule asks whether it becomes worse."""
    if all(one.worsened is None for one in environment.approvals):
        return None
    last = running_in(tx, environment.name)
    if last is None:
        return running_bytes(NOTHING_RUNS)
    release = find_release(tx, last.release)
    components = [_component(tx, one, blobs, voices) for one in release.components]
    digests = {scan.findings for one in components for scan in one.scans if scan.findings}
    documents = {digest: blobs.get(Digest(digest)) for digest in digests}
    return running_document(release.id, components, documents)


def _tested(tx: Tx, component: ComponentInput, deciding: Deciding, *, keep: bool) -> ComponentInput:
    """The component, each scan of it with the test results of its image."""
    scans = []
    for scan in component.scans:
        images = (scan.digest, component.digest)
        found = tested_inputs(
            tx, images, deciding.blobs, deciding.own_keys, deciding.person_of, keep=keep
        )
        scans.append(msgspec.structs.replace(scan, tests=found))
    return msgspec.structs.replace(component, scans=tuple(scans))


def _component(tx: Tx, component: ReleaseComponent, blobs: Blobs, voices: Voices) -> ComponentInput:
    return ComponentInput(
        name=component.name,
        reference=component.reference,
        digest=component.digest,
        scans=tuple(_scan(tx, platform, blobs, voices) for platform in component.platforms),
    )


def _lasting(
    component: ComponentInput, documents: Mapping[str, bytes], lifetimes: Lifetimes
) -> ComponentInput:
    """The component, each scan of it with how long its distribution lasts."""
    scans = []
    for scan in component.scans:
        traits = traits_of_sbom(documents[scan.sbom]) if scan.sbom else None
        known = (
            scan
            if traits is None
            else msgspec.structs.replace(scan, lifetime=lifetimes.of(traits.distro))
        )
        scans.append(known)
    return msgspec.structs.replace(component, scans=tuple(scans))


def _scan(tx: Tx, platform: Platform, blobs: Blobs, voices: Voices) -> ScanInput:
    """What is known of one platform image; nothing known is said, never left out."""
    known = scan_of_platform(tx, platform.digest)
    if known is None:
        return ScanInput(platform.platform, platform.digest, state="missing")
    done = known.state is ScanState.DONE
    found = ScanInput(
        platform=platform.platform,
        digest=platform.digest,
        state=known.state.value,
        at=known.at,
        snapshot=known.snapshot,
        sbom=known.sbom if done else None,
        sbom_bundle=known.sbom_bundle if done else None,
        findings=known.findings if done else None,
        advisories=known.advisories if done else None,
        reached=(known.reached if done else None) or msgspec.UNSET,
    )
    # As of the decision: what has expired since the last look counts no more.
    judged = judge_scan(blobs, known, voices, tx.now)
    if judged is None or known.findings is None:
        return found
    return msgspec.structs.replace(
        found,
        findings=blobs.put(judged.document).text,
        matched=known.findings,
        vex=blobs.put(judged.weighing).text,
    )


def _bound(tx: Tx, release: Release) -> Iterator[BoundInput]:
    for component in release.components:
        by = integration_for(tx, Kind.REGISTRY, parse_reference(component.reference).host)
        if by is not None and by.environments:
            yield BoundInput(component.name, by.name, by.environments)


def _environment(
    tx: Tx,
    promotion: Promotion,
    release: Release,
    environment: Environment,
    *,
    snapshot: str,
    deciding: Deciding,
) -> EnvironmentInput:
    order = None
    if environment.after is not None:
        proof = succeeded(
            tx, release_digest=promotion.release_digest, environment=environment.after
        )
        coming = () if proof else under_way(tx, environment.after, promotion.release_digest)
        order = OrderInput(
            environment.after,
            proof.deployment if proof else None,
            coming[0].id if coming else msgspec.UNSET,
        )
    here = succeeded(tx, release_digest=promotion.release_digest, environment=environment.name)
    return EnvironmentInput(
        name=environment.name,
        configuration=snapshot,
        rules=tuple(rule_input(one) for one in environment.approvals),
        order=order,
        freezes=tuple(
            msgspec.structs.replace(
                one,
                by=deciding.person_of(tx, one.by).name,
                overrides=overrides_of(tx, promotion, release, one),
            )
            for one in held_freezes(tx, environment.name, release)
        ),
        parameters=environment.parameters,
        ran_before=here.deployment if here else None,
        bound=tuple(_bound(tx, release)),
        soak=soak_input(tx, environment, promotion.release_digest),
        ends_at=environment.ends_at or msgspec.UNSET,
        reauthenticate_minutes=environment.reauthenticate_minutes or msgspec.UNSET,
    )
