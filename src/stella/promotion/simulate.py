"""What would another policy have said? Of past decisions, from what they rested on, or of one of now."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from stella.blob import Blobs
from stella.kernel import Digest, StellaError
from stella.policy import Ask, EngineError, PolicyBundle, evaluate, needs_of
from stella.promotion.decide import policy_input
from stella.promotion.gates.policy_gate import policy_gate
from stella.promotion.gates.waived import apply_waivers
from stella.promotion.known.told import told
from stella.promotion.model import Decision, DecisionInput, Gate, GateState, Reason
from stella.promotion.store import Promotion
from stella.sbom import Traits, traits_of_sbom

REASONS_MAX = 10
BROKEN_MAX = 3
"""After so many decisions that the draft breaks on, or costs too much for, nobody asks it on."""
_BROKE = "policy"
_KEPT_MAX = 50


@dataclass(frozen=True, slots=True)
class Turn:
    """What a simulation asks with, in a process apart from that of decisions, and how long.

    why_over: why it may ask no more, empty while it may.
    """

    ask: Ask
    why_over: Callable[[], str]


def ask_within(turn: Turn) -> Ask:
    """Asks as long as the turn lasts; whatever is asked after that is unknown."""

    def ask(
        digest: Digest, files: Mapping[str, str], rules: Sequence[str], given: bytes
    ) -> list[bytes | None]:
        over = turn.why_over()
        if over:
            raise EngineError(over, "")
        return turn.ask(digest, files, rules, given)

    return ask


@dataclass(frozen=True, slots=True)
class Simulated:
    """One decision, by the policy it was made with and by the draft.

    promotion: None where the decision is of now. reasons: of the draft where it does not pass, else
    those of before that it no longer has; at most REASONS_MAX.
    """

    promotion: str | None
    release: str
    name: str
    version: str
    environment: str
    decided_at: str
    before: GateState
    after: GateState
    reasons: tuple[Reason, ...]

    @property
    def flips(self) -> bool:
        """Whether the draft says something else."""
        return self.before is not self.after


@dataclass(frozen=True, slots=True)
class Skipped:
    """A past decision that could not be repeated, and why: never counted as unchanged."""

    promotion: str
    why: str


@dataclass(slots=True)
class Simulation:
    """Asks a draft about decisions. What they share is read once, as far as it is little."""

    blobs: Blobs
    draft: PolicyBundle
    turn: Turn
    broken: int = 0
    _contents: dict[str, bytes] = field(default_factory=dict)
    _traits: dict[str, Traits | None] = field(default_factory=dict)

    def stopped(self) -> str:
        """Why nothing more is asked; empty where there is no reason."""
        if self.broken >= BROKEN_MAX:
            return f"the draft broke on {BROKEN_MAX} decisions"
        return self.turn.why_over()

    def all_past(self, promotions: Iterable[Promotion]) -> Iterator[Simulated | Skipped]:
        """The last decision about each, in their order, as long as there is no reason to stop."""
        for promotion in promotions:
            if self.stopped():
                return
            yield self.past(promotion)

    def past(self, promotion: Promotion) -> Simulated | Skipped:
        """The last decision about ``promotion``. What was stored is read, nothing is looked up anew."""
        if promotion.input is None or promotion.record is None:
            return Skipped(promotion.id, "it was never judged")
        try:
            given = msgspec.json.decode(self.blobs.get(Digest(promotion.input)), type=DecisionInput)
            record = msgspec.json.decode(self.blobs.get(Digest(promotion.record)), type=_Record)
            before = _policy_gate(record.gates)
            if before is None:
                return Skipped(promotion.id, "its record has no policy gate")
            return self._compared(promotion.id, given, before)
        except (StellaError, msgspec.MsgspecError) as trouble:
            return Skipped(promotion.id, f"its documents cannot be read: {trouble}")

    def now(self, given: DecisionInput, decision: Decision) -> Simulated:
        """A decision that was made just now, of ``given``."""
        before = _policy_gate(decision.gates)
        assert before is not None, "every decision has a policy gate"
        return self._compared(None, given, before)

    def _compared(self, promotion: str | None, given: DecisionInput, before: Gate) -> Simulated:
        after = self._gate(given)
        self.broken += any(reason.rule == _BROKE for reason in after.reasons)
        return Simulated(
            promotion=promotion,
            release=given.release.id,
            name=given.release.name,
            version=given.release.version,
            environment=given.environment.name,
            decided_at=given.now,
            before=before.state,
            after=after.state,
            reasons=_telling(before, after),
        )

    def _gate(self, given: DecisionInput) -> Gate:
        findings: dict[str, bytes] = {}
        traits: dict[str, Traits] = {}
        needs = needs_of(
            self.draft,
            given.environment.name,
            given.environment.parameters,
            now=given.now,
            ask=self.turn.ask,
        )
        # Its own policy may not have needed what the draft does; the bill of materials is the same.
        components = told(given.release.components, needs, self._content)
        release = msgspec.structs.replace(given.release, components=components)
        given = msgspec.structs.replace(given, release=release)
        for component in components:
            for scan in component.scans:
                if scan.findings is not None:
                    findings[scan.digest] = self._content(scan.findings)
                found = None if scan.sbom is None else self._traits_of(scan.sbom)
                if found is not None:
                    traits[scan.digest] = found
        asked = policy_input(given, findings, traits)
        return policy_gate(apply_waivers(given, evaluate(self.draft, asked, ask=self.turn.ask)))

    def _content(self, digest: str) -> bytes:
        if digest not in self._contents:
            if len(self._contents) >= _KEPT_MAX:
                self._contents.clear()
            self._contents[digest] = self.blobs.get(Digest(digest))
        return self._contents[digest]

    def _traits_of(self, digest: str) -> Traits | None:
        if digest not in self._traits:
            self._traits[digest] = traits_of_sbom(self.blobs.get(Digest(digest)))
        return self._traits[digest]


class _Record(msgspec.Struct, frozen=True):
    """As much of a decision record as is compared."""

    gates: tuple[Gate, ...]


def _policy_gate(gates: Iterable[Gate]) -> Gate | None:
    return next((gate for gate in gates if gate.name == "policy"), None)


def _telling(before: Gate, after: Gate) -> tuple[Reason, ...]:
    """Why it flips: the draft's objections, the new ones first, or those that it drops."""
    if before.state is after.state:
        return ()
    shown, other = (after, before) if after.state is not GateState.PASS else (before, after)
    known = {_about(reason) for reason in _objections(other)}
    ordered = sorted(_objections(shown), key=lambda reason: _about(reason) in known)
    return tuple(ordered[:REASONS_MAX])


def _objections(gate: Gate) -> list[Reason]:
    return [reason for reason in gate.reasons if reason.outcome != GateState.PASS.value]


def _about(reason: Reason) -> tuple[str, str | None, str, str]:
    finding = reason.finding or {}
    named = str(finding.get("id", "")) or reason.message
    return reason.rule, reason.component, named, reason.outcome
