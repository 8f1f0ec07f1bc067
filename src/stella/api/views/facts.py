"""Facts, and the chain that they stand in."""

from collections.abc import Collection, Mapping

from stella.api.views.base import PersonView, View, person_view
from stella.identity import Person
from stella.ledger import Fault
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
    """What a walk over the whole chain found. place: the first position that does not hold.

    logged: how many places in it were held against the ledger; logged_to: the last of them. What is
    sealed after that is not held yet.
    """

    good: bool
    length: int
    head: str
    place: int | None
    detail: str
    logged: int
    logged_to: int

    @classmethod
    def unheld(cls, fault: Fault) -> "ChainView":
        """Where the ledger itself does not hold, and nothing can be held against it."""
        detail = f"the ledger does not hold: {fault.path}: {fault.detail}"
        return cls(good=False, length=0, head="", place=None, detail=detail, logged=0, logged_to=0)

    @classmethod
    def of(cls, report: ChainReport, marks: Collection[int]) -> "ChainView":
        """The view of ``report``. marks: the positions that were held against the ledger."""
        return cls(
            good=report.good,
            length=report.length,
            head=report.head,
            place=report.place,
            detail=report.detail,
            logged=len(marks),
            logged_to=max(marks, default=0),
        )
