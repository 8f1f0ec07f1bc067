"""An authority of our own for signers: certificates that live for minutes, promised to be published.

In the form that stock ``sigstore`` and ``cosign`` verify: Fulcio's profile, and RFC 6962's promise in it.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from stella.kernel import Json, canonical_json, time_text
from stella.trust.keys import Algorithm, PublicKey, Signer
from stella.trust.sigstore.certificate import Identity

ROOT_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"
LEAF_LIFE = timedelta(minutes=10)
_ROOT_LIFE = timedelta(days=365 * 20)
_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.8")
_OLD_ISSUER = x509.ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_PROMISES = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_DETAILS = {
    Algorithm.ECDSA_P256: "PKIX_ECDSA_P256_SHA_256",
    Algorithm.ED25519: "PKIX_ED25519",
}


@dataclass(frozen=True, slots=True)
class SigningAuthority:
    """Who certifies our signers. certificate: PEM, signed by itself; promises: what publishes with."""

    signer: Signer
    certificate: bytes
    promises: Signer

    @property
    def loaded(self) -> x509.Certificate:
        """The certificate as ``cryptography`` has it."""
        return x509.load_pem_x509_certificate(self.certificate)


def create_signing_authority(
    name: str, signer: Signer, promises: Signer, now: datetime
) -> SigningAuthority:
    """A fresh authority of that name, good from ``now`` on."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{name} signers"),
        ]
    )
    start = now.replace(microsecond=0)
    key = signer.public.loaded
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + _ROOT_LIFE)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(is_authority=True), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .sign(signer.private, hashes.SHA256())
    )
    return SigningAuthority(signer, certificate.public_bytes(serialization.Encoding.PEM), promises)


def certify(
    authority: SigningAuthority, key: PublicKey, identity: Identity, now: datetime
) -> x509.Certificate:
    """A certificate that ``key`` is that identity's, from ``now`` on for ten minutes."""
    issuer = authority.loaded
    start = now.replace(microsecond=0)
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(issuer.subject)
        .public_key(key.loaded)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + LEAF_LIFE)
        .add_extension(_usage(is_authority=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.loaded), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.signer.public.loaded),
            critical=False,
        )
        .add_extension(x509.SubjectAlternativeName([_name(identity.name)]), critical=True)
        # The old form, bare text: stock sigstore looks for it by default.
        .add_extension(
            x509.UnrecognizedExtension(_OLD_ISSUER, identity.issuer.encode()), critical=False
        )
        .add_extension(
            x509.UnrecognizedExtension(_ISSUER, _der(0x0C, identity.issuer.encode())),
            critical=False,
        )
    )
    # The promise is over the certificate without it (RFC 6962, 3.2): made twice, it comes last.
    bare = builder.sign(authority.signer.private, hashes.SHA256())
    promised = _promise(authority, bare.tbs_certificate_bytes, start)
    return builder.add_extension(
        x509.UnrecognizedExtension(_PROMISES, _der(0x04, promised)), critical=False
    ).sign(authority.signer.private, hashes.SHA256())


def root_document(
    authority: SigningAuthority, logs: Sequence[tuple[str, PublicKey, bytes]]
) -> bytes:
    """The ``trusted_root.json`` by which strangers verify. logs: name, key and id of each."""
    certificate = authority.loaded
    start = time_text(certificate.not_valid_before_utc)
    (organization,) = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    (common,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    name = str(organization.value)
    der = certificate.public_bytes(serialization.Encoding.DER)
    promises = authority.promises.public
    publisher = _log(f"{name}/ct", promises, bytes.fromhex(promises.key_id), start)
    chain: Json = {"certificates": [{"rawBytes": base64.b64encode(der).decode()}]}
    document: Json = {
        "mediaType": ROOT_TYPE,
        "tlogs": [_log(log, key, log_id, start) for log, key, log_id in logs],
        "certificateAuthorities": [
            {
                "subject": {"organization": name, "commonName": str(common.value)},
                "uri": f"https://{name}",
                "certChain": chain,
                "validFor": {"start": start},
            }
        ],
        "ctlogs": [publisher],
        "timestampAuthorities": [],
    }
    return canonical_json(document)


def _log(name: str, key: PublicKey, log_id: bytes, start: str) -> Json:
    return {
        "baseUrl": f"https://{name}",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": base64.b64encode(key.der).decode(),
            "keyDetails": _DETAILS[key.algorithm],
            "validFor": {"start": start},
        },
        "logId": {"keyId": base64.b64encode(log_id).decode()},
    }


def _promise(authority: SigningAuthority, bare: bytes, at: datetime) -> bytes:
    """A list of one signed certificate timestamp, in the encoding of TLS (RFC 6962, 3.3)."""
    milliseconds = (int(at.timestamp()) * 1000).to_bytes(8, "big")
    issuer_id = hashlib.sha256(authority.signer.public.der).digest()
    entry = b"\x00\x01" + issuer_id + len(bare).to_bytes(3, "big") + bare
    signature = authority.promises.sign(b"\x00\x00" + milliseconds + entry + b"\x00\x00")
    log_id = bytes.fromhex(authority.promises.key_id)
    one = b"\x00" + log_id + milliseconds + b"\x00\x00"
    one += b"\x04\x03" + len(signature).to_bytes(2, "big") + signature
    listed = len(one).to_bytes(2, "big") + one
    return len(listed).to_bytes(2, "big") + listed


def _name(identity: str) -> x509.GeneralName:
    if "://" in identity:
        return x509.UniformResourceIdentifier(identity)
    return x509.RFC822Name(identity)


def _usage(*, is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _der(tag: int, content: bytes) -> bytes:
    """A value of DER, of less than 64 KiB."""
    count = len(content)
    if count < 0x80:
        return bytes((tag, count)) + content
    if count < 0x100:
        return bytes((tag, 0x81, count)) + content
    return bytes((tag, 0x82)) + count.to_bytes(2, "big") + content
