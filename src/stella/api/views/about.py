"""What a server says of itself."""

from stella.api.views.base import View
from stella.kernel import Outcome


class VersionView(View):
    """Name and version. simulated: whether its targets and registries are."""

    name: str
    version: str
    simulated: bool


class FoundView(View):
    """What one check of the doctor found.

    id: of the check, which may find several things. why: what goes wrong where it does not pass.
    how: what was looked at. fix: what to do; empty where it passed. can_fix: POST /doctor/fix mends it.
    """

    id: str
    area: str
    name: str
    why: str
    how: str
    outcome: Outcome
    detail: str
    fix: str
    can_fix: bool


class MendedView(View):
    """One thing that was mended."""

    check: str
    about: str
    before: str
    after: str


class DoctorView(View):
    """Every check."""

    checks: tuple[FoundView, ...]
