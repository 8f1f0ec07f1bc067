"""Test results beside an image: attached signed, read bounded, and never a reason for a scan to fail."""

import pytest

from fixtures.road import AttachableRegistry
from image.images import Layer, build, push
from stella.image import BUNDLE_MEDIA_TYPE, attach_artifact, parse_reference
from stella.kernel import Digest
from stella.plugin.contract.registry import Descriptor
from stella.tested import UnsignedTestResult, sign_tested
from stella.tested.attached import attached_tests, publish_tests
from stella.tested.hearing import bare_tested
from stella.tested.junit import predicate_of
from stella.trust import sign_statement
from tested.test_hearing import SIGNER
from tested.test_junit import PASSED

IMAGE = build(Layer.of({"a": b"1"}))
REFERENCE = parse_reference("registry.test/shop/web:1")
BARE = bare_tested("web", IMAGE.digest, predicate_of([PASSED]))
NOTE = {"dev.sigstore.bundle.predicateType": "https://in-toto.io/attestation/test-result/v0.1"}


@pytest.fixture
def registry() -> AttachableRegistry:
    registry = AttachableRegistry()
    push(registry, IMAGE)
    return registry


def attach(registry: AttachableRegistry, content: bytes, kind: str, **notes: str) -> None:
    subject = Descriptor("application/vnd.oci.image.manifest.v1+json", IMAGE.digest, 1)
    attach_artifact(registry, REFERENCE, subject, kind, content, kind, annotations=notes)


def beside(registry: AttachableRegistry):
    return attached_tests(registry, "shop/web", [IMAGE.digest])


def test_what_is_published_signed_is_found(registry: AttachableRegistry):
    with pytest.raises(UnsignedTestResult):
        publish_tests(registry, REFERENCE, BARE)
    for _ in range(2):
        publish_tests(registry, REFERENCE, BARE, SIGNER)
    found = beside(registry)
    assert (len(found.documents), found.gaps) == (1, ())


def test_other_things_beside_it_are_passed_over(registry: AttachableRegistry):
    other = sign_statement(
        SIGNER,
        subject_name="web",
        subject=IMAGE.digest,
        predicate_type="https://cyclonedx.org/bom",
        predicate={},
    )
    attach(registry, other, BUNDLE_MEDIA_TYPE)
    attach(registry, b"no json", "application/vnd.in-toto+json")
    attach(registry, b"{}", "application/vnd.example")
    assert (beside(registry).documents, beside(registry).gaps) == ((), ())


def test_what_says_it_is_one_and_is_not_is_a_gap(registry: AttachableRegistry):
    attach(registry, b"no json", BUNDLE_MEDIA_TYPE, **NOTE)
    elsewhere = bare_tested("web", Digest("sha256:" + "b" * 64), predicate_of([PASSED]))
    attach(registry, sign_tested(SIGNER, elsewhere), BUNDLE_MEDIA_TYPE, **NOTE)
    found = beside(registry)
    assert (found.documents, len(found.gaps)) == ((), 2)


def test_so_many_are_read_and_no_more(registry: AttachableRegistry):
    for number in range(60):
        attach(registry, BARE + b" " * number, "application/vnd.in-toto+json")
    found = beside(registry)
    assert len(found.documents) == 50
    assert "60 may be test results" in found.gaps[0]
