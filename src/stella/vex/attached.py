"""VEX that lies beside an image in its registry, as OCI 1.1 referrers."""

from collections.abc import Callable, Iterable
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
from stella.trust import OPENVEX, PublicKey, Signer, unverified_statement
from stella.vex.errors import UnusableStatement
from stella.vex.hearing import hear, hear_new, is_signed, sign_vex
from stella.vex.model import Gap

BARE_TYPES = frozenset({"application/vnd.openvex+json", "application/openvex+json"})
_PREDICATE = "dev.sigstore.bundle.predicateType"
_NAMESPACE = "https://openvex.dev/ns"
_DOCUMENTS_MAX = 50
_BYTES_MAX = 16 * 1024 * 1024
_ALL_BYTES_MAX = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Attached:
    """What lies beside an image. documents: each as it is, signed or not. gaps: what was not read."""

    documents: tuple[bytes, ...]
    gaps: tuple[Gap, ...]


def attached_vex(registry: Registry, repository: str, subjects: Iterable[Digest]) -> Attached:
    """The VEX documents that are attached to ``subjects`` (manifests and indexes), sorted by digest.

    Nothing is verified here. What cannot be read is a gap: no scan fails for what others attach.
    """
    documents: dict[Digest, bytes] = {}
    gaps: list[Gap] = []
    for subject in sorted(set(subjects)):
        try:
            listed = [one for one in registry.referrers(repository, subject) if _may_be_vex(one)]
        except StellaError as refusal:
            gaps.append(Gap(subject.text, f"its referrers cannot be read: {refusal}"))
            continue
        if len(listed) > _DOCUMENTS_MAX:
            why = f"{len(listed)} VEX documents lie beside it, the first {_DOCUMENTS_MAX} are read"
            gaps.append(Gap(subject.text, why))
        for one in listed[:_DOCUMENTS_MAX]:
            if sum(map(len, documents.values())) > _ALL_BYTES_MAX:
                gaps.append(Gap(one.digest.text, f"more than {_ALL_BYTES_MAX} bytes lie before it"))
                break
            try:
                content = _content(registry, repository, one)
                if is_signed(content) and not _is_vex(content):
                    continue  # another statement, whose bundle does not say outside of what kind
                hear_new(content, ())
            except StellaError as refusal:
                gaps.append(Gap(one.digest.text, str(refusal)[:300]))
            else:
                documents[Digest.of(content)] = content
    return Attached(tuple(documents[key] for key in sorted(documents)), tuple(gaps))


def publish_vex(
    registry: Registry,
    reference: Reference,
    content: bytes,
    signer: Signer | None = None,
    *,
    log: Callable[[bytes, PublicKey], bytes] | None = None,
) -> Digest:
    """Attach a signed document to the image ``reference`` names; the artifact's digest.

    content: a signed document, or with ``signer`` one to sign about that image. log: gives what was
    signed here its proof.
    Raises MalformedVex, UnusableStatement, and the refusals of ``stella.plugin.refusals``.
    """
    name = str(reference.digest) if reference.digest else reference.tag or "latest"
    found = registry.manifest(reference.repository, name)
    if signer is not None and not is_signed(content):
        content = sign_vex(signer, content, found.digest)
        if log is not None:
            content = log(content, signer.public)
    if not is_signed(content):
        raise UnusableStatement(
            "a document that nobody signed would count for nobody",
            remedy=Remedy("Sign it with --sign KEY."),
        )
    hear(content, ())
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
        annotations={"dev.sigstore.bundle.content": "dsse-envelope", _PREDICATE: OPENVEX},
    )


def _may_be_vex(one: Descriptor) -> bool:
    if one.artifact_type in BARE_TYPES:
        return True
    # Without the annotation, which is optional, only the bundle itself says what is in it.
    said = one.annotations.get(_PREDICATE, _NAMESPACE)
    return one.artifact_type == BUNDLE_MEDIA_TYPE and said.startswith(_NAMESPACE)


def _is_vex(bundle: bytes) -> bool:
    return unverified_statement(bundle).predicate_type.startswith(_NAMESPACE)


def _content(registry: Registry, repository: str, one: Descriptor) -> bytes:
    layer = artifact_of(registry.manifest(repository, one.digest.text), one.digest)
    return read_blob(registry, repository, layer, bytes_max=_BYTES_MAX)
