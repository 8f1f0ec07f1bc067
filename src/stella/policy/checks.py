"""What the doctor asks of policies: can each still be read by this version's engine?"""

from collections.abc import Callable

from stella.kernel import Digest, Outcome, Seen, StellaError
from stella.policy.bundle import parse_bundle, refuse_syntax
from stella.policy.store import policy_digests
from stella.record import Database


def policies_compile(database: Database, read: Callable[[Digest], bytes]) -> list[Seen]:
    """Every pack that was applied is there, and compiles. read: a blob by its digest."""
    with database.read() as tx:
        digests = policy_digests(tx)
    found = []
    for name, digest in digests.items():
        try:
            refuse_syntax(parse_bundle(read(Digest(digest))).files)
        except StellaError as refusal:
            fix = f"Apply the policy {name} anew: stella apply -f FILE"
            found.append(Seen(Outcome.BLOCKED, str(refusal), fix, name))
    return found or [Seen(Outcome.PASS, f"{len(digests)} packs and the starter compile")]
