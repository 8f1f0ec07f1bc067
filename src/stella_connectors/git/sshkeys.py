"""Public keys and signatures as SSH writes them (RFC 4253, 5656, 8332, 8709; PROTOCOL.u2f)."""

import hashlib

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_CURVES: dict[bytes, tuple[type[ec.EllipticCurve], type[hashes.HashAlgorithm]]] = {
    b"nistp256": (ec.SECP256R1, hashes.SHA256),
    b"nistp384": (ec.SECP384R1, hashes.SHA384),
    b"nistp521": (ec.SECP521R1, hashes.SHA512),
}
_RSA = {b"rsa-sha2-256": hashes.SHA256, b"rsa-sha2-512": hashes.SHA512}
_RSA_BITS_MIN, _RSA_BITS_MAX = 2048, 16384
_PRESENT = 1  # the flag of a security key: somebody touched it


class NotSigned(Exception):
    """The signature is not by that key over that."""


class UnknownKey(Exception):
    """A key of a kind that is not verified here."""


class Fields:
    """The parts of a blob, one after the other. Raises ValueError where they are not there."""

    def __init__(self, blob: bytes) -> None:
        self._blob = blob
        self._at = 0

    def take(self, count: int) -> bytes:
        """That many bytes."""
        taken = self._blob[self._at : self._at + count]
        if len(taken) != count:
            raise ValueError("the signature or key broke off")
        self._at += count
        return taken

    def text(self) -> bytes:
        """A string: its length, then its bytes."""
        return self.take(int.from_bytes(self.take(4), "big"))

    def number(self) -> int:
        """An mpint that is not negative."""
        read = self.text()
        if read[:1] > b"\x7f":
            raise ValueError("a number of the key is negative")
        return int.from_bytes(read, "big")

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._blob):
            raise ValueError("the signature or key has more than it should")


def verify(key: bytes, signature: bytes, message: bytes) -> None:
    """Return where ``signature`` is by ``key`` over ``message``.

    Raises ValueError for what cannot be read, NotSigned, UnknownKey.
    """
    of_key, of_signature = Fields(key), Fields(signature)
    kind, algorithm = of_key.text(), of_signature.text()
    try:
        if kind == b"ssh-rsa":
            _rsa(of_key, algorithm, of_signature, message)
        elif kind != algorithm:
            raise NotSigned("the signature is by a key of another kind")
        elif kind in {b"ssh-ed25519", b"sk-ssh-ed25519@openssh.com"}:
            _ed25519(kind, of_key, of_signature, message)
        elif kind.startswith((b"ecdsa-sha2-", b"sk-ecdsa-sha2-nistp256@openssh.com")):
            _ecdsa(kind, of_key, of_signature, message)
        else:
            raise UnknownKey("signed with a key of a kind that is not verified here")
    except InvalidSignature:
        raise NotSigned("the signature does not fit the commit") from None
    except UnsupportedAlgorithm:
        raise UnknownKey("signed with a key of a kind that is not verified here") from None


def _rsa(key: Fields, algorithm: bytes, signature: Fields, message: bytes) -> None:
    digest = _RSA.get(algorithm)
    if digest is None:
        raise NotSigned("the signature is over SHA-1, which does not count any longer")
    exponent, modulus = key.number(), key.number()
    key.end()
    if not _RSA_BITS_MIN <= modulus.bit_length() <= _RSA_BITS_MAX:
        raise NotSigned("the RSA key is too short, or too long")
    made = signature.text().rjust((modulus.bit_length() + 7) // 8, b"\0")
    signature.end()
    public = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    public.verify(made, message, padding.PKCS1v15(), digest())


def _ed25519(kind: bytes, key: Fields, signature: Fields, message: bytes) -> None:
    public = ed25519.Ed25519PublicKey.from_public_bytes(key.text())
    made, signed = signature.text(), message
    if kind.startswith(b"sk-"):
        signed = _touched(key, signature, message)
    key.end()
    signature.end()
    public.verify(made, signed)


def _ecdsa(kind: bytes, key: Fields, signature: Fields, message: bytes) -> None:
    name = key.text()
    if name not in _CURVES or (not kind.startswith(b"sk-") and kind != b"ecdsa-sha2-" + name):
        raise ValueError("the key is of no curve that counts")
    curve, digest = _CURVES[name]
    public = ec.EllipticCurvePublicKey.from_encoded_point(curve(), key.text())
    numbers, signed = Fields(signature.text()), message
    made = encode_dss_signature(numbers.number(), numbers.number())
    numbers.end()
    if kind.startswith(b"sk-"):
        signed = _touched(key, signature, message)
    key.end()
    signature.end()
    public.verify(made, signed, ec.ECDSA(digest()))


def _touched(key: Fields, signature: Fields, message: bytes) -> bytes:
    """What a security key signs. Raises NotSigned where nobody touched it."""
    application, flags, counter = key.text(), signature.take(1), signature.take(4)
    if not flags[0] & _PRESENT:
        raise NotSigned("nobody touched the security key")
    parts = (hashlib.sha256(application).digest(), flags, counter, hashlib.sha256(message).digest())
    return b"".join(parts)
