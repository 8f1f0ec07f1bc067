"""What attestations beside an image say of its build. Read, not verified: who signed is another question."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any, Protocol, runtime_checkable
from urllib.parse import urlsplit, urlunsplit

import msgspec

from stella.image import BUNDLE_MEDIA_TYPE, Image, ImageSource, PlatformImage
from stella.image.manifest import descriptor, parse_manifest
from stella.image.source import mismatch, read_blob
from stella.kernel import Digest, StellaError
from stella.plugin.contract.registry import Descriptor
from stella.sbom.cache import LayerCache
from stella.sbom.traits import Provenance

STATEMENT_BYTES_MAX = 8 * 1024 * 1024
_ATTESTATIONS_MAX = 20
_WORD_LETTERS_MAX = 500
_SLSA = "https://slsa.dev/provenance/"
_IN_TOTO = "application/vnd.in-toto+json"
_BUILDKIT_TYPE = "in-toto.io/predicate-type"
_BUNDLE_TYPE = "dev.sigstore.bundle.predicateType"
_BUILDKIT_METADATA = "https://mobyproject.org/buildkit@v1#metadata"
_VERSION = 2


@runtime_checkable
class Referring(Protocol):
    """A source that knows what is attached to an image; registries do."""

    def referrers(
        self, repository: str, subject: Digest, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """What is attached to ``subject``."""
        ...


class Attested(msgspec.Struct, frozen=True):
    """What attestations say. unknown: why there may be more of them, empty where these are all."""

    provenance: tuple[Provenance, ...]
    unknown: str = ""


def read_provenance(
    source: ImageSource, image: Image, platform: PlatformImage, cache: LayerCache
) -> Attested:
    """Build provenance in the image's index (as BuildKit writes it) and among what is attached to it.

    An attestation that cannot be read is said, and is no refusal: the image can be read without it.
    """
    found: set[Provenance] = set()
    unknown: list[str] = []
    for one, how in _places(source, image, platform, unknown):
        try:
            found.update(_cached(source, image.reference.repository, one, how, cache))
        except StellaError as refusal:
            unknown.append(f"{one.digest} cannot be read: {refusal}"[:_WORD_LETTERS_MAX])
    ordered = sorted(found, key=lambda one: (one.digest, one.predicate_type))
    return Attested(tuple(ordered), "; ".join(unknown))


def _places(
    source: ImageSource, image: Image, platform: PlatformImage, unknown: list[str]
) -> Iterator[tuple[Descriptor, str]]:
    beside = [one for subject, one in image.attestations if subject == platform.digest]
    yield from ((one, "in the image's index") for one in beside[:_ATTESTATIONS_MAX])
    if not isinstance(source, Referring):
        unknown.append("only a registry says what is attached to an image")
        return
    attached: list[Descriptor] = []
    for subject in dict.fromkeys((platform.digest, image.digest)):
        try:
            attached += source.referrers(image.reference.repository, subject)
        except StellaError as refusal:
            unknown.append(f"what is attached is not told: {refusal}"[:_WORD_LETTERS_MAX])
    wanted = [one for one in attached if _may_be_provenance(one)]
    if len(wanted) > _ATTESTATIONS_MAX:
        unknown.append(f"{len(wanted)} attestations are attached, {_ATTESTATIONS_MAX} are read")
    yield from ((one, "attached to the image") for one in wanted[:_ATTESTATIONS_MAX])


def _may_be_provenance(one: Descriptor) -> bool:
    """Bundles say in an annotation what they are; statements do not, and are looked into."""
    if one.artifact_type == BUNDLE_MEDIA_TYPE:
        return one.annotations.get(_BUNDLE_TYPE, "").startswith(_SLSA)
    return one.artifact_type == _IN_TOTO


def _cached(
    source: ImageSource, repository: str, one: Descriptor, how: str, cache: LayerCache
) -> tuple[Provenance, ...]:
    key = f"provenance-{one.digest.hex}-{_VERSION}"
    kept = cache.get(key)
    if kept is not None:
        try:
            return msgspec.json.decode(kept, type=tuple[Provenance, ...])
        except msgspec.DecodeError:
            pass
    found = tuple(_read(source, repository, one, how))
    cache.put(key, msgspec.json.encode(found))
    return found


def _read(source: ImageSource, repository: str, one: Descriptor, how: str) -> Iterator[Provenance]:
    raw = source.manifest(repository, one.digest.text)
    if Digest.of(raw.content) != one.digest:
        raise mismatch(one.digest, "its bytes have another digest")
    for layer in parse_manifest(raw.content).layers[:_ATTESTATIONS_MAX]:
        stated = (layer.annotations or {}).get(_BUILDKIT_TYPE, _SLSA)
        if not stated.startswith(_SLSA) or layer.media_type not in {_IN_TOTO, BUNDLE_MEDIA_TYPE}:
            continue
        content = read_blob(
            source, repository, descriptor(layer, "attestation"), bytes_max=STATEMENT_BYTES_MAX
        )
        said = provenance_in(content)
        if said is not None:
            yield msgspec.structs.replace(said, digest=one.digest.text, how=how)


def provenance_in(content: bytes) -> Provenance | None:
    """What a statement, an envelope or a bundle around one says of a build; None for anything else.

    Source: slsa.dev/spec/v1.0/provenance and v0.2, and BuildKit's own metadata in both.
    """
    statement = _statement(_json(content))
    kind, predicate = statement.get("predicateType"), statement.get("predicate")
    if not isinstance(kind, str) or not kind.startswith(_SLSA) or not isinstance(predicate, dict):
        return None
    is_old = kind.startswith(f"{_SLSA}v0")
    builder = (
        _dig(predicate, "builder", "id")
        if is_old
        else _dig(predicate, "runDetails", "builder", "id")
    )
    source, revision = _origin_v0(predicate) if is_old else _origin_v1(predicate)
    return Provenance(
        predicate_type=kind[:_WORD_LETTERS_MAX],
        builder=_address(builder),
        source=_address(source),
        revision=_word(revision),
        digest="",
        how="",
    )


def _origin_v1(predicate: dict[str, Any]) -> tuple[object, object]:
    vcs = _dig(predicate, "runDetails", "metadata", "buildkit_metadata", "vcs")
    if isinstance(vcs, dict) and vcs:
        return vcs.get("source"), vcs.get("revision")
    dependencies = _dig(predicate, "buildDefinition", "resolvedDependencies")
    for one in dependencies[:_ATTESTATIONS_MAX] if isinstance(dependencies, list) else ():
        revision = _dig(one, "digest", "gitCommit") or _dig(one, "digest", "sha1")
        if revision:
            return _dig(one, "uri"), revision
    return None, None


def _origin_v0(predicate: dict[str, Any]) -> tuple[object, object]:
    vcs = _dig(predicate, "metadata", _BUILDKIT_METADATA, "vcs")
    if isinstance(vcs, dict) and vcs:
        return vcs.get("source"), vcs.get("revision")
    place = _dig(predicate, "invocation", "configSource")
    return _dig(place, "uri"), _dig(place, "digest", "sha1")


def _statement(document: object) -> dict[str, Any]:
    """The statement itself, out of a Sigstore bundle or a DSSE envelope where it is in one."""
    envelope = document.get("dsseEnvelope", document) if isinstance(document, dict) else {}
    payload = envelope.get("payload") if isinstance(envelope, dict) else None
    if isinstance(payload, str):
        try:
            document = _json(base64.b64decode(payload, validate=True))
        except (binascii.Error, ValueError):
            return {}
    return document if isinstance(document, dict) else {}


def _json(content: bytes) -> object:
    try:
        return msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def _dig(value: object, *names: str) -> Any:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _word(value: object) -> str:
    return value[:_WORD_LETTERS_MAX] if isinstance(value, str) else ""


def _address(value: object) -> str:
    """Without who logs in there, and without what is asked there: that is nobody's business."""
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
    except ValueError:
        return ""
    netloc = parts.netloc.rpartition("@")[2]
    return _word(urlunsplit(parts._replace(netloc=netloc, query="", fragment="")))
