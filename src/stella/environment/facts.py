"""What happens to environments."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class EnvironmentApplied(Fact):
    """It was made or changed. subject: its name; spec: digest of the new specification.

    rested_on: digest of the part that deployments rest on. ends_at: when it is over, None for never.
    """

    change: str
    spec: str
    rested_on: str | None = None
    ends_at: str | None = None


@dataclass(frozen=True, slots=True)
class TargetApplied(Fact):
    """It was made or changed. subject: its name; spec: digest of the new specification."""

    environment: str
    change: str
    spec: str


@dataclass(frozen=True, slots=True)
class EnvironmentDeleted(Fact):
    """It is offered no more; what was promoted there stays on record. subject: its name.

    ends_at: the end by which the server ended it; None where somebody did.
    """

    ends_at: str | None = None


@dataclass(frozen=True, slots=True)
class EnvironmentEnding(Fact):
    """It is over soon. subject: its name."""

    ends_at: str


@dataclass(frozen=True, slots=True)
class EnvironmentOver(Fact):
    """Its end has come, and it cannot be ended. subject: its name; reasons: what keeps it."""

    ends_at: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TargetDeleted(Fact):
    """Nothing is deployed to it any more. subject: its name."""

    environment: str


@dataclass(frozen=True, slots=True)
class DocumentOwnerChanged(Fact):
    """A document is kept by another. subject: kind/name; owner, before: None for nobody."""

    owner: str | None
    before: str | None


@dataclass(frozen=True, slots=True)
class FreezeBegun(Fact):
    """A freeze window was set. subject: the freeze."""

    environment: str
    starts_at: str
    ends_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class FreezeEnded(Fact):
    """It was ended before its time."""

    environment: str
    reason: str


@dataclass(frozen=True, slots=True)
class FreezeRuleApplied(Fact):
    """A rule of freezes was made or changed. subject: its name; spec: digest of the new one."""

    change: str
    spec: str


@dataclass(frozen=True, slots=True)
class FreezeRuleDeleted(Fact):
    """A rule of freezes holds nothing up any more. subject: its name."""


@dataclass(frozen=True, slots=True)
class EnvironmentHeld(Fact):
    """Nothing goes into it by itself from now on. promotion: the rollback that holds it, if one does."""

    reason: str
    promotion: str | None


@dataclass(frozen=True, slots=True)
class EnvironmentResumed(Fact):
    """It is held no more. promotion: by which it was moved on, or whose rollback never began."""

    reason: str
    promotion: str | None


@dataclass(frozen=True, slots=True)
class LifecycleApplied(Fact):
    """A lifecycle was made or changed. subject: its name; spec: digest of the new one."""

    change: str
    spec: str


@dataclass(frozen=True, slots=True)
class LifecycleDeleted(Fact):
    """No release takes it any more. subject: its name."""


@dataclass(frozen=True, slots=True)
class RepositoryFollowed(Fact):
    """A repository is followed from now on, or in another way. subject: its name."""

    change: str
    spec: str


@dataclass(frozen=True, slots=True)
class RepositoryLeft(Fact):
    """It is followed no more; what it brought stays. subject: its name."""


@dataclass(frozen=True, slots=True)
class RepositoryApplied(Fact):
    """A commit's documents count from now on. subject: the repository's name.

    before: the commit that counted until then. signer: by whom it was signed, empty where nobody asked.
    changed: how many documents came, went or changed.
    """

    commit: str
    before: str | None
    author: str
    signer: str
    changed: int


@dataclass(frozen=True, slots=True)
class RepositoryRefused(Fact):
    """A commit's documents are not applied; those before go on. subject: the repository's name."""

    commit: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class RepositoryAccepted(Fact):
    """A person lets a commit follow that history does not lead to. subject: the repository's name."""

    commit: str
    reason: str


@dataclass(frozen=True, slots=True)
class OnCallScheduleApplied(Fact):
    """An on-call schedule was made or changed. subject: its name; spec: digest of the new one."""

    change: str
    spec: str


@dataclass(frozen=True, slots=True)
class OnCallScheduleDeleted(Fact):
    """Nobody is on call by it any more. subject: its name."""


@dataclass(frozen=True, slots=True)
class ShiftTaken(Fact):
    """``person``, a name, is on call in the place of others. subject: the schedule; shift: its id."""

    shift: str
    person: str
    starts_at: str
    ends_at: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShiftReturned(Fact):
    """It counts no more. subject: the schedule; shift: its id."""

    shift: str
    person: str
