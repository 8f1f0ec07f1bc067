"""The one form of every view."""

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Generic, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, PlainSerializer, model_validator
from pydantic.alias_generators import to_camel

from stella.api.errors import MalformedCursor
from stella.identity import Person as User
from stella.kernel import Remedy, time_text
from stella.kernel.storable import refuse_unstorable
from stella.promotion.model import Person

T = TypeVar("T")

BODY_DEPTH_MAX = 64
_PLACE = re.compile(r"[0-9A-Za-z_]{1,60}\Z")

Time: TypeAlias = Annotated[datetime, PlainSerializer(time_text, return_type=str)]
"""A time: UTC, RFC 3339, microseconds and Z."""


def _camel(name: str) -> str:
    """``from_`` stands for a word that Python keeps for itself."""
    return to_camel(name.rstrip("_"))


class View(BaseModel):
    """Base of what is sent. etag: of what changes can be conditional on; empty otherwise."""

    model_config = ConfigDict(
        alias_generator=_camel,
        populate_by_name=True,
        serialize_by_alias=True,
        frozen=True,
        extra="forbid",
    )

    @property
    def etag(self) -> str:
        """The ETag header, quotes included."""
        return ""


class Body(BaseModel):
    """Base of what is taken. Unknown fields are refused: a typing error must not be ignored."""

    model_config = ConfigDict(
        alias_generator=_camel, populate_by_name=True, frozen=True, extra="forbid"
    )

    @model_validator(mode="before")
    @classmethod
    def _speakable(cls, data: Any) -> Any:
        refuse_unstorable(data, BODY_DEPTH_MAX)
        return data


class PersonView(View):
    """Who did something, with the roles they hold or held. Agents and the system have none."""

    id: str
    name: str
    roles: list[str] = []


def person_view(person: Person | User) -> PersonView:
    """A person as the API shows them."""
    return PersonView(id=person.id, name=person.name, roles=[str(role) for role in person.roles])


class Page(View, Generic[T]):
    """Part of a list. next: what ``cursor`` takes for the part after it; null at the end."""

    items: Sequence[T]
    next: str | None = None


class ProblemRemedy(View):
    """What the reader can do now."""

    advice: str
    command: str | None = None


class Problem(BaseModel):
    """A refusal, after RFC 9457."""

    type: str
    title: str
    status: int
    code: str
    fault: str
    retry_may_help: bool
    remedy: ProblemRemedy
    facts: dict[str, object]


def write_cursor(place: str) -> str:
    """An opaque cursor for the part of a list after ``place``."""
    return base64.urlsafe_b64encode(place.encode()).decode().rstrip("=")


def read_cursor(cursor: str, form: re.Pattern[str] = _PLACE) -> str:
    """The place behind a cursor: an id, a number, or what ``form`` says. Raises MalformedCursor."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        place = base64.b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise malformed_cursor() from error
    if not form.match(place):
        raise malformed_cursor()
    return place


def malformed_cursor() -> MalformedCursor:
    """The refusal of a cursor that no page ended with."""
    return MalformedCursor(
        "that is no cursor of this server",
        remedy=Remedy("Begin without one, and pass on `next` as it came."),
    )
