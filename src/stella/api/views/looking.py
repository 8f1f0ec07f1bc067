"""Who looks, and at what: some views show what this person may do."""

from dataclasses import dataclass

from stella.api.views.base import PersonView, person_view
from stella.blob import Blobs
from stella.promotion.assemble import Deciding
from stella.promotion.model import Person
from stella.record.transaction import Tx


@dataclass(frozen=True, slots=True)
class Looking:
    """One reading of the record, and who looks. permissions: what they may do."""

    tx: Tx
    deciding: Deciding
    person: Person
    permissions: frozenset[str]

    @property
    def blobs(self) -> Blobs:
        """Where the documents are."""
        return self.deciding.blobs

    def person_view(self, actor: str) -> PersonView:
        """Who ``actor`` is."""
        return person_view(self.deciding.person_of(self.tx, actor))
