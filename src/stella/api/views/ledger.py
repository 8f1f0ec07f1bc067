"""The ledger, as it is shown."""

import base64
from collections.abc import Sequence

from stella.api.views.base import View
from stella.ledger import Attestor, Placed
from stella.trust.transparency.note import Checkpoint, verifier_key


class LedgerView(View):
    """The ledger now. origin: as its checkpoints begin; verifierKey: by which clients of tiles check them.

    size: entries; root: in base64; signedBy: the names under its checkpoint, witnesses among them.
    """

    name: str
    origin: str
    verifier_key: str
    size: int
    root: str | None
    checkpoint: str | None
    signed_by: Sequence[str]

    @classmethod
    def of(cls, attestor: Attestor, head: Checkpoint | None) -> "LedgerView":
        """The view of the ledger whose last checkpoint is ``head``."""
        names = [one.name for one in head.note.signatures] if head else []
        return cls(
            name=attestor.name,
            origin=attestor.log.keys.origin,
            verifier_key=verifier_key(attestor.name, attestor.log.keys.note.public),
            size=head.size if head else 0,
            root=_text(head.root) if head else None,
            checkpoint=head.note.written() if head else None,
            signed_by=sorted(set(names)),
        )


class LedgerEntryView(View):
    """One entry and its proof. entry, root, proof: in base64; checkpoint: of the ledger of that size."""

    index: int
    size: int
    entry: str
    proof: Sequence[str]
    root: str
    checkpoint: str

    @classmethod
    def of(cls, placed: Placed) -> "LedgerEntryView":
        """The view of ``placed``."""
        return cls(
            index=placed.index,
            size=placed.size,
            entry=_text(placed.entry),
            proof=[_text(one) for one in placed.proof],
            root=_text(placed.checkpoint.root),
            checkpoint=placed.checkpoint.note.written(),
        )


class LoggedView(View):
    """A statement that was logged. bundle: its public form, as text; digest: of it."""

    bundle: str
    digest: str


class PublicStatementRef(View):
    """A statement of a packet that is in the ledger. bundle, public: digests of both forms of it."""

    entry: str
    bundle: str
    public: str


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()
