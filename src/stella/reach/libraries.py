"""Is a file of a system's package loaded when the image is started?

What is loaded is reachable. What is not may be opened later (dlopen) or run by something: unknown, and
never unreachable.
"""

from stella.reach.evidence import Evidence
from stella.reach.model import NOT_ASKED, Method, Reach, Reached, ReachWhy
from stella.sbom import Component

NOT_LOADED = "no file of it is loaded at the start; something may open or run it later"
_LISTED_MAX = 20


def libraries_reach(evidence: Evidence, component: Component) -> Reached:
    """Reachable where a file of ``component`` is what is run, on the way to it, or loaded by that."""
    if not evidence.knows_start:
        return NOT_ASKED
    chain = evidence.chain_to(component.purl)
    if not chain:
        return Reached(Reach.UNKNOWN, ReachWhy(Method.LIBRARIES, NOT_LOADED))
    reason = "it is what is run" if len(chain) == 1 else f"{chain[0]} loads it at the start"
    why = ReachWhy(Method.LIBRARIES, reason, files=chain[-1:], chain=chain[-_LISTED_MAX:])
    return Reached(Reach.REACHABLE, why)
