"""Test results that lie beside an image in its registry, as OCI 1.1 referrers."""

from collections.abc import Iterable
from dataclasses import dataclass

from stella.image import (
    BUNDLE_MEDIA_TYPE,
    Reference,
    artifact_of,
    attach_artifact,
    media_type_of,
    read_blob,
)
from stella.kernel import Digest, Remedy, StellaError
from stella.plugin.contract.registry import Descriptor, Registry
from stella.tested.errors import UnsignedTestResult, malformed_result
from stella.tested.hearing import check_new, hear_tested, read_statement, said_by, sign_tested
from stella.tested.model import BYTES_MAX, TEST_RESULT
from stella.trust import Signer

_PREDICATE = "dev.sigstore.bundle.predicateType"
_STATEMENT_TYPE = "application/vnd.in-toto+json"
_READ_MAX = 50
_ALL_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class AttachedTests:
    """What lies beside an image. documents: each as it is, signed or not. gaps: what was not read."""

    documents: tuple[bytes, ...]
    gaps: tuple[str, ...]


def attached_tests(
    registry: Registry, repository: str, subjects: Iterable[Digest]
) -> AttachedTests:
    """The test results that are attached to ``subjects`` (manifests and indexes), sorted by digest.

    Nothing is verified here. What cannot be read is a gap: no scan fails for what others attach.
    """
    wanted, documents, gaps = sorted(set(subjects)), dict[Digest, bytes](), list[str]()
    for subject in wanted:
        try:
            listed = [one for one in registry.referrers(repository, subject) if _may_be_one(one)]
        except StellaError as refusal:
            gaps.append(f"{subject}: its referrers cannot be read: {refusal}")
            continue
        if len(listed) > _READ_MAX:
            gaps.append(f"{subject}: {len(listed)} may be test results, {_READ_MAX} are read")
        for one in listed[:_READ_MAX]:
            if sum(map(len, documents.values())) > _ALL_BYTES_MAX:
                gaps.append(f"{one.digest}: more than {_ALL_BYTES_MAX} bytes lie before it")
                break
            try:
                content = _result_in(_content(registry, repository, one), subject)
            except StellaError as refusal:
                # What does not say outside of what kind it is may be anything.
                if one.annotations.get(_PREDICATE) == TEST_RESULT:
                    gaps.append(f"{one.digest}: {str(refusal)[:300]}")
                continue
            if content is not None:
                documents[Digest.of(content)] = content
    return AttachedTests(tuple(documents[key] for key in sorted(documents)), tuple(gaps))


def publish_tests(
    registry: Registry, reference: Reference, content: bytes, signer: Signer | None = None
) -> Digest:
    """Attach a signed result to the image that it is about; the artifact's digest.

    content: a signed result, or with ``signer`` a bare one to sign. reference: where that image lies;
    what it is about is its own word, be that the index or one platform of it.
    Raises MalformedTestResult, UnsignedTestResult, and the refusals of ``stella.plugin.refusals``.
    """
    heard = hear_tested(content, ())
    if not heard.is_signed:
        if signer is None:
            raise UnsignedTestResult(
                "a test result that nobody signed would count for nobody",
                remedy=Remedy("Sign it with --sign KEY."),
            )
        content = sign_tested(signer, content)
    found = registry.manifest(reference.repository, heard.said.image.text)
    subject = Descriptor(
        media_type_of(found.content, found.media_type), found.digest, len(found.content)
    )
    return attach_artifact(
        registry,
        reference,
        subject,
        BUNDLE_MEDIA_TYPE,
        content,
        BUNDLE_MEDIA_TYPE,
        annotations={"dev.sigstore.bundle.content": "dsse-envelope", _PREDICATE: TEST_RESULT},
    )


def _result_in(content: bytes, subject: Digest) -> bytes | None:
    """``content`` where it is a test result; None for a statement of another kind.

    Raises MalformedTestResult (also where it hangs at what it is not about), MalformedEnvelope.
    """
    statement = read_statement(content)
    if statement.predicate_type != TEST_RESULT:
        return None
    check_new(content)
    said_by(statement)
    if statement.subject != subject:
        raise malformed_result(f"it is about {statement.subject}, not what it hangs at")
    return content


def _may_be_one(one: Descriptor) -> bool:
    """Without the annotation, which is optional, only the bundle itself says what is in it."""
    said = one.annotations.get(_PREDICATE, TEST_RESULT)
    return one.artifact_type == _STATEMENT_TYPE or (
        one.artifact_type == BUNDLE_MEDIA_TYPE and said == TEST_RESULT
    )


def _content(registry: Registry, repository: str, one: Descriptor) -> bytes:
    layer = artifact_of(registry.manifest(repository, one.digest.text), one.digest)
    return read_blob(registry, repository, layer, bytes_max=BYTES_MAX)
