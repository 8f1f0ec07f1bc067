"""What the flows are given, from the parts of a server."""

from datetime import timedelta

from stella.api.looking import deciding_of, person_of
from stella.api.services import Services
from stella.app.flows import Work
from stella.evidence.keep import Proving


def work_of(services: Services, holder: str) -> Work:
    """What handlers need from outside. holder: under which name this process seals facts."""
    return Work(
        database=services.database,
        blobs=services.blobs,
        open_registry=services.open_registry,
        layers=services.layers,
        snapshot=services.snapshot,
        sbom_signer=services.keys.sbom,
        evidence_signer=services.keys.evidence,
        order_signer=services.keys.orders,
        deciding=deciding_of(services),
        proving=Proving(
            blobs=services.blobs,
            signer=services.keys.evidence,
            root=services.trust_root,
            person_of=person_of,
            simulated=services.simulated,
        ),
        holder=holder,
        order_life=timedelta(seconds=services.limits.order_life_s),
    )
