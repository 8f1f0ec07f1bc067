"""What the handlers of facts carry along: everything that they need from outside."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Event

from stella.advisory import Snapshot
from stella.app.ledger import Publishing
from stella.blob import Blobs
from stella.deployment.steps import CallStep
from stella.evidence.keep import Proving
from stella.plugin.contract.notifier import Ticket
from stella.plugin.contract.registry import Registry
from stella.promotion.assemble import Deciding
from stella.promotion.known.look_up import Trouble
from stella.record import Database, StoredFact, Tx
from stella.sbom import LayerCache
from stella.trust import Signer
from stella.workflow.definition.kinds import Kinds


@dataclass(frozen=True, slots=True)
class Work:
    """What handlers need from outside. holder: under which name this process seals facts.

    url: of the console. look_up: a change ticket by integration, key and environment. kinds: the types
    of steps that workflows have now. registry_for: as ``open_registry``, for somebody with these roles.
    order_life: how long an agent has to carry an order out.
    stopping: set when the server ends. wait_s: after the first failed attempt at something, twice as
    long after the second.
    """

    database: Database
    blobs: Blobs
    open_registry: Callable[[str], Registry]
    layers: LayerCache
    snapshot: Callable[[], Snapshot | None]
    sbom_signer: Signer
    evidence_signer: Signer
    order_signer: Signer
    deciding: Deciding
    proving: Proving
    publishing: Publishing
    holder: str
    url: str
    order_life: timedelta
    call_step: CallStep
    look_up: Callable[[str, str, str], Ticket | Trouble]
    kinds: Callable[[], Kinds]
    registry_for: Callable[[str, frozenset[str]], Registry]
    stopping: Event = field(default_factory=Event)
    wait_s: float = 1.0

    def because(self, fact: StoredFact) -> AbstractContextManager[Tx]:
        """A transaction whose facts are caused by ``fact``."""
        return self.database.transaction(actor="system", cause=fact.id, tenant=fact.tenant)


class ServerStops(BaseException):
    """Ends a run that waits, in this process. No Exception: it is no outcome, and none is recorded,
    so that the next start goes on with the run.
    """
