"""What happens to triggers."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class TriggerApplied(Fact):
    """subject: its name. change: created or updated. digest: of its specification."""

    change: str
    digest: str


@dataclass(frozen=True, slots=True)
class TriggerLent(Fact):
    """Somebody lent it their rights. subject: its name. digest: of its specification.

    workflows: name -> digest of the version that it was done for.
    """

    digest: str
    workflows: dict[str, str]


@dataclass(frozen=True, slots=True)
class TriggerDeleted(Fact):
    """It starts no more runs. subject: its name."""


@dataclass(frozen=True, slots=True)
class TriggerFired(Fact):
    """It started a run. subject: its name. key: of the event that it answered."""

    event: str
    key: str
    workflow: str
    run: str


@dataclass(frozen=True, slots=True)
class TriggerRefused(Fact):
    """An event should have started a run, and could not. subject: its name."""

    event: str
    key: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class TriggerMissed(Fact):
    """A scheduled time came when the server did not run, and is not made up for. subject: its name.

    at: the last of the times that were missed.
    """

    at: str
