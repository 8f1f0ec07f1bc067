"""The form of every view, and who looks."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from stella.blob import Blobs
from stella.promotion.assemble import Deciding
from stella.promotion.model import Person
from stella.record.transaction import Tx


def _camel(name: str) -> str:
    """``from_`` stands for a word that Python keeps for itself."""
    return to_camel(name.rstrip("_"))


class View(BaseModel):
    """Camel case outside; made once and never changed."""

    model_config = ConfigDict(
        alias_generator=_camel, populate_by_name=True, frozen=True, serialize_by_alias=True
    )


class PersonView(View):
    """Who did something, with the roles they hold or held."""

    id: str
    name: str
    roles: list[str] = []


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


def person_view(person: Person) -> PersonView:
    """A person as the API shows them."""
    return PersonView(id=person.id, name=person.name, roles=list(person.roles))
