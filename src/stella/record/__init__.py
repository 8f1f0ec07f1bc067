"""What happened? Facts, stored with the values they are about, sealed into a chain."""

from stella.record.bell import Bell
from stella.record.chain import ChainReport, verify_chain
from stella.record.database import Database, open_workflow_engine
from stella.record.errors import DatabaseUnusable, UnknownDatabase
from stella.record.lease import take_lease
from stella.record.read import (
    claim_pending,
    drop_pending,
    fact_by_id,
    facts_about,
    facts_after,
    facts_before,
    facts_since,
    has_unsealed,
    head_position,
    last_fact,
    pending_facts,
)
from stella.record.seal import Sealed, seal
from stella.record.tables import metadata
from stella.record.transaction import StoredFact, Tx

__all__ = [
    "Bell",
    "ChainReport",
    "Database",
    "DatabaseUnusable",
    "Sealed",
    "StoredFact",
    "Tx",
    "UnknownDatabase",
    "claim_pending",
    "drop_pending",
    "fact_by_id",
    "facts_about",
    "facts_after",
    "facts_before",
    "facts_since",
    "has_unsealed",
    "head_position",
    "last_fact",
    "metadata",
    "open_workflow_engine",
    "pending_facts",
    "seal",
    "take_lease",
    "verify_chain",
]
