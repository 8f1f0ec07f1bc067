"""May what runs there be taken down? A pure function over what is written down, so that it replays."""

import msgspec

from stella.deployment.plan import PlannedRelease
from stella.kernel import Json, canonical_json
from stella.promotion.model import Person


class _Document(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """A part of what is kept: camel case outside, unknown keys refused."""


class FreezeThere(_Document, frozen=True):
    """A freeze that holds then. name: a window's id, or a rule's name."""

    name: str
    until: str
    reason: str


class EmptyingInput(_Document, frozen=True):
    """The environment then. configuration: digest of it and of its targets; approvals: its rules' names."""

    name: str
    configuration: str
    approvals: tuple[str, ...]
    freezes: tuple[FreezeThere, ...]


class TakeDownInput(_Document, frozen=True):
    """All that the decision rests on. plan: its digest. running: the release that ran there then.

    ends_at: the end by which the server asks; left out where a person does.
    """

    take_down: str
    now: str
    requested_by: Person
    reason: str
    environment: EmptyingInput
    running: PlannedRelease | None
    plan: str
    simulated: bool
    ends_at: str | msgspec.UnsetType = msgspec.UNSET
    schema: int = 1


class TakeDownDecision(_Document, frozen=True):
    """What was decided. outcome: "allowed" or "refused"; reasons: why not."""

    take_down: str
    outcome: str
    reasons: tuple[str, ...]
    plan_digest: str
    schema: int = 1


def decide_take_down(given: TakeDownInput) -> TakeDownDecision:
    """Allowed unless something is against it.

    Where people have to approve what goes in, nobody can approve yet that it goes away: so it does not.
    """
    place, reasons = given.environment, []
    reasons += [
        f"it is frozen until {one.until} by {one.name}: {one.reason}" for one in place.freezes
    ]
    if place.approvals:
        rules = ", ".join(place.approvals)
        reasons.append(
            f"what goes into it needs approval ({rules}), and a take-down cannot have one"
        )
    if given.ends_at is not msgspec.UNSET and given.ends_at > given.now:
        reasons.append(f"its end comes at {given.ends_at}")
    if not given.reason.strip():
        reasons.append("nobody said why")
    outcome = "refused" if reasons else "allowed"
    return TakeDownDecision(given.take_down, outcome, tuple(reasons), given.plan)


def document_bytes(value: TakeDownInput | TakeDownDecision) -> bytes:
    """As it is kept and named by digest: canonical JSON."""
    plain: Json = msgspec.to_builtins(value)
    return canonical_json(plain)
