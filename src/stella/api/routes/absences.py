"""Absences: who speaks for whom, until when."""

from datetime import datetime

from fastapi import APIRouter, Response

from stella.api.asked import Viewer
from stella.api.looking import Approver, Cursor, Limit, after_of, asking_person, look, page
from stella.api.views.base import Body, Page, PersonView, View
from stella.api.views.looking import Looking
from stella.identity import user_by_name
from stella.kernel import parse_time, time_text
from stella.promotion.approval.absence import Absence, begin_absence, end_absence, list_absences
from stella.record import Tx

router = APIRouter(prefix="/absences", tags=["promotions"])


class NewAbsence(Body):
    """A time in which another speaks for who asks. stand_in: a user's name.

    starts_at: now where it is left out.
    """

    stand_in: str
    ends_at: str
    starts_at: str | None = None
    reason: str = ""


class AbsenceView(View):
    """A time in which ``stand_in`` may approve for ``person``."""

    id: str
    person: PersonView
    stand_in: PersonView
    starts_at: str
    ends_at: str
    reason: str
    ended_at: str | None
    holds: bool


@router.get("")
def get_absences(asked: Viewer, *, cursor: Cursor = None, limit: Limit = 50) -> Page[AbsenceView]:
    """Who is away and who stands in, the newest first."""
    with asked.read() as tx:
        looking = look(asked, tx)
        rows = list_absences(tx, after=after_of(cursor), limit=limit)
        return page(rows, limit, lambda one: _view(looking, one), lambda one: one.id)


@router.post("", status_code=201, response_model=AbsenceView)
def post_absence(asked: Approver, body: NewAbsence) -> Response:
    """Say who approves for you while you are away."""
    starts_at: datetime | None = None if body.starts_at is None else parse_time(body.starts_at)
    ends_at = parse_time(body.ends_at)

    def do(tx: Tx) -> AbsenceView:
        made = begin_absence(
            tx,
            asking_person(asked),
            stand_in=user_by_name(tx, body.stand_in).id,
            ends_at=ends_at,
            starts_at=starts_at,
            reason=body.reason,
        )
        return _view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.post("/{absence}/end", response_model=AbsenceView)
def post_absence_end(asked: Viewer, absence: str) -> Response:
    """Say that you are back before the time."""
    person = asking_person(asked)
    return asked.once(lambda tx: _view(look(asked, tx), end_absence(tx, person, absence)))


def _view(looking: Looking, absence: Absence) -> AbsenceView:
    return AbsenceView(
        id=absence.id,
        person=looking.person_view(absence.person),
        stand_in=looking.person_view(absence.stand_in),
        starts_at=absence.starts_at,
        ends_at=absence.ends_at,
        reason=absence.reason,
        ended_at=absence.ended_at,
        holds=absence.holds(time_text(looking.tx.now)),
    )
