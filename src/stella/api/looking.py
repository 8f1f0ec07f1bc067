"""From a request to who looks at what; and the parts of lists."""

from collections.abc import Callable, Iterable, Sequence
from typing import Annotated, TypeAlias, TypeVar

from fastapi import Query

from stella.api.asked import Asked, needs
from stella.api.errors import InvalidRequest
from stella.api.views.base import Page, View, read_cursor, write_cursor
from stella.api.views.looking import Looking
from stella.identity import Permission
from stella.kernel import Remedy
from stella.promotion.model import Person
from stella.record import Tx

T = TypeVar("T")
V = TypeVar("V", bound=View)

Developer: TypeAlias = Annotated[Asked, needs(Permission.RELEASE_CREATE)]
Requester: TypeAlias = Annotated[Asked, needs(Permission.PROMOTION_REQUEST)]
Scanner: TypeAlias = Annotated[Asked, needs(Permission.IMAGE_SCAN)]
Approver: TypeAlias = Annotated[Asked, needs(Permission.PROMOTION_APPROVE)]
Operator: TypeAlias = Annotated[Asked, needs(Permission.DEPLOYMENT_OPERATE)]
Runner: TypeAlias = Annotated[Asked, needs(Permission.WORKFLOW_RUN)]
Configurer: TypeAlias = Annotated[Asked, needs(Permission.ENVIRONMENT_CHANGE)]
Freezer: TypeAlias = Annotated[Asked, needs(Permission.FREEZE_CHANGE)]
PolicyAuthor: TypeAlias = Annotated[Asked, needs(Permission.POLICY_CHANGE)]
WaiverRequester: TypeAlias = Annotated[Asked, needs(Permission.WAIVER_REQUEST)]
WaiverApprover: TypeAlias = Annotated[Asked, needs(Permission.WAIVER_APPROVE)]
Integrator: TypeAlias = Annotated[Asked, needs(Permission.INTEGRATION_CHANGE)]
Plugger: TypeAlias = Annotated[Asked, needs(Permission.PLUGIN_CHANGE)]
Keeper: TypeAlias = Annotated[Asked, needs(Permission.SECRET_CHANGE)]
GlassBreaker: TypeAlias = Annotated[Asked, needs(Permission.PROMOTION_BREAK_GLASS)]
Overrider: TypeAlias = Annotated[Asked, needs(Permission.FREEZE_OVERRIDE)]
Enroller: TypeAlias = Annotated[Asked, needs(Permission.AGENT_ENROL)]

Cursor: TypeAlias = Annotated[str | None, Query(description="`next` of the part before.")]
Limit: TypeAlias = Annotated[int, Query(ge=1, le=500)]


def asking_person(asked: Asked) -> Person:
    """Who asks, with the roles they hold now."""
    principal = asked.principal
    return Person(principal.id, principal.name, tuple(role.value for role in principal.roles))


def look(asked: Asked, tx: Tx) -> Looking:
    """One reading of the record by who asks."""
    return Looking(
        tx=tx,
        deciding=asked.services.deciding,
        person=asking_person(asked),
        permissions=frozenset(one.value for one in asked.principal.permissions),
        proof=asked.principal.proof,
    )


def one_of(name: str, text: str | None, known: Iterable[str]) -> frozenset[str] | None:
    """The words of a filter; None where there is no filter. Raises InvalidRequest for another word.

    A typing error must not read as "there are none".
    """
    if text is None:
        return None
    wanted, allowed = frozenset(text.split(",")), frozenset(known)
    strange = sorted(wanted - allowed)
    if strange:
        raise InvalidRequest(
            f"{name} cannot be {strange[0][:60]!r}",
            remedy=Remedy(f"Choose from {', '.join(sorted(allowed))}; comma between several."),
        )
    return wanted


def after_of(cursor: str | None) -> str | None:
    """The id after which a list goes on. Raises MalformedCursor."""
    return None if cursor is None else read_cursor(cursor)


def page(
    rows: Sequence[T], limit: int, show: Callable[[T], V], id_of: Callable[[T], str]
) -> Page[V]:
    """A part of a list; a full part has one after it, which may be empty."""
    following = write_cursor(id_of(rows[-1])) if len(rows) == limit else None
    return Page(items=[show(row) for row in rows], next=following)
