"""Whose word counts: logs, certificate authorities, clocks, each with its time (sigstore_trustroot.proto)."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from stella.kernel import Remedy, StellaError, parse_time
from stella.trust.errors import BadSignature, SigstorePartMissing, UnusableKey, UnusableRoot
from stella.trust.sigstore.strict import strict_base64, strict_json

_KIND = "application/vnd.dev.sigstore.trustedroot"
_STORE = "_store/https%3A%2F%2Ftuf-repo-cdn.sigstore.dev/trusted_root.json"
_RSA_PKCS1 = "PKCS1_RSA_PKCS1V5"
Key = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey


@dataclass(frozen=True, slots=True)
class Lasting:
    """A time from ``start`` to ``end``, both of them included; None: without end."""

    start: datetime
    end: datetime | None

    def holds(self, at: datetime) -> bool:
        """Whether ``at`` is in it."""
        return self.start <= at and (self.end is None or at <= self.end)


@dataclass(frozen=True, slots=True)
class TrustedLog:
    """A log and its key. name: under which it signs checkpoints. id: 32 bytes."""

    name: str
    key: Key
    log_id: bytes
    lasting: Lasting

    @property
    def id(self) -> bytes:
        """What stands before its signatures under a checkpoint."""
        return self.log_id[:4]

    def verify(self, text: str, signature: bytes) -> None:
        """Raises BadSignature."""
        verify_signature(self.key, signature, text.encode())


@dataclass(frozen=True, slots=True)
class TrustedChain:
    """Certificates from the one that signs leaves (or is the clock's own) up to its root."""

    certificates: tuple[x509.Certificate, ...]
    lasting: Lasting


@dataclass(frozen=True, slots=True)
class SigstoreRoot:
    """Whom we believe about certificates, logs and times."""

    logs: tuple[TrustedLog, ...]
    certificate_logs: tuple[TrustedLog, ...]
    authorities: tuple[TrustedChain, ...]
    clocks: tuple[TrustedChain, ...]

    def log(self, log_id: bytes) -> TrustedLog | None:
        """The log of that id."""
        return next((one for one in self.logs if one.log_id == log_id), None)


NOBODY = SigstoreRoot((), (), (), ())
"""Where a key alone is believed."""


def read_sigstore_root(content: bytes) -> SigstoreRoot:
    """A ``trusted_root.json``. Raises UnusableRoot."""
    try:
        read = strict_json(content)
        if not str(read["mediaType"]).startswith(_KIND):
            raise _unusable(f"it is of the type {str(read['mediaType'])[:80]!r}")
        return SigstoreRoot(
            logs=tuple(_log(one) for one in read.get("tlogs", ())),
            certificate_logs=tuple(_log(one) for one in read.get("ctlogs", ())),
            authorities=tuple(_chain(one) for one in read.get("certificateAuthorities", ())),
            clocks=tuple(_chain(one) for one in read.get("timestampAuthorities", ())),
        )
    except UnusableRoot:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, UnsupportedAlgorithm) as error:
        raise _unusable(f"{type(error).__name__}: {error}") from error
    except StellaError as error:
        raise _unusable(str(error)) from error


def public_good_root() -> SigstoreRoot:
    """The root of Sigstore's public services, as its own library brings it.

    Raises SigstorePartMissing where that library is not installed.
    """
    found = find_spec("sigstore")
    if found is None or not found.submodule_search_locations:
        raise part_missing("the root of Sigstore's public services")
    return read_sigstore_root((Path(found.submodule_search_locations[0]) / _STORE).read_bytes())


def part_missing(what: str) -> SigstorePartMissing:
    """The refusal of what needs the extra ``sigstore``."""
    return SigstorePartMissing(
        f"{what} is not part of this installation",
        remedy=Remedy(
            "Install it, or name another root with --trusted-root.",
            command="pip install 'stella-ops[sigstore]'",
        ),
    )


def verify_signature(key: object, signature: bytes, content: bytes) -> None:
    """Return where ``signature`` is that key's. Raises BadSignature."""
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, content, ec.ECDSA(_hash(key)))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, content)
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, content, padding.PKCS1v15(), hashes.SHA256())
        else:
            raise _bad("a key of a kind that is not supported")
    except InvalidSignature:
        raise _bad("the signature is not of that key, or what it is over was changed") from None


def load_key(pem: bytes) -> Key:
    """A public key in PEM, of any kind that Sigstore's clients take. Raises UnusableKey."""
    try:
        return _checked(serialization.load_pem_public_key(pem))
    except (ValueError, UnsupportedAlgorithm, UnusableRoot) as error:
        raise UnusableKey(
            f"not a public key that can be used: {error}",
            remedy=Remedy(
                "Give one in PEM: EC, Ed25519 or RSA.", command="cosign public-key --key KEY"
            ),
        ) from error


def spki(key: Any) -> bytes:
    """SubjectPublicKeyInfo in DER."""
    der: bytes = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return der


def _hash(key: ec.EllipticCurvePublicKey) -> hashes.HashAlgorithm:
    return {"secp384r1": hashes.SHA384(), "secp521r1": hashes.SHA512()}.get(
        key.curve.name, hashes.SHA256()
    )


def _log(read: Mapping[str, Any]) -> TrustedLog:
    key = _key(read["publicKey"])
    place = urlsplit(read["baseUrl"])
    if read["hashAlgorithm"] != "SHA2_256":
        raise _unusable(f"a log that hashes by {read['hashAlgorithm']!r}")
    log_id = strict_base64(read["logId"]["keyId"], "a log's id")
    if len(log_id) != hashlib.sha256().digest_size:
        raise _unusable(f"a log's id of {len(log_id)} bytes")
    return TrustedLog(
        name=(place.netloc + place.path).rstrip("/"),
        key=key,
        log_id=log_id,
        lasting=_lasting(read["publicKey"].get("validFor")),
    )


def _key(read: Mapping[str, Any]) -> Key:
    raw = strict_base64(read["rawBytes"], "a key")
    if read["keyDetails"] == _RSA_PKCS1:
        # The key alone (RFC 8017), not yet in what every other kind is wrapped in.
        pem = _pem("RSA PUBLIC KEY", read["rawBytes"])
        return _checked(serialization.load_pem_public_key(pem))
    return _checked(serialization.load_der_public_key(raw))


def _pem(label: str, text: str) -> bytes:
    return f"-----BEGIN {label}-----\n{text}\n-----END {label}-----\n".encode()


def _checked(key: object) -> Key:
    if isinstance(key, Key):
        return key
    raise _unusable("a key of a kind that is not supported")


def _chain(read: Mapping[str, Any]) -> TrustedChain:
    certificates = tuple(
        x509.load_der_x509_certificate(strict_base64(one["rawBytes"], "a certificate"))
        for one in read["certChain"]["certificates"]
    )
    if not certificates:
        raise _unusable("an authority without a certificate")
    return TrustedChain(certificates, _lasting(read.get("validFor")))


def _lasting(read: Mapping[str, Any] | None) -> Lasting:
    if not read or "start" not in read:
        raise _unusable("since when a key or certificate is valid is missing")
    end = read.get("end")
    return Lasting(parse_time(read["start"]), parse_time(end) if end else None)


def _unusable(why: str) -> UnusableRoot:
    return UnusableRoot(
        f"no trusted root that can be used: {why}",
        remedy=Remedy("Get trusted_root.json again from whoever you trust."),
    )


def _bad(why: str) -> BadSignature:
    return BadSignature(why, remedy=Remedy("Get the original again; it cannot be mended."))
