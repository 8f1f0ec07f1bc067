"""What all statements come to for one vulnerability in one component, and why.

1. Only statements about this component in this image are looked at (``scope.py``).
2. A newer revision of a document stands in the older one's place.
3. Statements of a future time, and a ``not_affected`` that gives no reason do not count.
4. Of one issuer the newest of equally exact statements counts, and not once it has expired: what it stood
   in the place of does not come back. Of those that are left the most exact one counts.
5. Of all issuers those with the greatest weight decide; whose weight is 0 never does.
6. Where they disagree it is a conflict, which lets nothing pass.

What is said here stands in the packets of decisions, and replay compares it byte for byte: other words, or
another rule, would make packets differ that were handed out. A recorded one holds that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from stella.kernel import time_text
from stella.vex.issuer import Basis, Issuer, weight_text
from stella.vex.model import Document, State, Statement
from stella.vex.scope import Scope

VOICES_MAX = 20


@dataclass(frozen=True, slots=True)
class Heard:
    """A document with whose it is taken to be, and why."""

    document: Document
    issuer: Issuer
    basis: Basis

    @property
    def speaker(self) -> str:
        """The issuer's name; of an unknown one the author that the document claims."""
        return self.issuer.name or self.document.author or "nobody"


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement about the component in question."""

    heard: Heard
    statement: Statement
    scope: Scope


@dataclass(frozen=True, slots=True, order=True)
class Voice:
    """One statement in the rationale. document: its digest. counts: whether it decided; why: or why not."""

    counts: bool
    weight: int
    issuer: str
    basis: str
    status: str
    at: str
    document: str
    scope: str
    why: str
    expires: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What it comes to. justification, impact, action: of the deciding statement.

    voices: who said what; the deciding ones first, at most twenty. unheard: how many more there are.
    """

    state: State
    justification: str = ""
    impact: str = ""
    action: str = ""
    voices: tuple[Voice, ...] = ()
    unheard: int = 0


NO_WORD = Verdict(State.NONE)


def weigh_claims(claims: Iterable[Claim], now: datetime) -> Verdict:
    """The verdict of ``claims``, all about one vulnerability in one component. Their order is nothing."""
    at = time_text(now)
    standing: list[Claim] = []
    voices: list[Voice] = []
    for claim in sorted(claims, key=_order):
        why_not = _why_not(claim, at)
        if why_not:
            voices.append(_voice(claim, why_not))
        else:
            standing.append(claim)
    newest: dict[tuple[str, Scope], str] = {}
    for claim in standing:
        key = (claim.heard.issuer.name, claim.scope)
        newest[key] = max(newest.get(key, ""), claim.statement.at)
    by_issuer: dict[str, list[Claim]] = {}
    for claim in standing:
        expires = claim.statement.expires
        if claim.statement.at != newest[claim.heard.issuer.name, claim.scope]:
            voices.append(_voice(claim, "superseded"))
        elif expires and expires <= at:
            voices.append(_voice(claim, f"expired at {expires}"))
        else:
            by_issuer.setdefault(claim.heard.issuer.name, []).append(claim)
    current: list[Claim] = []
    for listed in by_issuer.values():
        exact = max(one.scope for one in listed)
        current += [one for one in listed if one.scope == exact]
        wider = [one for one in listed if one.scope != exact]
        voices += [_voice(one, "a more exact one stands") for one in wider]
    greatest = max((one.heard.issuer.weight for one in current), default=0)
    deciding = [one for one in current if one.heard.issuer.weight == greatest]
    voices += [
        _voice(one, f"outweighed: its issuer is {weight_text(one.heard.issuer.weight)}")
        for one in current
        if one.heard.issuer.weight != greatest
    ]
    voices += [_voice(one, "", counts=True) for one in deciding]
    return _verdict(deciding, voices)


def next_turn(claims: Iterable[Claim], now: datetime) -> str:
    """When time alone may make something else of ``claims``: the first of them to begin or to end.

    "" where none does. Of issuers whose word weighs nothing none is asked.
    """
    at = time_text(now)
    turns = (
        turn
        for claim in claims
        if claim.heard.issuer.weight > 0
        for turn in (claim.statement.at, claim.statement.expires)
        if turn > at
    )
    return min(turns, default="")


def _verdict(deciding: Sequence[Claim], voices: list[Voice]) -> Verdict:
    ordered = tuple(sorted(voices, key=_loudest_first))
    shown, unheard = ordered[:VOICES_MAX], max(0, len(ordered) - VOICES_MAX)
    states = {one.statement.status for one in deciding}
    if not states:
        return Verdict(State.NONE, voices=shown, unheard=unheard)
    if len(states) > 1:
        return Verdict(State.CONFLICT, voices=shown, unheard=unheard)
    # Several may say the same for different reasons: the newest is quoted.
    quoted = max(deciding, key=lambda one: (one.statement.at, _order(one))).statement
    return Verdict(
        state=State(quoted.status.value),
        justification=quoted.justification,
        impact=quoted.impact,
        action=quoted.action,
        voices=shown,
        unheard=unheard,
    )


def newest_revisions(heard: Iterable[Heard]) -> tuple[list[Heard], list[Heard]]:
    """The documents that stand, and those in whose place a newer revision stands.

    A revision is one issuer's document of the same id. Two that claim the same revision both stand:
    where they disagree, that is to be seen.
    """
    latest: dict[tuple[str, str, str], tuple[tuple[int, ...], str]] = {}
    listed = list(heard)
    for one in listed:
        key, revision = _revision(one)
        if key[2]:
            latest[key] = max(latest.get(key, revision), revision)
    stand: list[Heard] = []
    replaced: list[Heard] = []
    for one in listed:
        key, revision = _revision(one)
        is_replaced = bool(key[2]) and latest[key] != revision
        (replaced if is_replaced else stand).append(one)
    return stand, replaced


def _revision(one: Heard) -> tuple[tuple[str, str, str], tuple[tuple[int, ...], str]]:
    document = one.document
    return (one.issuer.name, document.format.value, document.id), (document.version, document.at)


def _why_not(claim: Claim, now: str) -> str:
    statement = claim.statement
    if claim.heard.issuer.weight <= 0:
        return "its issuer is unknown"
    if statement.at > now:
        return "dated in the future"
    if not statement.is_reasoned:
        return "not_affected without a justification or an impact statement"
    return ""


def _order(claim: Claim) -> tuple[str, ...]:
    statement, heard = claim.statement, claim.heard
    return (
        heard.issuer.name,
        heard.document.digest.text,
        statement.at,
        statement.status.value,
        statement.justification,
        statement.impact,
        statement.action,
        statement.expires,
        *statement.names,
    )


def _voice(claim: Claim, why: str, *, counts: bool = False) -> Voice:
    heard, statement = claim.heard, claim.statement
    return Voice(
        counts=counts,
        weight=heard.issuer.weight,
        issuer=heard.speaker[:300],
        basis=heard.basis.value,
        status=statement.status.value,
        at=statement.at,
        document=heard.document.digest.text,
        scope=claim.scope.shown,
        why=why,
        expires=statement.expires,
    )


def _loudest_first(voice: Voice) -> tuple[object, ...]:
    return (
        not voice.counts,
        -voice.weight,
        voice.issuer,
        voice.document,
        voice.at,
        voice.status,
        voice.why,
        voice.scope,
        voice.expires,
    )
