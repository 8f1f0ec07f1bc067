"""A person lets a commit of a followed repository count that was refused for its history."""

from dataclasses import replace

from stella.environment.document import malformed
from stella.environment.facts import RepositoryAccepted
from stella.environment.followed.model import KIND, Known
from stella.environment.followed.store import find_followed, put_standing
from stella.kernel.names import COMMIT_ID
from stella.record.transaction import Tx

_REASON_MAX = 500


def accept_commit(tx: Tx, name: str, commit: str, reason: str) -> Known:
    """It is looked at now. Raises UnknownRepository, MalformedDocument."""
    known = find_followed(tx, name, lock=True)
    why = reason.strip()
    if not COMMIT_ID.match(commit):
        raise malformed(KIND, name, "a commit is accepted by its whole id")
    if not 0 < len(why) <= _REASON_MAX:
        raise malformed(KIND, name, f"a commit is accepted with a reason of 1 to {_REASON_MAX}")
    known = replace(known, standing=replace(known.standing, accepted=commit)).asked_for()
    put_standing(tx, known.followed, known.standing)
    tx.add(RepositoryAccepted(name, commit, why))
    return known
