"""What was said in public, and cannot be unsaid? An append-only log in tiles, and its proofs."""

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
