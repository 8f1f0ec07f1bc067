"""One finding's reachability: which analysis speaks of it, and what it says."""

from stella.advisory import Record
from stella.reach.evidence import Evidence
from stella.reach.functions import functions_reach
from stella.reach.libraries import libraries_reach
from stella.reach.model import NOT_ASKED, Reached
from stella.sbom import Component
from stella.sbom.package_purl import SYSTEM_TYPES


def reach_of(evidence: Evidence | None, component: Component, record: Record) -> Reached:
    """Whether what ``record`` says of ``component`` can be reached. evidence: None where none is kept."""
    if evidence is None:
        return NOT_ASKED
    if component.type == "golang":
        return functions_reach(evidence, component, record)
    if component.type in SYSTEM_TYPES:
        return libraries_reach(evidence, component)
    return NOT_ASKED
