"""VEX beside an image: attached signed, read bounded, and never a reason for a scan to fail."""

from dataclasses import dataclass

import pytest

from fixtures.road import AttachableRegistry
from image.images import Layer, build, index_of, push
from stella.image import BUNDLE_MEDIA_TYPE, attach_artifact, parse_reference, resolve
from stella.kernel import Digest, Remedy
from stella.plugin.contract.registry import Descriptor
from stella.plugin.refusals import RegistryUnreachable
from stella.sbom import attach_sbom
from stella.trust import Algorithm, new_signer, sign_statement
from stella.vex import Basis, Issuer, OpenVex, UnusableStatement, hear, openvex_bytes
from stella.vex.attached import attached_vex, publish_vex
from vex.sayings import EARLY, statement

IMAGE = build(Layer.of({"etc/os-release": b"ID=debian\n"}))
SIGNER = new_signer(Algorithm.ED25519)
ISSUER = Issuer("vendor", 100, (SIGNER.public,))
DOCUMENT = openvex_bytes(OpenVex("a vendor", EARLY, (statement(),)))


def pushed() -> tuple[AttachableRegistry, str]:
    registry = AttachableRegistry()
    return registry, str(push(registry, IMAGE))


def beside(registry: AttachableRegistry, *subjects: Digest):
    return attached_vex(registry, "shop/web", subjects or (IMAGE.digest,))


def attach(registry: AttachableRegistry, content: bytes, kind: str, **notes: str) -> None:
    subject = Descriptor("application/vnd.oci.image.manifest.v1+json", IMAGE.digest, 1)
    reference = parse_reference("registry.test/shop/web:1")
    attach_artifact(registry, reference, subject, kind, content, kind, annotations=notes)


def test_a_published_document_is_found_with_who_signed_it() -> None:
    registry, reference = pushed()
    publish_vex(registry, parse_reference(reference), DOCUMENT, SIGNER)
    publish_vex(registry, parse_reference(reference), DOCUMENT, SIGNER)
    found = beside(registry)
    assert found.gaps == ()
    (content,) = found.documents
    heard = hear(content, [ISSUER])
    assert (heard.issuer, heard.basis) == (ISSUER, Basis.SIGNATURE)
    assert [one.names for one in heard.document.statements] == [("CVE-2026-1",)]
    assert beside(registry, Digest.of(b"other")).documents == ()


def test_what_nobody_signed_is_not_published_but_read() -> None:
    registry, reference = pushed()
    with pytest.raises(UnusableStatement):
        publish_vex(registry, parse_reference(reference), DOCUMENT)
    attach(registry, DOCUMENT, "application/vnd.openvex+json")
    (content,) = beside(registry).documents
    assert hear(content, [ISSUER]).basis is Basis.NONE


def test_other_statements_beside_an_image_are_passed_over() -> None:
    registry, reference = pushed()
    image = resolve(registry, parse_reference(reference))
    sbom = sign_statement(
        SIGNER,
        subject_name="web",
        subject=IMAGE.digest,
        predicate_type="https://cyclonedx.org/bom",
        predicate={"bomFormat": "CycloneDX"},
    )
    attach_sbom(registry, image.reference, image.platforms[0], sbom, is_bundle=True)
    attach(registry, sbom, BUNDLE_MEDIA_TYPE)  # one that does not say outside what is in it
    attach(registry, b"{}", "application/vnd.example")
    found = beside(registry)
    assert (found.documents, found.gaps) == ((), ())


def test_what_cannot_be_read_is_a_gap() -> None:
    registry, _ = pushed()
    attach(registry, b"no json", "application/vnd.openvex+json")
    attach(registry, DOCUMENT, "application/vnd.openvex+json")
    missing = Digest.of(DOCUMENT)
    attach(registry, DOCUMENT + b" ", "application/vnd.openvex+json")
    del registry.blobs[missing]
    found = beside(registry)
    assert [hear(one, ()).document.author for one in found.documents] == ["a vendor"]
    assert len(found.gaps) == 2


@dataclass
class Silent(AttachableRegistry):
    """Does not answer for referrers."""

    def referrers(self, repository, subject, artifact_type=None):
        del repository, subject, artifact_type
        raise RegistryUnreachable("it does not answer", remedy=Remedy("Wait."))


def test_a_registry_that_does_not_answer_is_a_gap() -> None:
    found = beside(Silent())
    assert found.documents == ()
    assert "does not answer" in found.gaps[0].reason


def test_so_many_documents_are_read_and_no_more() -> None:
    registry, _ = pushed()
    for number in range(60):
        attach(registry, DOCUMENT + b" " * number, "application/vnd.openvex+json")
    found = beside(registry)
    assert len(found.documents) == 50
    assert "60 VEX documents" in found.gaps[0].reason


def test_index_and_platforms_are_looked_at() -> None:
    arm = build(Layer.of({"a": b"1"}), platform="linux/arm64")
    registry = AttachableRegistry()
    reference = parse_reference(str(push(registry, (IMAGE, arm))))
    publish_vex(registry, reference, DOCUMENT, SIGNER)
    index = Digest.of(index_of(IMAGE, arm))
    assert len(beside(registry, index, IMAGE.digest).documents) == 1
