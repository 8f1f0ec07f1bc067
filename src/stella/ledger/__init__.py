"""What was said in public, and cannot be unsaid? An append-only log in tiles, and its proofs.

Entered late: who checks published files needs no database.
"""

from typing import TYPE_CHECKING

from stella.kernel.door import late

if TYPE_CHECKING:
    from stella.ledger.attest import Attestor, Signed
    from stella.ledger.disk import CHECKPOINT, Directory
    from stella.ledger.entry import AuditEntry
    from stella.ledger.errors import (
        LedgerDamaged,
        LedgerForked,
        LedgerTaken,
        LedgerUnusable,
        NoSuchEntry,
        UnfitEntry,
    )
    from stella.ledger.fsck import Fault, Rebuilt, rebuild
    from stella.ledger.log import Log, LogKeys, Placed
    from stella.ledger.store import StoredHeads

__getattr__ = late(
    __name__,
    {
        "attest": "Attestor Signed",
        "disk": "CHECKPOINT Directory",
        "entry": "AuditEntry",
        "errors": """LedgerDamaged LedgerForked LedgerTaken LedgerUnusable NoSuchEntry
            UnfitEntry""",
        "fsck": "Fault Rebuilt rebuild",
        "log": "Log LogKeys Placed",
        "store": "StoredHeads",
    },
)

__all__ = [
    "CHECKPOINT",
    "Attestor",
    "AuditEntry",
    "Directory",
    "Fault",
    "LedgerDamaged",
    "LedgerForked",
    "LedgerTaken",
    "LedgerUnusable",
    "Log",
    "LogKeys",
    "NoSuchEntry",
    "Placed",
    "Rebuilt",
    "Signed",
    "StoredHeads",
    "UnfitEntry",
    "rebuild",
]
