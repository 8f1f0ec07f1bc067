"""What the doctor changed, and what was carried away."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class FaultMended(Fact):
    """A safe fix was made because somebody asked for it. subject: the check; by: who, on a host."""

    about: str
    before: str
    after: str
    by: str


@dataclass(frozen=True, slots=True)
class SupportBundleMade(Fact):
    """Somebody took a support bundle. subject: its digest; files: how many."""

    files: int
