"""A person lets a commit of a followed repository count that was refused for its history."""

import re
from dataclasses import replace

from stella.environment.document import malformed
from stella.environment.facts import RepositoryAccepted
from stella.environment.followed.model import KIND, Known
from stella.environment.followed.store import find_followed, put_standing
from stella.record.transaction import Tx

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_REASON_MAX = 500


def accept_commit(tx: Tx, name: str, commit: str, reason: str) -> Known:
    """It is looked at now. Raises UnknownRepository, MalformedDocument."""
    known = find_followed(tx, name, lock=True)
    why = reason.strip()
    if not _COMMIT.match(commit):
        raise malformed(KIND, name, "a commit is accepted by its whole id")
    if not 0 < len(why) <= _REASON_MAX:
        raise malformed(KIND, name, f"a commit is accepted with a reason of 1 to {_REASON_MAX}")
    known = replace(known, standing=replace(known.standing, accepted=commit, asked=True))
    put_standing(tx, known.followed, known.standing)
    tx.add(RepositoryAccepted(name, commit, why))
    return known
