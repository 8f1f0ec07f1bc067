"""Checks of the facts: each is what was sealed, and they tell of this decision."""

from collections.abc import Sequence
from typing import Any

import msgspec

from stella.evidence import names
from stella.evidence.reading import DoesNotHold, Reading, expect
from stella.kernel import Digest, canonical_json, sealed_hash


class PacketFact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A fact as a packet carries it: what its hash covers, and the hash."""

    id: str
    tenant: str
    kind: str
    subject: str
    actor: str
    cause: str | None
    at: str
    data: dict[str, Any]
    position: int
    previous: str
    hash: str


def check_facts(reading: Reading) -> str:
    """Recompute each hash and each link between neighbours; see that the decision is among them."""
    facts = read_facts(reading)
    for number, fact in enumerate(facts):
        place = f"{names.FACTS}, {fact.id}"
        if _hash(fact) != fact.hash:
            raise DoesNotHold("it is not what was sealed", place)
        if number and fact.position <= facts[number - 1].position:
            raise DoesNotHold("it stands out of order", place)
        if number and fact.position == facts[number - 1].position + 1:
            expect(facts[number - 1].hash, fact.previous, "the hash before it", place)
    _check_decided(reading, facts)
    if not facts:
        raise DoesNotHold("there is not a single fact", names.FACTS)
    return f"{len(facts)} facts between {facts[0].position} and {facts[-1].position}"


def read_facts(reading: Reading) -> tuple[PacketFact, ...]:
    """The facts of a packet. Raises DoesNotHold."""
    content = reading.content(names.FACTS)
    try:
        facts = msgspec.json.decode(content, type=tuple[PacketFact, ...])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        detail = f"it cannot be read, or a fact is not sealed: {str(error)[:200]}"
        raise DoesNotHold(detail, names.FACTS) from None
    if facts_bytes(facts) != content:
        raise DoesNotHold("it is not in canonical form", names.FACTS)
    return facts


def the_decided(reading: Reading, facts: Sequence[PacketFact]) -> PacketFact:
    """The fact that tells of this very decision. Raises DoesNotHold where there is none."""
    wanted = {
        "plan_digest": reading.decision.plan_digest,
        "record": Digest.of(reading.content(names.DECISION_RECORD)).text,
        "input": Digest.of(reading.content(names.DECISION_INPUT)).text,
    }
    for fact in facts:
        is_ours = (fact.kind, fact.subject) == ("GatesDecided", reading.given.promotion)
        if is_ours and wanted.items() <= fact.data.items():
            return fact
    raise DoesNotHold("no fact tells of this decision", names.FACTS)


def facts_bytes(facts: Sequence[PacketFact]) -> bytes:
    """``facts.json``, in the order of the chain."""
    return canonical_json([msgspec.to_builtins(fact) for fact in facts])


def _hash(fact: PacketFact) -> str:
    return sealed_hash(
        id=fact.id,
        tenant=fact.tenant,
        kind=fact.kind,
        subject=fact.subject,
        actor=fact.actor,
        cause=fact.cause,
        at=fact.at,
        data=fact.data,
        position=fact.position,
        previous=fact.previous,
    ).text


def _check_decided(reading: Reading, facts: Sequence[PacketFact]) -> None:
    decided = [fact for fact in facts if fact.kind == "GatesDecided"]
    if not reading.is_decided:
        if decided:
            raise DoesNotHold(f"{decided[-1].id} tells of a decision that is not here", names.FACTS)
        return
    the_decided(reading, facts)
    given = {str(f.data.get("approval")): f for f in facts if f.kind == "ApprovalGiven"}
    for approval in reading.given.approvals:
        fact = given.get(approval.id)
        if fact is None:
            raise DoesNotHold(f"no fact tells of the approval {approval.id}", names.FACTS)
        place = f"{names.FACTS}, {fact.id}"
        expect(approval.plan_digest, fact.data.get("plan_digest"), "the plan approved", place)
        expect(approval.by.id, fact.actor, "who approved", place)
