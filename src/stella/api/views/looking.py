"""Who looks, and at what: some views show what this person may do."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from stella.api.views.base import PersonView, person_view
from stella.blob import Blobs
from stella.identity.model import UNPROVEN, Proof
from stella.promotion.assemble import Deciding
from stella.promotion.model import Person
from stella.record.transaction import Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Looking:
    """One reading of the record, and who looks. permissions: what they may do.

    proof: when they last proved who they are.
    """

    tx: Tx
    deciding: Deciding
    person: Person
    permissions: frozenset[str]
    proof: Proof = UNPROVEN
    _found: dict[tuple[object, str], Any] = field(default_factory=dict)

    @property
    def blobs(self) -> Blobs:
        """Where the documents are."""
        return self.deciding.blobs

    def once(self, find: Callable[[Tx, str], T], name: str) -> T:
        """``find(tx, name)``, asked once a reading: lists show the same things again and again."""
        key = (find, name)
        if key not in self._found:
            self._found[key] = find(self.tx, name)
        found: T = self._found[key]
        return found

    def person_view(self, actor: str) -> PersonView:
        """Who ``actor`` is."""
        return person_view(self.once(self.deciding.person_of, actor))
