"""An entry of a log: whether it is about this very signature, and lies in the log as it says."""

import base64
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from stella.kernel import StellaError, canonical_json, time_text
from stella.trust.dsse import pae
from stella.trust.errors import MalformedEnvelope
from stella.trust.sigstore.bundle import LogEntry, Proof
from stella.trust.sigstore.certificate import wrong_time
from stella.trust.sigstore.root import Key, TrustedLog, spki, verify_signature
from stella.trust.sigstore.strict import strict_base64, strict_json
from stella.trust.transparency.merkle import check_inclusion, leaf_hash, unproven
from stella.trust.transparency.note import check_signed, read_checkpoint

_V2 = "0.0.2"


@dataclass(frozen=True, slots=True)
class Signed:
    """What the entry must be about. content: the bytes of the artifact, or of the DSSE payload.

    digest: SHA-256 of what was signed directly: of the artifact, or of the envelope's encoding.
    """

    signature: bytes
    signer: x509.Certificate | Key
    digest: bytes
    payload: bytes | None
    payload_type: str


def is_second(entry: LogEntry) -> bool:
    """Whether a log of the second kind wrote it: it says no time, and promises nothing."""
    return (entry.kind, entry.version) in {("hashedrekord", _V2), ("dsse", _V2)}


def check_proof(entry: LogEntry, log: TrustedLog) -> Proof:
    """Return the proof by which the entry lies in the log, each number of it held by the checkpoint.

    Raises UnprovenEntry, BadSignature.
    """
    proof = entry.proof
    if proof is None:
        raise unproven("the bundle proves no inclusion in the log")
    if proof.checkpoint is None:
        check_inclusion(leaf_hash(entry.body), proof.index, proof.size, proof.hashes, proof.root)
        raise unproven("no checkpoint holds the root of the proof")
    head = read_checkpoint(proof.checkpoint)
    if head.origin != log.name and not head.origin.startswith(log.name + " - "):
        raise unproven(f"the checkpoint is one of {head.origin[:80]!r}, not {log.name}")
    check_signed(head.note, log)
    if head.root != proof.root:
        raise unproven("the proof's root is not that of its checkpoint")
    if head.size != proof.size:
        raise unproven(f"the proof is of a log of {proof.size}, its checkpoint of {head.size}")
    # A promise of the first kind holds the index of the whole log, of which the proof's may be a part.
    if (is_second(entry) or entry.promise is None) and entry.index != proof.index:
        raise unproven(f"the entry says it is {entry.index}, its proof {proof.index}")
    check_inclusion(leaf_hash(entry.body), proof.index, head.size, proof.hashes, head.root)
    return proof


