"""in-toto statements v1, and the Sigstore bundles v0.3 they travel in."""

import base64
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from stella.kernel import Digest, Json, Remedy, canonical_json
from stella.trust.dsse import (
    PAYLOAD_TYPE,
    Envelope,
    Signature,
    decode,
    malformed,
    sign_envelope,
    verify_envelope,
)
from stella.trust.errors import WrongStatement
from stella.trust.keys import PublicKey, Signer

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle.v0.3+json"
_OURS = "https://stella-ops.org/predicate"

CYCLONEDX = "https://cyclonedx.org/bom"
OPENVEX = "https://openvex.dev/ns/v0.2.0"
GATE_DECISION = f"{_OURS}/gate-decision/v1"
APPROVAL = f"{_OURS}/approval/v1"
DEPLOYMENT = f"{_OURS}/deployment/v1"
TAKE_DOWN = f"{_OURS}/take-down/v1"
PACKET_MANIFEST = f"{_OURS}/packet-manifest/v1"
ORDER = f"{_OURS}/order/v1"
STICKER = f"{_OURS}/sticker/v1"


@dataclass(frozen=True, slots=True)
class Statement:
    """What was signed: about which bytes, of which kind, and by whom. key_id: the trusted key's."""

    subject_name: str
    subject: Digest
    predicate_type: str
    predicate: Any
    key_id: str


class _Bundle(msgspec.Struct, frozen=True, rename="camel"):
    media_type: str
    verification_material: dict[str, Any]
    dsse_envelope: Envelope


class _Subject(msgspec.Struct, frozen=True):
    name: str
    digest: dict[str, str]


class _Content(msgspec.Struct, frozen=True, rename="camel"):
    kind: str = msgspec.field(name="_type")
    subject: list[_Subject]
    predicate_type: str
    predicate: Any


def sign_statement(
    signer: Signer,
    *,
    subject_name: str,
    subject: Digest,
    predicate_type: str,
    predicate: Json,
) -> bytes:
    """A Sigstore bundle around a signed in-toto statement about ``subject``."""
    statement = statement_of(subject_name, subject, predicate_type, predicate)
    envelope = sign_envelope(canonical_json(statement), PAYLOAD_TYPE, signer)
    return _bundle_bytes(envelope, signer.public)


def statement_of(name: str, subject: Digest, predicate_type: str, predicate: Json) -> Json:
    """An in-toto statement about ``subject`` that nobody has signed. name: of the subject."""
    return {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": subject.hex}}],
        "predicateType": predicate_type,
        "predicate": predicate,
    }


def verify_bundle(
    bundle: bytes,
    keys: Iterable[PublicKey],
    *,
    subject: Digest | None = None,
    predicate_type: str | None = None,
    exact: bool = False,
) -> Statement:
    """The statement in ``bundle``, signed by one of ``keys``, about ``subject``.

    exact: also refuse any byte of the bundle that is not what ``sign_statement`` writes around
        this signature (white space, key hint, spare bits of base64): where no digest covers it.
    Raises MalformedEnvelope, BadSignature, or WrongStatement where it is about something else.
    """
    try:
        read = msgspec.json.decode(bundle, type=_Bundle)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(f"no Sigstore bundle: {error}") from error
    if read.media_type != BUNDLE_TYPE:
        raise malformed(f"a bundle of the type {read.media_type[:80]!r}, not {BUNDLE_TYPE}")
    payload, key = verify_envelope(read.dsse_envelope, keys)
    if read.dsse_envelope.payload_type != PAYLOAD_TYPE:
        raise malformed(f"a payload of the type {read.dsse_envelope.payload_type[:80]!r}")
    if exact:
        _check_exact(bundle, read.dsse_envelope, key)
    statement = _read_statement(payload, key.key_id)
    _expect("subject", subject.text if subject else None, statement.subject.text)
    _expect("predicate type", predicate_type, statement.predicate_type)
    return statement


def unverified_predicate(bundle: bytes) -> Any:
    """What a bundle claims, for showing only: no signature is looked at."""
    return unverified_statement(bundle).predicate


def unverified_statement(bundle: bytes) -> Statement:
    """The statement that a bundle claims, for showing only: no signature is looked at.

    Raises MalformedEnvelope.
    """
    return _read_statement(unverified_payload(bundle), "")


def bare_statement(content: bytes) -> Statement:
    """The statement that nobody signed. Raises MalformedEnvelope."""
    return _read_statement(content, "")


def unverified_payload(bundle: bytes) -> bytes:
    """The bytes that the signatures of a bundle are over; none is looked at. Raises MalformedEnvelope."""
    try:
        read = msgspec.json.decode(bundle, type=_Bundle)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise malformed(f"no Sigstore bundle: {error}") from error
    return decode(read.dsse_envelope.payload)


def _read_statement(payload: bytes, key_id: str) -> Statement:
    try:
        content = msgspec.json.decode(payload, type=_Content)
        if content.kind != STATEMENT_TYPE:
            raise malformed("no in-toto statement v1")
        (subject,) = content.subject
        return Statement(
            subject_name=subject.name,
            subject=Digest("sha256:" + subject.digest["sha256"]),
            predicate_type=content.predicate_type,
            predicate=content.predicate,
            key_id=key_id,
        )
    except (ValueError, KeyError, RecursionError) as error:
        raise malformed("no in-toto statement about one sha256 digest") from error


def _expect(what: str, wanted: str | None, found: str) -> None:
    if wanted is not None and wanted != found:
        raise WrongStatement(
            f"the statement's {what} is {found}, not {wanted}",
            remedy=Remedy("Take the statement that was made about this."),
            wanted=wanted,
            found=found,
        )


def _bundle_bytes(envelope: Envelope, key: PublicKey) -> bytes:
    return canonical_json(
        {
            "mediaType": BUNDLE_TYPE,
            "verificationMaterial": {"publicKey": {"hint": _hint(key)}},
            "dsseEnvelope": {
                "payload": envelope.payload,
                "payloadType": envelope.payload_type,
                "signatures": [{"sig": one.sig} for one in envelope.signatures],
            },
        }
    )


def _check_exact(bundle: bytes, envelope: Envelope, key: PublicKey) -> None:
    (signature, *more) = envelope.signatures
    if more:
        raise malformed(f"{len(more) + 1} signatures where there is one")
    remade = Envelope(
        payload=_encoded(decode(envelope.payload)),
        payload_type=PAYLOAD_TYPE,
        signatures=(Signature(_encoded(decode(signature.sig))),),
    )
    if _bundle_bytes(remade, key) != bundle:
        raise malformed("a bundle with bytes in it that its signature does not cover")


def _encoded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _hint(key: PublicKey) -> str:
    """What names the key in a bundle; stock clients compare it only with what they are given."""
    return base64.b64encode(bytes.fromhex(key.key_id)).decode()
