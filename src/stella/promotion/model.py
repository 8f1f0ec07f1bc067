"""What a decision is made of, and what it says. All of it is stored, signed and replayed."""

import json
from enum import IntEnum, StrEnum
from typing import Any

import msgspec

from stella.kernel import Json, Outcome
from stella.sbom.licences import Licences
from stella.sbom.lifetime import Lifetime

PROOF_FORM = 3
"""Of the facts by which a packet proves what its decision relied on, as ``relied.py`` lists it.

1: neither who revised the release, nor what an automatic promotion follows. 2: of lifecycles only the
one that was taken, not that no other was there.
"""


class GateState(StrEnum):
    """An outcome, or waiting: nothing is wrong, but a person has not spoken or time not passed yet."""

    PASS = "pass"
    BLOCKED = "blocked"
    UNKNOWN = "unknown"
    WAITING = "waiting"

    @classmethod
    def of(cls, outcome: Outcome) -> "GateState":
        """The state of a gate whose rules ended so."""
        return cls(outcome.value)


class Rank(IntEnum):
    """Who goes first into an environment: the lower, and of the same rank who asked first."""

    ROLLBACK = 0
    HIGH = 1
    NORMAL = 2
    LOW = 3

    @property
    def word(self) -> str:
        """As people write it: ``rollback``, ``high``, ``normal``, ``low``."""
        return self.name.lower()


