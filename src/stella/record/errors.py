"""Refusals of the record."""

from stella.kernel import Fault, Remedy, StellaError


class DatabaseUnusable(StellaError):
    """The database cannot be reached, or the disk under it is full."""

    code = "ST-REC-001"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


class UnknownDatabase(StellaError):
    """A database URL of a kind that is not supported."""

    code = "ST-REC-002"


class NotSealedYet(StellaError):
    """A fact has no place in the chain yet: another server holds the sealer's lease."""

    code = "ST-REC-003"
    fault = Fault.UNAVAILABLE
    retry_may_help = True


def unusable(why: str, url: str) -> DatabaseUnusable:
    """One sentence for what the driver said."""
    full = "full" in why.lower() or "no space" in why.lower()
    advice = (
        "Free space on the disk that holds the database; nothing was half-written."
        if full
        else "See that the database runs and can be reached."
    )
    return DatabaseUnusable(
        f"the database did not do it: {why}",
        remedy=Remedy(advice, command="stella doctor"),
        database=url,
    )
