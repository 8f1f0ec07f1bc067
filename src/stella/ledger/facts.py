"""What happens to the ledger by somebody's wish; what goes into it by itself has its own facts."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class StatementLogged(Fact):
    """Somebody had a statement logged. subject: the digest of its public form; key: the signer's id."""

    key: str


@dataclass(frozen=True, slots=True)
class CheckpointCosigned(Fact):
    """Witnesses signed a checkpoint. subject: the ledger's name; witnesses: whose signatures stand there."""

    size: int
    witnesses: tuple[str, ...]
