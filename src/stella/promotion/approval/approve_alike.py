"""One word for several promotions, where each of them asks for the same: like with like."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from stella.blob import Blobs
from stella.identity.model import UNPROVEN, Proof
from stella.kernel import Remedy, StellaError
from stella.promotion.approval.approve import approve_promotion
from stella.promotion.approval.voice import Voice, voice_in
from stella.promotion.errors import NotAlike
from stella.promotion.lifecycle import State
from stella.promotion.model import Person
from stella.promotion.store import Approval, Promotion, find_promotion, list_promotions
from stella.record.transaction import Tx
from stella.trust import Signer

_TOGETHER_MAX = 100
Likeness: TypeAlias = tuple[str, bool, tuple[tuple[str, tuple[str, ...]], ...]]
"""The images, whether it is the way back, and the rules that take the word, each with its people."""


@dataclass(frozen=True, slots=True)
class Alike:
    """Promotions that one word of one person approves, those that were asked for first before others.

    rules: that take the word. stands_for: the absent one in whose place it is said; None for their own.
    apart: why they do not go with the group before, empty for the first.
    """

    promotions: tuple[Promotion, ...]
    rules: tuple[str, ...]
    stands_for: str | None
    apart: str


def alike_for(tx: Tx, blobs: Blobs, person: Person) -> tuple[Alike, ...]:
    """What waits for this person, like with like: what goes first before what goes later.

    Of the first hundred that wait; those that take no word of theirs now are left out.
    """
    waiting = list_promotions(tx, states=frozenset({State.WAITING}), limit=_TOGETHER_MAX)
    groups = dict[tuple[Likeness, str | None], list[Promotion]]()
    for one in sorted(waiting, key=lambda found: (found.rank, found.id)):
        voice = voice_in(tx, blobs, one, person)
        if not isinstance(voice, StellaError):
            absent = None if voice.absent is None else voice.absent.name
            groups.setdefault((_likeness(one, voice), absent), []).append(one)
    keys = list(groups)
    return tuple(
        Alike(
            promotions=tuple(groups[likeness, absent]),
            rules=tuple(name for name, _ in likeness[2]),
            stands_for=absent,
            apart=_apart(keys[at - 1][0], likeness, absent) if at else "",
        )
        for at, (likeness, absent) in enumerate(keys)
    )


def approve_alike(
    tx: Tx,
    person: Person,
    plans: Mapping[str, str],
    *,
    comment: str,
    blobs: Blobs,
    signer: Signer,
    stands_for: str | None = None,
    proof: Proof = UNPROVEN,
) -> tuple[Approval, ...]:
    """A yes to each, bound to its own plan: to all of them or to none. plans: promotion -> plan digest.

    Raises NotAlike with those that differ, and what ``approve_promotion`` raises.
    """
    if not 0 < len(plans) <= _TOGETHER_MAX:
        raise NotAlike(
            f"one word approves from 1 to {_TOGETHER_MAX} promotions",
            remedy=Remedy("Name fewer of them."),
        )
    # What is locked in one order is never waited for in a circle.
    found = [find_promotion(tx, one, lock=True) for one in sorted(plans)]
    _refuse_unlike(tx, blobs, person, found, stands_for)
    return tuple(
        approve_promotion(
            tx,
            person,
            one.id,
            plan_digest=plans[one.id],
            comment=comment,
            blobs=blobs,
            signer=signer,
            stands_for=stands_for,
            proof=proof,
        )
        for one in found
    )


def _refuse_unlike(
    tx: Tx, blobs: Blobs, person: Person, found: list[Promotion], stands_for: str | None
) -> None:
    likeness = dict[str, Likeness]()
    for one in found:
        voice = voice_in(tx, blobs, one, person, stands_for)
        if isinstance(voice, StellaError):
            raise voice
        likeness[one.id] = _likeness(one, voice)
    first = likeness[found[0].id]
    why = {one: _difference(first, other) for one, other in likeness.items() if other != first}
    if why:
        told = "; ".join(f"{one}: {said}" for one, said in why.items())
        raise NotAlike(
            f"not all are like {found[0].id}: {told}",
            remedy=Remedy("Approve those by themselves.", command="stella approve PROMOTION"),
            like=found[0].id,
            unlike=list(why),
        )


def _likeness(found: Promotion, voice: Voice) -> Likeness:
    rules = tuple((one.rule, one.approvers) for one in voice.rules)
    return found.release_digest, found.rollback, rules


def _apart(before: Likeness, other: Likeness, absent: str | None) -> str:
    if before != other:
        return _difference(before, other)
    return "your own word" if absent is None else f"a word in place of {absent}"


def _difference(like: Likeness, other: Likeness) -> str:
    if like[0] != other[0]:
        return "other images"
    if like[1] != other[1]:
        return "one goes forth, one back"
    return f"asked for by {', '.join(name for name, _ in other[2])}"
