"""A signer's certificate: who it names, whether a trusted authority made it, and said so in public."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.x509.certificate_transparency import SignedCertificateTimestamp
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from stella.kernel import Remedy, time_text
from stella.trust.errors import BadSignature, UnprovenTime, UntrustedSigner
from stella.trust.sigstore.root import SigstoreRoot, TrustedChain, spki, verify_signature

_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_OLD_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_USERNAME = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.7")
_UTF8_STRING = b"\x0c"
_KNOWN_CRITICAL = {
    ExtensionOID.BASIC_CONSTRAINTS,
    ExtensionOID.KEY_USAGE,
    ExtensionOID.EXTENDED_KEY_USAGE,
    ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who an authority says holds a key. issuer: the URL of who logged them in."""

    name: str
    issuer: str


def identity_of(leaf: x509.Certificate) -> Identity:
    """Whom the certificate names. Raises UntrustedSigner where that is nobody, or several."""
    try:
        names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise _untrusted("the certificate names nobody") from error
    if len(names) != 1:
        raise _untrusted(f"the certificate names {len(names)} identities")
    (name,) = names
    if isinstance(name, x509.RFC822Name | x509.UniformResourceIdentifier):
        return Identity(name.value, _issuer(leaf))
    if isinstance(name, x509.OtherName) and name.type_id == _USERNAME:
        return Identity(_utf8(name.value), _issuer(leaf))
    raise _untrusted("the certificate names neither a mail address nor a URL")


def check_identity(leaf: x509.Certificate, asked: Identity) -> None:
    """Return where the certificate names exactly that one. Raises UntrustedSigner."""
    found = identity_of(leaf)
    if found.name != asked.name:
        raise _untrusted(f"it was signed by {found.name}, not {asked.name}")
    if found.issuer != asked.issuer:
        raise _untrusted(f"{found.issuer or 'nobody'} says who signed, not {asked.issuer}")


def check_came_with(chain: tuple[x509.Certificate, ...]) -> None:
    """Return where no root came with the leaf: who is trusted is not for a bundle to say."""
    if any(one.issuer == one.subject for one in chain):
        raise _untrusted("a root certificate came with the bundle")


def check_leaf(leaf: x509.Certificate) -> None:
    """Return where it is one that may sign code, and nothing else. Raises UntrustedSigner."""
    try:
        usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
        uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError) as error:
        raise _untrusted("the certificate does not say what it is for") from error
    if not usage.digital_signature or usage.key_cert_sign or _is_authority(leaf):
        raise _untrusted("the certificate is not one that signs files")
    if ExtendedKeyUsageOID.CODE_SIGNING not in uses:
        raise _untrusted("the certificate is not one that signs code")


def issuing_chain(
    root: SigstoreRoot, leaf: x509.Certificate, came_with: tuple[x509.Certificate, ...]
) -> TrustedChain:
    """The trusted authority whose signature is on ``leaf``. Raises UntrustedSigner."""
    for authority in root.authorities:
        path = (leaf, *authority.certificates)
        if all(one in authority.certificates for one in came_with) and _is_signed(path):
            return authority
    raise _untrusted("no authority that is trusted made the certificate")


def check_times(leaf: x509.Certificate, authority: TrustedChain, at: datetime) -> None:
    """Return where all were valid ``at`` that time. Raises UnprovenTime."""
    for one in (leaf, *authority.certificates):
        if not one.not_valid_before_utc <= at <= one.not_valid_after_utc:
            valid = f"{time_text(one.not_valid_before_utc)} to {time_text(one.not_valid_after_utc)}"
            raise wrong_time(
                f"it was signed at {time_text(at)}, its certificate was valid from {valid}"
            )
    if not authority.lasting.holds(at):
        raise wrong_time(f"it was signed at {time_text(at)}, when its authority was not trusted")


