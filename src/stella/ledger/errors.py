"""Refusals of the ledger."""

from stella.kernel import Fault, Remedy, StellaError


class UnfitEntry(StellaError):
    """An entry is too large for a log, or none was given."""

    code = "ST-LED-001"


class LedgerDamaged(StellaError):
    """What is published of the ledger is not what its own checkpoint says."""

    code = "ST-LED-002"
    fault = Fault.FAILED


class LedgerForked(StellaError):
    """The ledger's directory and its database tell two stories: it shrank, or was forked."""

    code = "ST-LED-003"
    fault = Fault.FAILED


class LedgerTaken(StellaError):
    """Another writer was faster; nothing was written."""

    code = "ST-LED-004"
    fault = Fault.CONFLICT
    retry_may_help = True


class NoSuchEntry(StellaError):
    """The ledger has no such entry, tile or checkpoint."""

    code = "ST-LED-005"
    fault = Fault.NOT_FOUND


class LedgerUnusable(StellaError):
    """The directory of the ledger cannot be read or written."""

    code = "ST-LED-006"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


def damaged(why: str) -> LedgerDamaged:
    """The refusal of a ledger that does not hold."""
    return LedgerDamaged(
        f"the ledger does not hold: {why}",
        remedy=Remedy(
            "See which part: everything is rebuilt from it.", command="stella ledger fsck"
        ),
    )


def forked(why: str) -> LedgerForked:
    """The refusal of a ledger with two stories."""
    return LedgerForked(
        f"the ledger tells two stories: {why}",
        remedy=Remedy(
            "Restore directory and database from the same backup; nothing is signed until then.",
            command="stella db restore <backup>",
        ),
    )
