"""Refusals of environments, targets and freezes."""

from stella.kernel import Fault, StellaError


class UnknownEnvironment(StellaError):
    """There is no such environment."""

    code = "ST-ENV-001"
    fault = Fault.NOT_FOUND


class MalformedDocument(StellaError):
    """A declarative document cannot be applied: unknown key, wrong type, impossible value."""

    code = "ST-ENV-002"


class EnvironmentLoop(StellaError):
    """Environments that come after each other in a circle."""

    code = "ST-ENV-003"


class UnknownFreeze(StellaError):
    """There is no such freeze window."""

    code = "ST-ENV-004"
    fault = Fault.NOT_FOUND


class ImpossibleFreeze(StellaError):
    """A freeze window that ends before it starts, or has ended already."""

    code = "ST-ENV-005"


class ImpossibleHold(StellaError):
    """The environment is held already, or nobody says why it is held or let go on."""

    code = "ST-ENV-006"
    fault = Fault.CONFLICT


class NotHeld(StellaError):
    """The environment is not held."""

    code = "ST-ENV-007"
    fault = Fault.CONFLICT


class OwnedByAnother(StellaError):
    """A document is kept by another owner than the one that it was applied under."""

    code = "ST-ENV-008"
    fault = Fault.CONFLICT


class ImpossiblePrune(StellaError):
    """What an owner brought cannot be ended without that owner's name, or without any document left."""

    code = "ST-ENV-009"


class PruneRefused(StellaError):
    """What stands in no document any more is in use still, or cannot be ended by who asks."""

    code = "ST-ENV-010"
    fault = Fault.CONFLICT


class LifecycleLoop(StellaError):
    """Phases of a lifecycle that follow each other in a circle, so that nothing ever reaches them."""

    code = "ST-ENV-011"


class UnknownLifecycle(StellaError):
    """There is no such lifecycle."""

    code = "ST-ENV-012"
    fault = Fault.NOT_FOUND


class UnknownRepository(StellaError):
    """No repository is followed under that name."""

    code = "ST-ENV-013"
    fault = Fault.NOT_FOUND


class CommitRefused(StellaError):
    """A followed repository's commit is not applied: unsigned, of a rewritten history, or too much."""

    code = "ST-ENV-014"
    fault = Fault.CONFLICT


class UnknownSchedule(StellaError):
    """There is no such on-call schedule."""

    code = "ST-ENV-015"
    fault = Fault.NOT_FOUND


class UnknownShift(StellaError):
    """Nobody took such a shift."""

    code = "ST-ENV-016"
    fault = Fault.NOT_FOUND


class ImpossibleShift(StellaError):
    """A shift that begins before now, ends before it begins or lasts too long, or is over already."""

    code = "ST-ENV-017"


class ShiftNotYours(StellaError):
    """Shifts of a schedule are taken by and for people who take turns in it, or by who may change it."""

    code = "ST-ENV-018"
    fault = Fault.NOT_ALLOWED


class TargetHeld(StellaError):
    """A target that would leave what runs on a host behind, or take over what is another environment's."""

    code = "ST-ENV-019"
    fault = Fault.CONFLICT


class HostNotPinned(StellaError):
    """A target names a host that nobody could tell from another: its key is not given."""

    code = "ST-ENV-020"
