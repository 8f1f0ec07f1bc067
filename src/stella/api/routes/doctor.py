"""The doctor, for administrators: what it says of disks and databases is not for everybody."""

from typing import Annotated

from fastapi import APIRouter

from stella.api.asked import Asked, needs
from stella.api.views.about import CheckView, DoctorView
from stella.doctor import examine
from stella.identity import Permission

router = APIRouter(tags=["about"])


@router.get("/doctor")
def get_doctor(asked: Annotated[Asked, needs(Permission.ENVIRONMENT_CHANGE)]) -> DoctorView:
    """Examine the server, each check with what to do."""
    checks = examine(asked.services.patient())
    return DoctorView(
        checks=tuple(
            CheckView(name=one.name, outcome=one.outcome, detail=one.detail, fix=one.fix)
            for one in checks
        )
    )
