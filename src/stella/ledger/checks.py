"""What the doctor asks of the ledger: does it hold?"""

from stella.kernel import Outcome, Seen
from stella.ledger.attest import Attestor


def ledger_holds(attestor: Attestor) -> list[Seen]:
    """Everything that is published gives the last checkpoint, as the database remembers it.

    Raises LedgerDamaged.
    """
    found = attestor.rebuilt()
    if found.faults:
        first = found.faults[0]
        fix = "Restore directory and database from the same backup: stella db restore <backup>"
        return [Seen(Outcome.BLOCKED, f"{first.path}: {first.detail}", fix)]
    return [Seen(Outcome.PASS, f"{found.head.size if found.head else 0} entries hold")]
