"""Facts: what happened, in the past tense, never changed. Everything else is derived from them."""

from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum

from stella.kernel.canonical import Json, digest_of
from stella.kernel.clock import time_text
from stella.kernel.digest import Digest


@dataclass(frozen=True, slots=True)
class Fact:
    """Base of every fact. A room's ``facts.py`` subclasses it, one frozen dataclass a kind.

    subject: the id of the thing it happened to. The class's name is the fact's kind; the other
    fields are its data and must be JSON values, digests, times or tuples of them (no floats).
    """

    subject: str

    @property
    def kind(self) -> str:
        """The class's name, ``PromotionApproved``."""
        return type(self).__name__

    def data(self) -> dict[str, Json]:
        """Every field but the subject, as canonical JSON can hold it."""
        return {
            field.name: fact_json(getattr(self, field.name))
            for field in fields(self)
            if field.name != "subject"
        }


def fact_json(value: object) -> Json:
    """A field's value as JSON: times and digests as text, tuples as lists."""
    if isinstance(value, datetime):
        return time_text(value)
    if isinstance(value, Digest):
        return value.text
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, tuple | list | frozenset):
        items = [fact_json(item) for item in value]
        return sorted(items, key=str) if isinstance(value, frozenset) else items
    if isinstance(value, dict):
        return {str(key): fact_json(item) for key, item in value.items()}
    assert value is None or isinstance(value, str | int | bool), (type(value), value)
    return value


def sealed_hash(
    *,
    id: str,  # noqa: A002 - the name it has in every stored and signed fact
    tenant: str,
    kind: str,
    subject: str,
    actor: str,
    cause: str | None,
    at: str,
    data: Json,
    position: int,
    previous: str,
) -> Digest:
    """What chains a fact: the hash over all it says, its place, and the hash before it.

    Stands in the kernel because the record writes it and an evidence packet proves it without one.
    """
    return digest_of(
        {
            "id": id,
            "tenant": tenant,
            "kind": kind,
            "subject": subject,
            "actor": actor,
            "cause": cause,
            "at": at,
            "data": data,
            "position": position,
            "previous": previous,
        }
    )
