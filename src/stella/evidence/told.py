"""What the facts of a packet tell, and whether they say what a decision says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stella.evidence import names
from stella.evidence.reading import DoesNotHold, expect
from stella.evidence.verify_facts import PacketFact


@dataclass(frozen=True, slots=True)
class Told:
    """What was recorded before the decision."""

    facts: tuple[PacketFact, ...]

    def of(self, kind: str, subject: str, **data: object) -> list[PacketFact]:
        """The facts of that kind about that subject in which ``data`` stands."""
        return [
            fact
            for fact in self.facts
            if (fact.kind, fact.subject) == (kind, subject) and data.items() <= fact.data.items()
        ]

    def the(self, kind: str, subject: str, what: str, **data: object) -> PacketFact:
        """The one such fact. Raises DoesNotHold where there is none, or another one."""
        found = self.of(kind, subject, **data)
        if not found:
            raise DoesNotHold(f"no fact tells, before the decision, {what} ({kind})", names.FACTS)
        if len(found) > 1:
            raise DoesNotHold(f"more than one fact tells {what} ({kind})", place_of(found[-1]))
        return found[0]


def place_of(fact: PacketFact) -> str:
    """Where a fact stands in a packet."""
    return f"{names.FACTS}, {fact.id}"


def agree(fact: PacketFact, *, by: str, at: str, says: Mapping[str, Any]) -> None:
    """Raise DoesNotHold unless the fact is of this person and time, and says all of this."""
    place = place_of(fact)
    expect(by, fact.actor, "by whom it was", place)
    expect(at, fact.at, "when it was", place)
    for name, wanted in says.items():
        expect(wanted, fact.data.get(name), f"its {name}", place)