def check_published(leaf: x509.Certificate, root: SigstoreRoot, issuer: x509.Certificate) -> None:
    """Return where a trusted log promised to publish the certificate (RFC 6962). Raises UntrustedSigner."""
    try:
        promises = leaf.extensions.get_extension_for_class(
            x509.PrecertificateSignedCertificateTimestamps
        ).value
        signed = leaf.tbs_precertificate_bytes
    except (x509.ExtensionNotFound, ValueError) as error:
        raise _untrusted("no log promised to publish the certificate") from error
    issuer_id = hashlib.sha256(spki(issuer.public_key())).digest()
    for promise in promises:
        log = next((one for one in root.certificate_logs if one.log_id == promise.log_id), None)
        if log is None or not log.lasting.holds(_utc(promise.timestamp)):
            continue
        try:
            verify_signature(
                log.key, promise.signature, _promise_content(promise, signed, issuer_id)
            )
        except BadSignature:
            continue
        return
    raise _untrusted("no log that is trusted promised to publish the certificate")


def wrong_time(why: str) -> UnprovenTime:
    """The refusal of a time."""
    return UnprovenTime(
        why, remedy=Remedy("It cannot be mended: have it signed again, and the time stamped.")
    )


def _promise_content(promise: SignedCertificateTimestamp, signed: bytes, issuer_id: bytes) -> bytes:
    """What a log signs: RFC 6962 section 3.2, version 1, of a certificate before its promise."""
    stamped = _utc(promise.timestamp)
    milliseconds = int(stamped.timestamp()) * 1000 + stamped.microsecond // 1000
    extensions = promise.extension_bytes
    return (
        b"\x00\x00"
        + milliseconds.to_bytes(8, "big")
        + b"\x00\x01"
        + issuer_id
        + len(signed).to_bytes(3, "big")
        + signed
        + len(extensions).to_bytes(2, "big")
        + extensions
    )


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _is_signed(path: tuple[x509.Certificate, ...]) -> bool:
    """Whether each is signed by the next, which may do so."""
    for below, (child, parent) in enumerate(pairwise(path)):
        try:
            child.verify_directly_issued_by(parent)
            limits = parent.extensions.get_extension_for_class(x509.BasicConstraints).value
            usage = parent.extensions.get_extension_for_class(x509.KeyUsage).value
        except (ValueError, TypeError, InvalidSignature, x509.ExtensionNotFound):
            return False
        deep = limits.path_length is not None and limits.path_length < below
        if not limits.ca or not usage.key_cert_sign or deep or _has_strange(parent):
            return False
    return not _has_strange(path[0])


def _has_strange(certificate: x509.Certificate) -> bool:
    """Whether it holds something that must be understood and is not."""
    return any(one.critical and one.oid not in _KNOWN_CRITICAL for one in certificate.extensions)


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        limits: x509.BasicConstraints = certificate.extensions.get_extension_for_class(
            x509.BasicConstraints
        ).value
    except x509.ExtensionNotFound:
        return False
    return limits.ca


def _issuer(leaf: x509.Certificate) -> str:
    readers: dict[x509.ObjectIdentifier, Callable[[bytes], str]] = {
        _ISSUER: _utf8,
        _OLD_ISSUER: lambda raw: raw.decode(errors="replace"),
    }
    for oid, read in readers.items():
        for one in leaf.extensions:
            if one.oid == oid and isinstance(one.value, x509.UnrecognizedExtension):
                return read(one.value.value)
    return ""


def _utf8(der: bytes) -> str:
    """A UTF8String in DER (X.690), of less than 64 KiB. Raises UntrustedSigner."""
    start = 2 + (der[1] & 0x7F if der[1:2] in {b"\x81", b"\x82"} else 0)
    length = int.from_bytes(der[2:start] or der[1:2], "big")
    if der[:1] != _UTF8_STRING or len(der) != start + length:
        raise _untrusted("the certificate names somebody in no form that is known")
    return der[start:].decode(errors="replace")


def _untrusted(why: str) -> UntrustedSigner:
    return UntrustedSigner(
        why, remedy=Remedy("See who signed it, and whether that is whom you meant to trust.")
    )
