"""What the doctor asks of VEX: do the documents that were taken for somebody's still have somebody?"""

from collections import Counter
from collections.abc import Iterable

from stella.kernel import Outcome, Seen
from stella.record import Database
from stella.trust import PublicKey
from stella.vex.issuer import Basis
from stella.vex.standing import issuers_now
from stella.vex.store import standing_vex


def issuers_are_known(database: Database, own_keys: Iterable[PublicKey] = ()) -> list[Seen]:
    """Nobody whose documents stand here was let go since: their statements count for nothing."""
    with database.read() as tx:
        known = {one.name for one in issuers_now(tx, own_keys)}
        standing = standing_vex(tx)
    lost = Counter(
        one.issuer for one in standing if one.basis is not Basis.NONE and one.issuer not in known
    )
    found = [
        Seen(
            Outcome.BLOCKED,
            f"{count} documents were taken for {name}'s, whose word counts here no more",
            f"Apply a VexIssuer {name} anew (stella apply -f FILE), or withdraw them: stella vex list",
            name,
        )
        for name, count in sorted(lost.items())
    ]
    return found or [Seen(Outcome.PASS, f"{len(standing)} documents stand")]