class _Document(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A part of a signed document: camel case outside, unknown keys refused."""


class Person(_Document, frozen=True):
    """Who did something, with the roles they held then."""

    id: str
    name: str
    roles: tuple[str, ...] = ()


def person_text(person: Person) -> str:
    """A person as a column of text holds them."""
    return json.dumps(msgspec.to_builtins(person), sort_keys=True)


def person_of(text: str) -> Person:
    """The person that ``person_text`` wrote."""
    return msgspec.json.decode(text, type=Person)


class GapInput(_Document, frozen=True):
    """Something that a scan could not read."""

    path: str
    reason: str


class PartialInput(_Document, frozen=True):
    """What a scan could not read: how much, and the first of it."""

    count: int
    examples: tuple[GapInput, ...]


class TestedInput(_Document, frozen=True):
    """One test result of an image. image: the digest that it is about, an index or a platform.

    document: digest of the statement. at: when it came here, by ``by``; source: how, ``upload`` or
    ``attached``. signer: the issuer whose ``key`` (PEM) signed it; both empty where nobody known did.
    result, suites and what follows: as the statement says; failed_tests: the first of them.
    """

    id: str
    image: str
    document: str
    at: str
    by: Person
    source: str
    signer: str
    key: str
    is_signed: bool
    result: str
    suites: tuple[str, ...]
    passed: int
    warned: int
    failed: int
    failed_tests: tuple[str, ...]
    url: str


class TestsInput(_Document, frozen=True):
    """The test results of one platform image and of the index around it. more: how many are left out."""

    results: tuple[TestedInput, ...]
    more: int


class MadeInput(_Document, frozen=True):
    """A scanned image, and when it says that it was made; None where that is not known."""

    reference: str
    digest: str
    created: str | None


class BaseInput(_Document, frozen=True):
    """The scanned image that a platform image is built on, by its lowest layers.

    newer: the newest one of the same repository that was made after it; None where none is known.
    """

    reference: str
    digest: str
    created: str | None
    newer: MadeInput | None


class ScanInput(_Document, frozen=True):
    """What is known of one platform image. sbom, sbom_bundle, findings, advisories: digests, or None.

    sbom_bundle: the signed statement around the SBOM. advisories: the part of the snapshot that the
    findings rest on.
    state: of the scan; anything but ``done`` leaves the policy with nothing to judge. at: when.
    lifetime: of its distribution, by the table at hand then; not written where it was not looked up.
    matched, vex: where VEX was weighed, the findings before that and the record of what was weighed;
    ``findings`` are those with the verdicts then. reached: the part of what is linked in the image that
    they rest on; left out where they rest on none of it.
    licences, partial, fixes, tests, base: left out where the policy does not need them. The first two are
    read of the bill of materials; fixes: vulnerability -> purl -> since when we know of its fix. base:
    None where no scanned image is what it is built on.
    """

    platform: str
    digest: str
    state: str
    at: str | None = None
    snapshot: str | None = None
    sbom: str | None = None
    sbom_bundle: str | None = None
    findings: str | None = None
    advisories: str | None = None
    lifetime: Lifetime | msgspec.UnsetType = msgspec.UNSET
    # Left out where nothing was weighed: what was recorded before there was VEX keeps its bytes.
    matched: str | msgspec.UnsetType = msgspec.UNSET
    vex: str | msgspec.UnsetType = msgspec.UNSET
    reached: str | msgspec.UnsetType = msgspec.UNSET
    licences: Licences | msgspec.UnsetType = msgspec.UNSET
    partial: PartialInput | msgspec.UnsetType = msgspec.UNSET
    fixes: dict[str, dict[str, str]] | msgspec.UnsetType = msgspec.UNSET
    tests: TestsInput | msgspec.UnsetType = msgspec.UNSET
    base: BaseInput | msgspec.UnsetType | None = msgspec.UNSET


class ComponentInput(_Document, frozen=True):
    """One component of the release. digest: what the reference resolved to when it was sealed."""

    name: str
    reference: str
    digest: str
    scans: tuple[ScanInput, ...]


class ReleaseInput(_Document, frozen=True):
    """The sealed release. channel: left out where it has none."""

    id: str
    name: str
    version: str
    digest: str
    components: tuple[ComponentInput, ...]
    channel: str | msgspec.UnsetType = msgspec.UNSET


class RuleInput(_Document, frozen=True):
    """One approval rule: ``count`` people, each with one of the roles or names in ``approvers``.

    The rest as in the environment's rule, left out where it is as ever.
    """

    rule: str
    approvers: tuple[str, ...]
    count: int
    exclude: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    expires_after_h: int | msgspec.UnsetType = msgspec.UNSET
    after: str | msgspec.UnsetType = msgspec.UNSET
    worsened: str | msgspec.UnsetType = msgspec.UNSET


class OrderInput(_Document, frozen=True):
    """Whether the environment before this one was passed. deployment: the proof, or None.

    under_way: the promotion by which it is on its way there; left out where it is not.
    """

    after: str
    deployment: str | None
    under_way: str | msgspec.UnsetType = msgspec.UNSET


class RunInput(_Document, frozen=True):
    """A time in which exactly these digests ran somewhere. deployment: that brought them there.

    until: when something else came; None while they run. failed_at: the last time that a deployment
    of them failed there meanwhile, None where none did.
    """

    deployment: str
    since: str
    until: str | None = None
    failed_at: str | None = None


class SoakInput(_Document, frozen=True):
    """How long they have to have run in ``environment``, and when they did, the last time first."""

    environment: str
    hours: int
    runs: tuple[RunInput, ...]


class PlaceInput(_Document, frozen=True):
    """How the release stands in one environment of a phase before. deployment, under_way: as in the order.

    runs: when exactly these digests ran there, the last time first; left out where nothing has to soak.
    """

    environment: str
    deployment: str | None
    under_way: str | msgspec.UnsetType = msgspec.UNSET
    runs: tuple[RunInput, ...] | msgspec.UnsetType = msgspec.UNSET


class HotfixInput(_Document, frozen=True):
    """Who asked for it asked for a hotfix. by_now: as in an approval, with the roles of now."""

    by_now: Person | msgspec.UnsetType | None = msgspec.UNSET


class LifecycleInput(_Document, frozen=True):
    """The lifecycle that the release takes. document: digest of its specification.

    places: the environments of all phases that lead to this one, in their order. hotfix: left out where
    nobody asked for one.
    """

    name: str
    document: str
    places: tuple[PlaceInput, ...]
    hotfix: HotfixInput | msgspec.UnsetType = msgspec.UNSET


class KnownLifecycle(_Document, frozen=True):
    """A lifecycle that there is, be it of other releases. document: digest of its specification.

    channels: of which releases take it. default: so do those whose channel no other names.
    """

    name: str
    document: str
    channels: tuple[str, ...] = ()
    default: bool = False


class OverrideInput(_Document, frozen=True):
    """Somebody let this release through the freeze."""

    id: str
    by: Person
    at: str
    reason: str


class FreezeInput(_Document, frozen=True):
    """A freeze window that holds at the time of the decision. id: its own, or its rule's name.

    overrides: left out where there is none.
    """

    id: str
    starts_at: str
    ends_at: str
    reason: str
    by: str
    overrides: tuple[OverrideInput, ...] | msgspec.UnsetType = msgspec.UNSET


class BoundInput(_Document, frozen=True):
    """A component whose registry's integration is for certain environments alone."""

    component: str
    integration: str
    environments: tuple[str, ...]


class EnvironmentInput(_Document, frozen=True):
    """Where it shall go. configuration: digest of the configuration snapshot.

    ran_before: the deployment that brought this release here earlier; what a rollback rests on.
    bound: where each component may come from, as far as that is limited.
    """

    name: str
    configuration: str
    rules: tuple[RuleInput, ...]
    order: OrderInput | None
    freezes: tuple[FreezeInput, ...]
    parameters: dict[str, Any]
    ran_before: str | None = None
    bound: tuple[BoundInput, ...] = ()
    # Left out where nothing has to soak: what was recorded before there was soaking keeps its bytes.
    soak: SoakInput | msgspec.UnsetType = msgspec.UNSET
    # In the place of ``order``; left out where the release takes no lifecycle.
    lifecycle: LifecycleInput | msgspec.UnsetType = msgspec.UNSET
    # When the environment is over; left out where it has no end.
    ends_at: str | msgspec.UnsetType = msgspec.UNSET
    # How recent the proof of who approves has to be; left out where none is asked for.
    reauthenticate_minutes: int | msgspec.UnsetType = msgspec.UNSET


class StartInput(_Document, frozen=True):
    """When its deployment may begin: from ``not_before`` on, and before ``not_after``."""

    not_before: str | None
    not_after: str | None


class RunsInput(_Document, frozen=True):
    """A release that runs somewhere. release: its id, which grows with the time it was made at."""

    release: str
    name: str
    version: str
    digest: str


class HoldInput(_Document, frozen=True):
    """Nothing goes there automatically since ``at``."""

    at: str
    by: str
    reason: str


class AutomaticInput(_Document, frozen=True):
    """Why it is asked for though nobody did, and what speaks against it now.

    follows: the deployment by which the release came to run in the environment before. after, pick:
    the rule as it is now; None where there is none any more. there, here: what runs in ``after`` and
    where it shall go; None where nothing does. hold: left out where it is not held.
    """

    follows: str
    after: str | None
    pick: str | None
    there: RunsInput | None
    here: RunsInput | None
    hold: HoldInput | msgspec.UnsetType = msgspec.UNSET


class OnCallInput(_Document, frozen=True):
    """All that said who was on call by a schedule at a time. document: digest of its roster."""

    schedule: str
    document: str


class ShiftInput(_Document, frozen=True):
    """A shift by a schedule, by the roster ``document``. ends_at: None where no end was in sight."""

    schedule: str
    document: str
    person: str
    starts_at: str
    ends_at: str | None


def on_call_text(on_call: tuple[OnCallInput, ...]) -> str | None:
    """Rosters as a column of text holds them; None for none."""
    return json.dumps(msgspec.to_builtins(on_call), sort_keys=True) if on_call else None


def on_call_of(text: str | None) -> tuple[OnCallInput, ...]:
    """The rosters that ``on_call_text`` wrote."""
    return () if text is None else msgspec.json.decode(text, type=tuple[OnCallInput, ...])


class ApprovalInput(_Document, frozen=True):
    """One approval as given. bundle: digest of its signed statement.

    stands_for: the absent one in whose place it was given. by_now, stands_for_now: the same people
    at the time of the decision, None who may approve no more; left out where nothing has changed.
    proven_at: when who gave it last proved who they are; left out where nobody asked for that.
    on_call: by which whose word it is was on call then; left out where they were not, or no rule asked.
    """

    id: str
    by: Person
    at: str
    comment: str
    plan_digest: str
    bundle: str
    stands_for: Person | msgspec.UnsetType = msgspec.UNSET
    by_now: Person | msgspec.UnsetType | None = msgspec.UNSET
    stands_for_now: Person | msgspec.UnsetType | None = msgspec.UNSET
    proven_at: str | msgspec.UnsetType = msgspec.UNSET
    on_call: tuple[OnCallInput, ...] | msgspec.UnsetType = msgspec.UNSET


class WaiverInput(_Document, frozen=True):
    """A waiver that two people stand behind. finding: id or alias, None for any; component likewise.

    unknown: whether it also lets pass what the rule could not know.
    """

    id: str
    environment: str
    rule: str
    finding: str | None
    component: str | None
    unknown: bool
    reason: str
    requested_by: Person
    requested_at: str
    approved_by: Person
    approved_at: str
    expires_at: str


class AuthorInput(_Document, frozen=True):
    """Who committed, as commits say it. user: whose address it is here; None for no known user's."""

    address: str
    name: str
    commits: int
    user: Person | None


class CommitsInput(_Document, frozen=True):
    """Who committed what one component brings into an environment. record: by which that is known.

    repository, base, head: between which commits; left out where the images do not say it. why, fix:
    why it is not known, and what mends that; left out where it is.
    """

    component: str
    repository: str | msgspec.UnsetType = msgspec.UNSET
    base: str | msgspec.UnsetType = msgspec.UNSET
    head: str | msgspec.UnsetType = msgspec.UNSET
    record: str | msgspec.UnsetType = msgspec.UNSET
    authors: tuple[AuthorInput, ...] = ()
    why: str | msgspec.UnsetType = msgspec.UNSET
    fix: str | msgspec.UnsetType = msgspec.UNSET


class BreakGlassInput(_Document, frozen=True):
    """Two people let this promotion through its gates, with exactly this plan, until ``ends_at``.

    gates: the names of those that did not pass when it was asked for, and that it lets it through;
    left out where that was not noted, which was all of them.
    """

    id: str
    plan_digest: str
    reason: str
    requested_by: Person
    requested_at: str
    agreed_by: Person
    agreed_at: str
    ends_at: str
    gates: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class TicketUseInput(_Document, frozen=True):
    """Another promotion that named the same ticket before. release_digest: of what it brings."""

    promotion: str
    environment: str
    release_digest: str


class TicketInput(_Document, frozen=True):
    """The change ticket that the promotion names, as it stood when it was looked up last.

    looked_up_at: None where it never was answered; then nothing of status to ends_at is known. status:
    in the service's words. approved: by the configuration of the integration. starts_at, ends_at: its
    planned time, "" for none. trouble: why the last look failed, "" where it did not.
    uses: promotions that named it before and are under way or were deployed, at most twenty.
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
    uses: tuple[TicketUseInput, ...]


class DecisionInput(_Document, frozen=True):
    """Everything a decision rests on, but for the documents it names by digest.

    now: when it is judged. policy: digest of the policy bundle. deployment_plan: its digest.
    waivers: those that count in the environment, whether they meet anything or not.
    release_creator, release_reviser: users' ids; the latter's is left out where nobody revised it.
    running: digest of what is known against the release that runs there.
    They are left out where no approval rule asks for them. start: left out where any time will do.
    proof: the form in which the packet proves by facts what the decision relied on.
    break_glass: left out where nobody stands behind any. lifecycles: all that there are, by name; left
    out where there are none.
    commits: of each component that becomes another; unaddressed: ids of those who approved and of whom
    nobody knows by which address they commit; both left out where no rule asks who committed.
    on_call: the schedules that rules name, as they are now; left out where none does.
    """

    promotion: str
    now: str
    requested_by: Person
    requested_at: str
    reason: str
    rollback: bool
    release: ReleaseInput
    environment: EnvironmentInput
    policy: str
    deployment_plan: str
    approvals: tuple[ApprovalInput, ...] = ()
    simulated: bool = False
    schema: int = 1
    # Left out where there are none: what was recorded before there were any keeps its bytes.
    waivers: tuple[WaiverInput, ...] | msgspec.UnsetType = msgspec.UNSET
    # Whether the record says what would let the policy pass; records from before that do not.
    says_what_unblocks: bool | msgspec.UnsetType = msgspec.UNSET
    release_creator: str | msgspec.UnsetType = msgspec.UNSET
    running: str | msgspec.UnsetType = msgspec.UNSET
    start: StartInput | msgspec.UnsetType = msgspec.UNSET
    # Left out in what was recorded before packets proved it; the record repeats it, so it is signed.
    proof: int | msgspec.UnsetType = msgspec.UNSET
    break_glass: BreakGlassInput | msgspec.UnsetType = msgspec.UNSET
    # Left out where a person asked.
    automatic: AutomaticInput | msgspec.UnsetType = msgspec.UNSET
    release_reviser: str | msgspec.UnsetType = msgspec.UNSET
    lifecycles: tuple[KnownLifecycle, ...] | msgspec.UnsetType = msgspec.UNSET
    # Left out where none is named.
    change_ticket: TicketInput | msgspec.UnsetType = msgspec.UNSET
    # True where nobody asks for it and nothing goes: how what runs would be judged. Never stored.
    hypothetical: bool | msgspec.UnsetType = msgspec.UNSET
    commits: tuple[CommitsInput, ...] | msgspec.UnsetType = msgspec.UNSET
    unaddressed: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    on_call: tuple[OnCallInput, ...] | msgspec.UnsetType = msgspec.UNSET


class Reason(_Document, frozen=True):
    """One sentence of why, with what would mend it and who can.

    waiver: by which it is passed over; not written where none is, and its outcome is ``pass`` then.
    """

    rule: str
    outcome: str
    message: str
    component: str | None = None
    finding: dict[str, Any] | None = None
    fix: str = ""
    who: str | None = None
    waiver: str | msgspec.UnsetType = msgspec.UNSET


class Gate(_Document, frozen=True):
    """One gate's answer. unblocks: one sentence, empty where it passes.

    due: when it is to be judged again by itself; left out where time alone changes nothing.
    """

    name: str
    state: GateState
    summary: str
    reasons: tuple[Reason, ...] = ()
    unblocks: str = ""
    due: str | msgspec.UnsetType = msgspec.UNSET


class Upgrade(_Document, frozen=True):
    """A package to be brought from ``version`` to ``fixed``, the lowest that mends all ``findings``."""

    component: str
    package: str
    purl: str
    version: str
    fixed: str
    findings: tuple[str, ...]


class Waivable(_Document, frozen=True):
    """An objection that no upgrade mends, by the scope of the waiver that would let it pass.

    unknown: whether the rule could not know.
    """

    rule: str
    component: str | None
    finding: str | None
    unknown: bool


class Unblock(_Document, frozen=True):
    """The smallest change by which the policy would pass; asked again, it said so.

    upgrades: all of them, and then for each of ``waivable`` a waiver or what its reason says mends it.
    left: rules whose objection is of neither kind. more: how many are not listed.
    verified: what the policy says with the findings of all upgrades gone.
    """

    upgrades: tuple[Upgrade, ...]
    waivable: tuple[Waivable, ...]
    left: tuple[str, ...]
    verified: str
    more: int = 0


class PlanInputs(_Document, frozen=True):
    """The six digests whose digest is the ``planDigest`` an approval is bound to."""

    release_digest: str
    environment: str
    configuration: str
    policy: str
    verdict: str
    deployment_plan: str


class Counted(_Document, frozen=True):
    """An approval, and whether it counts for this plan: for which rule, or why not.

    until: when it counts no more, where its rule lets approvals expire. on_call: the shift in which it
    was given, where it counts because of that.
    """

    id: str
    rule: str | None
    why_not: str = ""
    until: str | msgspec.UnsetType = msgspec.UNSET
    on_call: ShiftInput | msgspec.UnsetType = msgspec.UNSET


class HotfixUse(_Document, frozen=True):
    """By a rule of its lifecycle it left out ``phases``, without which it would not have gone.

    channel: of the release, where that was why; else ``by`` asked for it, whom the rule names.
    """

    lifecycle: str
    phases: tuple[str, ...]
    channel: str | None
    by: Person
    reason: str


class Decision(_Document, frozen=True):
    """What the gates said, and the plan it was said of. Its canonical JSON is the decision record.

    waivers: those without which the policy would have said something else. proof: as in the input.
    break_glass: what the outcome passes by, though a gate does not; left out where all gates pass.
    hotfix: left out where no phase of a lifecycle was left out.
    """

    promotion: str
    release: ReleaseInput
    environment: str
    plan_digest: str
    inputs: PlanInputs
    gates: tuple[Gate, ...]
    outcome: GateState
    approvals: tuple[Counted, ...]
    requested_by: Person
    requested_at: str
    decided_at: str
    rollback: bool
    simulated: bool
    schema: int = 1
    waivers: tuple[WaiverInput, ...] | msgspec.UnsetType = msgspec.UNSET
    unblock: Unblock | msgspec.UnsetType = msgspec.UNSET
    proof: int | msgspec.UnsetType = msgspec.UNSET
    break_glass: BreakGlassInput | msgspec.UnsetType = msgspec.UNSET
    hotfix: HotfixUse | msgspec.UnsetType = msgspec.UNSET


def document(value: msgspec.Struct) -> Json:
    """``value`` as plain JSON values, ready for ``canonical_json``."""
    plain: Json = msgspec.to_builtins(value)
    return plain
