"""The doctor, for administrators: what it says of disks and databases is not for everybody."""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from fastapi import APIRouter, Query, Response

from stella.api.asked import Asked, needs
from stella.api.views.about import DoctorView, FoundView, MendedView
from stella.api.views.base import Body, Page
from stella.doctor import examine, mend
from stella.doctor.bundle import bundle
from stella.doctor.facts import SupportBundleMade
from stella.identity import Permission
from stella.kernel import Digest

router = APIRouter(prefix="/doctor", tags=["about"])

Mender: TypeAlias = Annotated[Asked, needs(Permission.SERVER_CHANGE)]


class Mending(Body):
    """Which checks' faults to mend; none: all that may be mended without naming them."""

    checks: Sequence[str] = ()


@router.get("")
def get_doctor(
    asked: Annotated[Asked, needs(Permission.ENVIRONMENT_CHANGE)],
    area: Annotated[str | None, Query(description="Only these; comma between several.")] = None,
) -> DoctorView:
    """Examine the server, each check with what to do."""
    findings = examine(asked.services.checks(), area.split(",") if area else ())
    return DoctorView(
        checks=tuple(
            FoundView(
                id=one.check,
                area=one.area.value,
                name=one.name,
                why=one.why,
                how=one.how,
                outcome=one.outcome,
                detail=asked.services.outside.masked(one.detail),
                fix=one.fix,
                can_fix=one.can_fix,
            )
            for one in findings
        )
    )


@router.post("/fix")
def post_fix(asked: Mender, body: Mending) -> Page[MendedView]:
    """Mend what a program may mend without losing anything; each change is a fact."""
    services = asked.services
    made = mend(services.database, services.checks(), body.checks, actor=asked.principal.id)
    return Page(
        items=[
            MendedView(check=one.subject, about=one.about, before=one.before, after=one.after)
            for one in made
        ]
    )


@router.get(
    "/bundle",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}}},
)
def get_bundle(asked: Mender) -> Response:
    """A support bundle: a tar of what this server is and how it is, without any secret."""
    services = asked.services
    told, findings = services.told(), examine(services.checks())
    masked, now = services.outside.masked, services.database.now()
    content = bundle(told, findings, services.log_tail(), masked=masked, now=now)
    with services.database.transaction(actor=asked.principal.id) as tx:
        tx.add(SupportBundleMade(Digest.of(content).text, len(told)))
    return Response(
        content,
        media_type="application/octet-stream",
        headers={"Content-Disposition": 'attachment; filename="stella-support.tar"'},
    )
