"""Our own small certificate authority: for the agents' listener and the agents themselves."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stella.kernel import Remedy
from stella.trust.errors import BadCertificate
from stella.trust.keys import PublicKey, Signer, load_signer, public_key

# Clocks differ: what is made now must be good on a host that is a little behind.
_BACKDATED = timedelta(minutes=5)
_AUTHORITY_YEARS = 10


@dataclass(frozen=True, slots=True)
class Authority:
    """A key and its self-signed certificate (PEM)."""

    signer: Signer
    certificate: bytes

    @property
    def fingerprint(self) -> str:
        """What agents pin: SHA-256 of the certificate in DER, 64 hex digits."""
        return certificate_fingerprint(self.certificate)


def create_authority(directory: Path, signer: Signer, now: datetime) -> Authority:
    """Write ``ca.pem`` for ``signer`` into ``directory``."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Stella Ops agents")])
    until = now + timedelta(days=365 * _AUTHORITY_YEARS)
    certificate = (
        _builder(name, name, signer.public, now, until)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(signer.private, _hash_for(signer))
    )
    content = certificate.public_bytes(serialization.Encoding.PEM)
    (directory / "ca.pem").write_bytes(content)
    return Authority(signer, content)


def load_authority(directory: Path) -> Authority:
    """The authority in ``ca.key`` and ``ca.pem``."""
    return Authority(load_signer(directory / "ca.key"), (directory / "ca.pem").read_bytes())


def make_csr(signer: Signer, name: str) -> bytes:
    """A certificate request (PEM) for ``name``."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    signed = request.sign(signer.private, _hash_for(signer))
    return signed.public_bytes(serialization.Encoding.PEM)


def issue_certificate(
    authority: Authority, csr: bytes, *, subject: str, now: datetime, hours: int
) -> bytes:
    """A client certificate (PEM) for the key in ``csr``, named ``subject`` whatever it asks for.

    Raises BadCertificate for a request that is not one or not signed by its own key.
    """
    try:
        request = x509.load_pem_x509_csr(csr)
        valid = request.is_signature_valid
        key = public_key(request.public_key())
    except ValueError as error:
        raise _bad("no certificate request in PEM") from error
    if not valid:
        raise _bad("a certificate request that its own key did not sign")
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    certificate = (
        _builder(name, _issuer(authority), key, now, now + timedelta(hours=hours))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .sign(authority.signer.private, _hash_for(authority.signer))
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


def issue_server_certificate(
    authority: Authority, key: PublicKey, hosts: tuple[str, ...], *, now: datetime, days: int
) -> bytes:
    """A server certificate (PEM) for the names and addresses in ``hosts``."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hosts[0])])
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    certificate = (
        _builder(name, _issuer(authority), key, now, now + timedelta(days=days))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .sign(authority.signer.private, _hash_for(authority.signer))
    )
    return certificate.public_bytes(serialization.Encoding.PEM)


@dataclass(frozen=True, slots=True)
class CertificateView:
    """What a certificate says. subject: its common name."""

    subject: str
    key: PublicKey
    not_before: datetime
    not_after: datetime


def read_certificate(content: bytes) -> CertificateView:
    """A PEM certificate's name, key and times. Raises BadCertificate."""
    try:
        certificate = x509.load_pem_x509_certificate(content)
        (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
        key = public_key(certificate.public_key())
    except ValueError as error:
        raise _bad("no certificate in PEM with one common name") from error
    return CertificateView(
        subject=str(name.value),
        key=key,
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
    )


def certificate_fingerprint(content: bytes) -> str:
    """SHA-256 of a PEM certificate's DER form, 64 hex digits."""
    certificate = x509.load_pem_x509_certificate(content)
    der = certificate.public_bytes(serialization.Encoding.DER)
    return hashlib.sha256(der).hexdigest()


def _builder(
    name: x509.Name, issuer: x509.Name, key: PublicKey, now: datetime, until: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(key.loaded)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(until)
    )


def _issuer(authority: Authority) -> x509.Name:
    return x509.load_pem_x509_certificate(authority.certificate).subject


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _hash_for(signer: Signer) -> hashes.SHA256 | None:
    """Ed25519 hashes by itself."""
    return hashes.SHA256() if "ecdsa" in signer.algorithm.value else None


def _bad(why: str) -> BadCertificate:
    return BadCertificate(
        why, remedy=Remedy("Enrol again.", command="stella agent enroll --url URL --token TOKEN")
    )
