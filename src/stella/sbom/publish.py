"""Sign a bill of materials and attach it to the image it is about."""

import json
from typing import TYPE_CHECKING

from stella.image import BUNDLE_MEDIA_TYPE, PlatformImage, Reference, attach_artifact, media_type_of
from stella.kernel import Digest
from stella.plugin.contract.registry import Descriptor, Registry
from stella.sbom.cyclonedx import PREDICATE_TYPE

if TYPE_CHECKING:
    from stella.trust import Signer

SBOM_MEDIA_TYPE = "application/vnd.cyclonedx+json"


def sign_sbom(signer: "Signer", *, name: str, subject: Digest, sbom: bytes) -> bytes:
    """``sbom`` as an in-toto statement about the platform image ``subject``, in a Sigstore bundle."""
    from stella.trust import sign_statement  # late: most scans sign nothing

    return sign_statement(
        signer,
        subject_name=name,
        subject=subject,
        predicate_type=PREDICATE_TYPE,
        predicate=json.loads(sbom),
    )


def attach_sbom(
    registry: Registry,
    reference: Reference,
    platform: PlatformImage,
    content: bytes,
    *,
    is_bundle: bool,
) -> Digest:
    """Attach a signed bundle, or the bare document, to ``platform``; the artifact's digest.

    Raises the refusals of ``stella.plugin.refusals``.
    """
    subject = Descriptor(
        media_type_of(platform.manifest, ""), platform.digest, len(platform.manifest)
    )
    kind = BUNDLE_MEDIA_TYPE if is_bundle else SBOM_MEDIA_TYPE
    # cosign reads these to tell bundles apart without fetching them.
    annotations = {
        "dev.sigstore.bundle.content": "dsse-envelope",
        "dev.sigstore.bundle.predicateType": PREDICATE_TYPE,
    }
    return attach_artifact(
        registry,
        reference,
        subject,
        kind,
        content,
        kind,
        annotations=annotations if is_bundle else None,
    )
