"""What happens to policy packs."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class PolicyApplied(Fact):
    """A name stands for another bundle now. subject: the name."""

    digest: str
    before: str | None


@dataclass(frozen=True, slots=True)
class PolicyDeleted(Fact):
    """A name stands for no bundle any more; the bundle stays. subject: the name."""

    before: str
