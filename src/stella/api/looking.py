"""From a request to who looks at what; and the parts of lists."""

from collections.abc import Callable, Sequence
from typing import Annotated, TypeAlias, TypeVar

from fastapi import Query

from stella.api.asked import Asked, needs
from stella.api.services import Services
from stella.api.views.base import Page, View, read_cursor, write_cursor
from stella.api.views.looking import Looking
from stella.deployment.plan import plan_deployment
from stella.identity import Permission, person
from stella.promotion.assemble import Deciding
from stella.promotion.model import Person
from stella.record import Tx

T = TypeVar("T")
V = TypeVar("V", bound=View)

Developer: TypeAlias = Annotated[Asked, needs(Permission.RELEASE_CREATE)]
Requester: TypeAlias = Annotated[Asked, needs(Permission.PROMOTION_REQUEST)]
Scanner: TypeAlias = Annotated[Asked, needs(Permission.IMAGE_SCAN)]
Approver: TypeAlias = Annotated[Asked, needs(Permission.PROMOTION_APPROVE)]
Operator: TypeAlias = Annotated[Asked, needs(Permission.DEPLOYMENT_OPERATE)]
Configurer: TypeAlias = Annotated[Asked, needs(Permission.ENVIRONMENT_CHANGE)]
Freezer: TypeAlias = Annotated[Asked, needs(Permission.FREEZE_CHANGE)]
Enroller: TypeAlias = Annotated[Asked, needs(Permission.AGENT_ENROL)]

Cursor: TypeAlias = Annotated[str | None, Query(description="`next` of the part before.")]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=500)]


def deciding_of(services: Services) -> Deciding:
    """What decisions need from outside."""
    return Deciding(
        blobs=services.blobs,
        planner=lambda release, environment, targets: plan_deployment(
            release, environment, targets, services.plugins.target
        ),
        person_of=person_of,
        simulated=services.simulated,
    )


def person_of(tx: Tx, actor: str) -> Person:
    """Who an id is, as decisions and packets name people."""
    known = person(tx, actor)
    return Person(known.id, known.name, tuple(role.value for role in known.roles))


def asking_person(asked: Asked) -> Person:
    """Who asks, with the roles they hold now."""
    principal = asked.principal
    return Person(principal.id, principal.name, tuple(role.value for role in principal.roles))


def look(asked: Asked, tx: Tx) -> Looking:
    """One reading of the record by who asks."""
    return Looking(
        tx=tx,
        deciding=deciding_of(asked.services),
        person=asking_person(asked),
        permissions=frozenset(one.value for one in asked.principal.permissions),
    )


def after_of(cursor: str | None) -> str | None:
    """The id after which a list goes on. Raises MalformedCursor."""
    return None if cursor is None else read_cursor(cursor)


def page(
    rows: Sequence[T], limit: int, show: Callable[[T], V], id_of: Callable[[T], str]
) -> Page[V]:
    """A part of a list; a full part has one after it, which may be empty."""
    following = write_cursor(id_of(rows[-1])) if len(rows) == limit else None
    return Page(items=[show(row) for row in rows], next=following)
