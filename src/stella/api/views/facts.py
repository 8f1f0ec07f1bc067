"""Facts, and the chain that they stand in."""

from collections.abc import Mapping

from stella.api.views.base import PersonView, View, person_view
from stella.identity import Person
from stella.record import ChainReport, StoredFact


class FactView(View):
    """What happened. position, hash: its place in the chain."""

    id: str
    position: int | None
    hash: str | None
    kind: str
    subject: str
    actor: PersonView
    cause: str | None
    at: str
    data: dict[str, object]

    @classmethod
    def of(cls, fact: StoredFact, people: Mapping[str, Person]) -> "FactView":
        """The view of ``fact``; ``people`` has its actor."""
        return cls(
            id=fact.id,
            position=fact.position,
            hash=fact.hash,
            kind=fact.kind,
            subject=fact.subject,
            actor=person_view(people[fact.actor]),
            cause=fact.cause,
            at=fact.at,
            data=dict(fact.data),
        )


class ChainView(View):
    """What a walk over the whole chain found. place: the first position that does not hold."""

    good: bool
    length: int
    head: str
    place: int | None
    detail: str

    @classmethod
    def of(cls, report: ChainReport) -> "ChainView":
        """The view of ``report``."""
        return cls(
            good=report.good,
            length=report.length,
            head=report.head,
            place=report.place,
            detail=report.detail,
        )
