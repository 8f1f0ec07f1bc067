"""Sigstore bundles v0.1 to v0.3 as values (github.com/sigstore/protobuf-specs, sigstore_bundle.proto)."""

from dataclasses import dataclass
from typing import Any

import msgspec
from cryptography import x509

from stella.trust.dsse import malformed, pae
from stella.trust.sigstore.strict import strict_base64, strict_json, strict_number

_CHAINS = {
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
}
_SINGLE = {
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle.v0.3+json",
}
_ENTRIES_MAX = 8
_TIMES_MAX = 8


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, rename="camel"):
    """Every field is known: what nobody verifies has no place in a bundle."""


class _Raw(_Part, frozen=True):
    raw_bytes: str


class _Chain(_Part, frozen=True):
    certificates: list[_Raw] = []


class _Hint(_Part, frozen=True):
    hint: str = ""


class _LogId(_Part, frozen=True):
    key_id: str


class _KindVersion(_Part, frozen=True):
    kind: str
    version: str


class _Promise(_Part, frozen=True):
    signed_entry_timestamp: str


class _Checkpoint(_Part, frozen=True):
    envelope: str


class _Proof(_Part, frozen=True):
    root_hash: str
    tree_size: str
    checkpoint: _Checkpoint | None = None
    log_index: str = "0"
    hashes: list[str] = []


class _Entry(_Part, frozen=True):
    log_id: _LogId
    kind_version: _KindVersion
    canonicalized_body: str
    log_index: str = "0"
    integrated_time: str = "0"
    inclusion_promise: _Promise | None = None
    inclusion_proof: _Proof | None = None


class _Token(_Part, frozen=True):
    signed_timestamp: str


class _Times(_Part, frozen=True):
    rfc3161_timestamps: list[_Token] = []


class _Material(_Part, frozen=True):
    x509_certificate_chain: _Chain | None = None
    certificate: _Raw | None = None
    public_key: _Hint | None = None
    tlog_entries: list[_Entry] = []
    timestamp_verification_data: _Times | None = None


class _Digest(_Part, frozen=True):
    algorithm: str
    digest: str


class _Message(_Part, frozen=True):
    signature: str
    message_digest: _Digest | None = None


class _Signature(_Part, frozen=True):
    sig: str
    keyid: str = ""


class _Envelope(_Part, frozen=True):
    payload: str
    payload_type: str
    signatures: list[_Signature]


class _Bundle(_Part, frozen=True):
    media_type: str
    verification_material: _Material
    message_signature: _Message | None = None
    dsse_envelope: _Envelope | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """Where in which tree an entry is said to lie. checkpoint: the note, as it was written; or none."""

    index: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str | None


@dataclass(frozen=True, slots=True)
class LogEntry:
    """An entry of a log, as a bundle carries it. at: seconds since 1970, 0 where no log said it."""

    log_id: bytes
    index: int
    kind: str
    version: str
    body: bytes
    at: int
    promise: bytes | None
    proof: Proof | None


@dataclass(frozen=True, slots=True)
class Bundle:
    """What a bundle says, none of it believed yet.

    leaf: the signer's certificate, or None where ``hint`` names a key. chain: certificates that came
    with it. payload: of a DSSE envelope; None where a file was signed. claimed: the SHA-256 that the
    bundle says the file has.
    """

    leaf: x509.Certificate | None
    chain: tuple[x509.Certificate, ...]
    hint: str
    entries: tuple[LogEntry, ...]
    tokens: tuple[bytes, ...]
    signature: bytes
    payload: bytes | None
    payload_type: str
    claimed: bytes | None

    def signed_of(self, artifact: bytes) -> bytes:
        """The bytes that the signature is over, where it is over ``artifact`` or an envelope."""
        return artifact if self.payload is None else pae(self.payload_type, self.payload)