def promised_at(entry: LogEntry, log: TrustedLog) -> datetime | None:
    """When the log took the entry, by its own signature; None where the log says no time.

    Raises UnprovenTime, BadSignature.
    """
    if entry.promise is None:
        if entry.at and not is_second(entry):
            raise wrong_time("the log did not sign the time that the entry says")
        if entry.at:
            raise wrong_time("a log of the second kind says no time")
        return None
    content = canonical_json(
        {
            "body": base64.b64encode(entry.body).decode(),
            "integratedTime": entry.at,
            "logID": entry.log_id.hex(),
            "logIndex": entry.index,
        }
    )
    verify_signature(log.key, entry.promise, content)
    try:
        at = datetime.fromtimestamp(entry.at, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise wrong_time("the log says a time that is none") from error
    if not log.lasting.holds(at):
        raise wrong_time(f"the log was not trusted at {time_text(at)}")
    return at


def check_about(entry: LogEntry, signed: Signed) -> None:
    """Return where the entry is about this signature of this signer. Raises UnprovenEntry."""
    check = _KINDS.get((entry.kind, entry.version))
    if check is None:
        raise unproven(f"an entry of the kind {entry.kind[:40]} {entry.version[:20]}")
    try:
        body = strict_json(entry.body)
        if (body["kind"], body["apiVersion"]) != (entry.kind, entry.version):
            raise unproven("the entry is of another kind than the bundle says")
        check(body["spec"], signed)
    except MalformedEnvelope as error:
        raise unproven(f"an entry that cannot be read: {error}") from error
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        if isinstance(error, StellaError):
            raise
        raise unproven("an entry that cannot be read") from error


def _hashedrekord_1(spec: Mapping[str, Any], signed: Signed) -> None:
    found = spec["data"]["hash"]
    if found["algorithm"] != "sha256":
        raise unproven(f"an entry by {str(found['algorithm'])[:20]}")
    _same(found["value"], signed.digest.hex(), "what was signed")
    _same_signature(spec["signature"]["content"], signed)
    _same_pem(spec["signature"]["publicKey"]["content"], signed)


def _hashedrekord_2(spec: Mapping[str, Any], signed: Signed) -> None:
    inner = spec["hashedRekordV002"]
    _same_digest(inner["data"], signed.digest)
    _same_signature(inner["signature"]["content"], signed)
    _same_verifier(inner["signature"]["verifier"], signed)


def _dsse_1(spec: Mapping[str, Any], signed: Signed) -> None:
    found = spec["payloadHash"]
    if found["algorithm"] != "sha256":
        raise unproven(f"an entry by {str(found['algorithm'])[:20]}")
    _same(found["value"], hashlib.sha256(_payload(signed)).hexdigest(), "the payload")
    (only,) = spec["signatures"]
    _same_signature(only["signature"], signed)
    _same_pem(only["verifier"], signed)


def _dsse_2(spec: Mapping[str, Any], signed: Signed) -> None:
    inner = spec["dsseV002"]
    _same_digest(inner["payloadHash"], hashlib.sha256(_payload(signed)).digest())
    (only,) = inner["signatures"]
    _same_signature(only["content"], signed)
    _same_verifier(only["verifier"], signed)


def _intoto_2(spec: Mapping[str, Any], signed: Signed) -> None:
    content = spec["content"]
    found = content["payloadHash"]
    if found["algorithm"] != "sha256":
        raise unproven(f"an entry by {str(found['algorithm'])[:20]}")
    _same(found["value"], hashlib.sha256(_payload(signed)).hexdigest(), "the payload")
    envelope = content["envelope"]
    _same(envelope["payloadType"], signed.payload_type, "the payload's type")
    (only,) = envelope["signatures"]
    # This kind alone holds its signature in base64 of base64.
    _same_signature(strict_base64(only["sig"], "the entry's signature").decode(), signed)
    _same_pem(only["publicKey"], signed)


_KINDS: Mapping[tuple[str, str], Callable[[Mapping[str, Any], Signed], None]] = {
    ("hashedrekord", "0.0.1"): _hashedrekord_1,
    ("hashedrekord", _V2): _hashedrekord_2,
    ("dsse", "0.0.1"): _dsse_1,
    ("dsse", _V2): _dsse_2,
    ("intoto", "0.0.2"): _intoto_2,
}


def digest_of_signed(artifact_digest: bytes, payload: bytes | None, payload_type: str) -> bytes:
    """What an entry over a signature holds: of a file its digest, of an envelope that of its encoding."""
    return (
        artifact_digest if payload is None else hashlib.sha256(pae(payload_type, payload)).digest()
    )


def _payload(signed: Signed) -> bytes:
    if signed.payload is None:
        raise unproven("the entry is about an envelope, the bundle about a file")
    return signed.payload


def _same(found: object, wanted: object, what: str) -> None:
    if found != wanted:
        raise unproven(f"the entry is about another one: {what} differs")


def _same_digest(found: Mapping[str, Any], wanted: bytes) -> None:
    if found["algorithm"] != "SHA2_256":
        raise unproven(f"an entry by {str(found['algorithm'])[:20]}")
    _same(strict_base64(found["digest"], "the entry's digest"), wanted, "what was signed")


def _same_signature(found: str, signed: Signed) -> None:
    _same(strict_base64(found, "the entry's signature"), signed.signature, "the signature")


def _same_pem(text: str, signed: Signed) -> None:
    """The signer, as PEM in base64."""
    pem = strict_base64(text, "the entry's signer")
    if isinstance(signed.signer, x509.Certificate):
        _same(x509.load_pem_x509_certificate(pem), signed.signer, "the certificate")
    else:
        _same(spki(serialization.load_pem_public_key(pem)), spki(signed.signer), "the key")


def _same_verifier(found: Mapping[str, Any], signed: Signed) -> None:
    if isinstance(signed.signer, x509.Certificate):
        raw = strict_base64(found["x509Certificate"]["rawBytes"], "the entry's certificate")
        _same(raw, signed.signer.public_bytes(serialization.Encoding.DER), "the certificate")
    else:
        raw = strict_base64(found["publicKey"]["rawBytes"], "the entry's key")
        _same(raw, spki(signed.signer), "the key")
