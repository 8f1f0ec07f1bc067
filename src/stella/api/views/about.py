"""What a server says of itself."""

from stella.api.views.base import View
from stella.kernel import Outcome


class VersionView(View):
    """Name and version. simulated: whether its targets and registries are."""

    name: str
    version: str
    simulated: bool


class CheckView(View):
    """One check of the doctor. fix: what to do; empty where it passed."""

    name: str
    outcome: Outcome
    detail: str
    fix: str


class DoctorView(View):
    """Every check."""

    checks: tuple[CheckView, ...]
