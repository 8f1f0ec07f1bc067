"""Keys: ECDSA on P-256 with SHA-256, and Ed25519. A key's id is the SHA-256 of its public key."""

import hashlib
import os
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from stella.kernel import Remedy
from stella.trust.errors import BadSignature, KeyExists, UnusableKey

_Private: TypeAlias = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
_Public: TypeAlias = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
_ECDSA = ec.ECDSA(hashes.SHA256())


class Algorithm(StrEnum):
    """What a key signs with."""

    ECDSA_P256 = "ecdsa-p256-sha256"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key to verify with. pem: SubjectPublicKeyInfo."""

    pem: bytes

    @property
    def key_id(self) -> str:
        """SHA-256 of the DER form, 64 hex digits."""
        return _read(self.pem)[1]

    @property
    def der(self) -> bytes:
        """SubjectPublicKeyInfo in DER."""
        return self.loaded.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    @property
    def loaded(self) -> _Public:
        """The key as ``cryptography`` has it. Raises UnusableKey."""
        return _read(self.pem)[0]

    @property
    def algorithm(self) -> Algorithm:
        """What is signed with it."""
        is_curve = isinstance(self.loaded, ec.EllipticCurvePublicKey)
        return Algorithm.ECDSA_P256 if is_curve else Algorithm.ED25519

    def verify(self, signature: bytes, content: bytes) -> None:
        """Return where ``signature`` is this key's over ``content``. Raises BadSignature."""
        key = self.loaded
        try:
            if isinstance(key, ec.EllipticCurvePublicKey):
                key.verify(signature, content, _ECDSA)
            else:
                key.verify(signature, content)
        except InvalidSignature as error:
            raise BadSignature(
                f"the signature is not of the key {self.key_id[:12]}, or the content was changed",
                remedy=Remedy("Get the original again; what was changed cannot be mended."),
                key=self.key_id,
            ) from error


@dataclass(frozen=True, slots=True)
class Signer:
    """A key to sign with."""

    private: _Private

    @property
    def public(self) -> PublicKey:
        """Its public half."""
        return public_key(self.private.public_key())

    @property
    def key_id(self) -> str:
        """SHA-256 of the public key's DER form, 64 hex digits."""
        return self.public.key_id

    @property
    def algorithm(self) -> Algorithm:
        """What it signs with."""
        is_curve = isinstance(self.private, ec.EllipticCurvePrivateKey)
        return Algorithm.ECDSA_P256 if is_curve else Algorithm.ED25519

    def sign(self, content: bytes) -> bytes:
        """The signature over ``content``; ECDSA's in DER."""
        if isinstance(self.private, ec.EllipticCurvePrivateKey):
            return self.private.sign(content, _ECDSA)
        return self.private.sign(content)

    def pem(self) -> bytes:
        """The private key, PKCS #8, not encrypted."""
        return self.private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def new_signer(algorithm: Algorithm = Algorithm.ECDSA_P256) -> Signer:
    """A fresh key, in memory only."""
    if algorithm is Algorithm.ED25519:
        return Signer(ed25519.Ed25519PrivateKey.generate())
    return Signer(ec.generate_private_key(ec.SECP256R1()))


def create_key(directory: Path, name: str, algorithm: Algorithm = Algorithm.ECDSA_P256) -> Signer:
    """Make ``NAME.key`` (mode 0600) and ``NAME.pub`` in ``directory``.

    Raises KeyExists; and OSError where the disk does not take it, which leaves nothing of it.
    """
    signer = new_signer(algorithm)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = directory / f"{name}.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise KeyExists(
            f"there is a key at {path}", remedy=Remedy("Choose another name."), path=path
        ) from error
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(signer.pem())
            file.flush()
            os.fsync(file.fileno())
        path.with_suffix(".pub").write_bytes(signer.public.pem)
    except OSError:  # an empty key would be taken for one that is damaged
        path.unlink(missing_ok=True)
        path.with_suffix(".pub").unlink(missing_ok=True)
        raise
    return signer


def load_signer(path: Path) -> Signer:
    """The key in a PEM file. Raises UnusableKey, also where others may read it."""
    try:
        content, mode = path.read_bytes(), path.stat().st_mode
    except OSError as error:
        raise _unusable(f"no key at {path}: {error.strerror}") from error
    if mode & 0o077:
        raise UnusableKey(
            f"others may read the key at {path}",
            remedy=Remedy("Keep it to yourself.", command=f"chmod 600 {path}"),
            path=path,
        )
    try:
        key = serialization.load_pem_private_key(content, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _unusable(f"not a private key in PEM without a password: {path}") from error
    _checked_public(key.public_key())
    assert isinstance(key, ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey)
    return Signer(key)


def load_public_key(path: Path) -> PublicKey:
    """The public key in a PEM file. Raises UnusableKey."""
    try:
        key = PublicKey(path.read_bytes())
    except OSError as error:
        raise _unusable(f"no key at {path}: {error.strerror}") from error
    return public_key(key.loaded)


def public_key(key: object) -> PublicKey:
    """A key of ``cryptography`` as ours. Raises UnusableKey for other kinds."""
    return PublicKey(
        _checked_public(key).public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )


@lru_cache(maxsize=256)
def _read(pem: bytes) -> tuple[_Public, str]:
    """The key and its id: reading it anew would take as long as verifying. Raises UnusableKey."""
    try:
        key = _checked_public(serialization.load_pem_public_key(pem))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _unusable(f"not a public key in PEM: {error}") from error
    der = key.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return key, hashlib.sha256(der).hexdigest()


def _checked_public(key: object) -> _Public:
    if isinstance(key, ed25519.Ed25519PublicKey):
        return key
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1":
        return key
    raise _unusable("neither an ECDSA key on P-256 nor an Ed25519 key")


_MAKE_KEY = "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out KEY.pem"


def _unusable(why: str) -> UnusableKey:
    return UnusableKey(why, remedy=Remedy("Make one.", command=_MAKE_KEY))