def read_bundle(content: bytes) -> Bundle:
    """A bundle as a value. Raises MalformedEnvelope for what is none, or could be read twice."""
    try:
        read = msgspec.convert(strict_json(content), type=_Bundle)
    except msgspec.ValidationError as error:
        raise malformed(f"no Sigstore bundle: {error}") from error
    leaf, chain = _certificates(read)
    material = read.verification_material
    if len(material.tlog_entries) > _ENTRIES_MAX:
        raise malformed(f"{len(material.tlog_entries)} log entries in one bundle")
    times = material.timestamp_verification_data
    tokens = times.rfc3161_timestamps if times else []
    if len(tokens) > _TIMES_MAX:
        raise malformed(f"{len(tokens)} time stamps in one bundle")
    return Bundle(
        leaf=leaf,
        chain=chain,
        hint=material.public_key.hint if material.public_key else "",
        entries=tuple(_entry(one) for one in material.tlog_entries),
        tokens=tuple(strict_base64(one.signed_timestamp, "a time stamp") for one in tokens),
        **_content(read),
    )


def _content(read: _Bundle) -> dict[str, Any]:
    """The fields that say what was signed."""
    message, envelope = read.message_signature, read.dsse_envelope
    if (message is None) == (envelope is None):
        raise malformed("neither one signature of a file nor one envelope")
    if message is not None:
        claimed = None
        if message.message_digest is not None:
            if message.message_digest.algorithm != "SHA2_256":
                raise malformed(f"a digest by {message.message_digest.algorithm[:40]!r}")
            claimed = strict_base64(message.message_digest.digest, "the digest")
        signature = strict_base64(message.signature, "the signature")
        return {
            "signature": signature,
            "payload": None,
            "payload_type": "",
            "claimed": claimed,
        }
    assert envelope is not None
    if len(envelope.signatures) != 1:
        raise malformed(f"{len(envelope.signatures)} signatures where there is one")
    return {
        "signature": strict_base64(envelope.signatures[0].sig, "the signature"),
        "payload": strict_base64(envelope.payload, "the payload"),
        "payload_type": envelope.payload_type,
        "claimed": None,
    }


def _certificates(read: _Bundle) -> tuple[x509.Certificate | None, tuple[x509.Certificate, ...]]:
    """The leaf and what came with it, as the version of the bundle has it."""
    material = read.verification_material
    given = (material.certificate, material.x509_certificate_chain, material.public_key)
    if sum(one is not None for one in given) != 1:
        raise malformed("not one certificate or one key")
    if read.media_type in _SINGLE:
        if material.x509_certificate_chain is not None:
            raise malformed("a chain of certificates, where the version has one certificate")
        raw = [material.certificate] if material.certificate else []
    elif read.media_type in _CHAINS:
        if material.certificate is not None:
            raise malformed("one certificate, where the version has a chain")
        chain = material.x509_certificate_chain
        if chain is not None and not chain.certificates:
            raise malformed("an empty chain of certificates")
        raw = list(chain.certificates) if chain else []
    else:
        raise malformed(f"a bundle of the type {read.media_type[:80]!r}")
    loaded = [_certificate(one) for one in raw]
    return (loaded[0], tuple(loaded[1:])) if loaded else (None, ())


def _certificate(raw: _Raw) -> x509.Certificate:
    try:
        return x509.load_der_x509_certificate(strict_base64(raw.raw_bytes, "a certificate"))
    except ValueError as error:
        raise malformed(f"a certificate that is none: {error}") from error


def _entry(read: _Entry) -> LogEntry:
    promise = read.inclusion_promise
    return LogEntry(
        log_id=strict_base64(read.log_id.key_id, "the log's id"),
        index=strict_number(read.log_index, "the entry's index"),
        kind=read.kind_version.kind,
        version=read.kind_version.version,
        body=strict_base64(read.canonicalized_body, "the entry's body"),
        at=strict_number(read.integrated_time, "the entry's time"),
        promise=strict_base64(promise.signed_entry_timestamp, "the promise") if promise else None,
        proof=_proof(read.inclusion_proof) if read.inclusion_proof else None,
    )


def _proof(read: _Proof) -> Proof:
    return Proof(
        index=strict_number(read.log_index, "the proof's index"),
        size=strict_number(read.tree_size, "the proof's size"),
        root=strict_base64(read.root_hash, "the proof's root"),
        hashes=tuple(strict_base64(one, "a hash of the proof") for one in read.hashes),
        checkpoint=read.checkpoint.envelope if read.checkpoint else None,
    )
