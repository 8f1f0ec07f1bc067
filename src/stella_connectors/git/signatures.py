"""Whose signature stands on a commit: SSH signatures held to a list of allowed signers.

The form is OpenSSH's (PROTOCOL.sshsig), the list ssh-keygen(1)'s ALLOWED SIGNERS, and the rules those of
``git verify-commit``: namespace ``git``, and the key has to count at the time of the commit. OpenPGP
and X.509 signatures are not verified here; they are told as unknown.
"""

import hashlib
import re
import shlex
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from stella.sdk import CommitSignature, SignatureState
from stella_connectors.git.objects import RawCommit
from stella_connectors.git.sshkeys import Fields, NotSigned, UnknownKey, verify

_ARMOUR = re.compile(
    rb"-----BEGIN SSH SIGNATURE-----\s+([A-Za-z0-9+/=\s]{1,20000})-----END SSH SIGNATURE-----\s*\Z"
)
_MAGIC = b"SSHSIG"
_NAMESPACE = b"git"
_LINES_MAX = 2000
_OTHERS = {
    b"-----BEGIN PGP SIGNATURE-----": "an OpenPGP signature, which is not verified here",
    b"-----BEGIN PGP MESSAGE-----": "an OpenPGP signature, which is not verified here",
    b"-----BEGIN SIGNED MESSAGE-----": "an X.509 signature, which is not verified here",
}
_TIMES = ("%Y%m%d", "%Y%m%d%H%M", "%Y%m%d%H%M%S")


@dataclass(frozen=True, slots=True)
class _Signer:
    """One line of the list. key: its blob."""

    principals: str
    key: bytes
    after: datetime | None
    before: datetime | None


class AllowedSigners:
    """Whose keys count."""

    def __init__(self, signers: tuple[_Signer, ...] = ()) -> None:
        self._signers = signers

    def __len__(self) -> int:
        return len(self._signers)

    @classmethod
    def parse(cls, lines: object) -> "AllowedSigners":
        """lines: one a line, as a list or one text; None for none. Raises ValueError with the reason."""
        if lines is None:
            return cls()
        given = lines.splitlines() if isinstance(lines, str) else lines
        if not isinstance(given, list | tuple) or len(given) > _LINES_MAX:
            raise ValueError(f"they are no list of up to {_LINES_MAX} lines")
        return cls(tuple(_parsed(given)))

    def of(self, key: bytes) -> Iterator[_Signer]:
        """The lines that name the key."""
        return (one for one in self._signers if one.key == key)


def judged(commit: RawCommit, allowed: AllowedSigners) -> CommitSignature:
    """What is known of the signature of a commit."""
    if not commit.signature:
        return CommitSignature(SignatureState.NONE)
    found = _ARMOUR.match(commit.signature)
    if found is None:
        kind = commit.signature.partition(b"\n")[0]
        return _unknown(_OTHERS.get(kind, "a signature of a kind that is not known here"))
    try:
        key = _verified(b64decode(b"".join(found[1].split()), validate=True), commit.payload)
    except (ValueError, NotSigned) as error:
        return CommitSignature(SignatureState.BAD, why=str(error)[:200])
    except UnknownKey as error:
        return _unknown(str(error)[:200])
    return _allowed(key, commit.committed_at, allowed)


def fingerprint(key: bytes) -> str:
    """As ``ssh-keygen -l`` writes it."""
    return f"SHA256:{b64encode(hashlib.sha256(key).digest()).decode().rstrip('=')}"


def _verified(blob: bytes, payload: bytes) -> bytes:
    """The key that signed. Raises ValueError, NotSigned, UnknownKey."""
    if blob[:6] != _MAGIC or blob[6:10] != b"\0\0\0\1":
        raise ValueError("the signature cannot be read")
    fields = Fields(blob[10:])
    key, namespace, reserved, algorithm, signature = (fields.text() for _ in range(5))
    fields.end()
    if namespace != _NAMESPACE:
        raise NotSigned("the signature was made for something else than git")
    if algorithm not in {b"sha256", b"sha512"}:
        raise ValueError("the signature is over no digest that counts")
    digest = hashlib.new(algorithm.decode(), payload).digest()
    signed = _MAGIC + b"".join(
        len(one).to_bytes(4, "big") + one for one in (namespace, reserved, algorithm, digest)
    )
    verify(key, signature, signed)
    return key


def _allowed(key: bytes, at: datetime, allowed: AllowedSigners) -> CommitSignature:
    why = f"signed by {fingerprint(key)}, which is no allowed signer's"
    for one in allowed.of(key):
        if (one.after is None or at >= one.after) and (one.before is None or at < one.before):
            return CommitSignature(SignatureState.GOOD, one.principals)
        why = f"signed by {one.principals} with a key that did not count at that time"
    return _unknown(why)


def _unknown(why: str) -> CommitSignature:
    return CommitSignature(SignatureState.UNKNOWN, why=why)


def _parsed(lines: "list[object] | tuple[object, ...]") -> Iterator[_Signer]:
    for number, line in enumerate(lines, 1):
        if not isinstance(line, str):
            raise ValueError(f"line {number} is no text")  # noqa: TRY004 - the list is what is wrong
        text = line.strip()
        if text and not text.startswith("#"):
            signer = _signer(number, text)
            if signer is not None:
                yield signer


def _signer(number: int, text: str) -> _Signer | None:
    """None for a line that is for another namespace."""
    try:
        words = shlex.split(text)
    except ValueError:
        raise ValueError(f"line {number} has an open quotation mark") from None
    options: dict[str, str] = {}
    principals, *rest = words
    while rest and not _is_key_type(rest[0]):
        for one in _options(rest.pop(0)):
            name, _, value = one.partition("=")
            options[name.lower()] = value
    if len(rest) < 2:
        raise ValueError(f"line {number} has no key")
    if "cert-authority" in options:
        raise ValueError(f"line {number} names an authority; give the keys themselves")
    unknown = options.keys() - {"namespaces", "valid-after", "valid-before"}
    if unknown:
        raise ValueError(f"line {number} has an unknown option")
    if "namespaces" in options and "git" not in options["namespaces"].split(","):
        return None
    try:
        key = b64decode(rest[1], validate=True)
        is_same = Fields(key).text() == rest[0].encode()
    except ValueError:
        is_same = False
    if not is_same:
        raise ValueError(f"line {number} has a key that is none")
    after, before = (_time(number, options.get(f"valid-{one}")) for one in ("after", "before"))
    return _Signer(principals[:200], key, after, before)


def _options(word: str) -> list[str]:
    """Options are parted by commas, and so are the namespaces within one."""
    parts: list[str] = []
    for part in word.split(","):
        if parts and "=" not in part and parts[-1].lower().startswith("namespaces="):
            parts[-1] += f",{part}"
        else:
            parts.append(part)
    return parts


def _is_key_type(word: str) -> bool:
    return word.startswith(("ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"))


def _time(number: int, text: str | None) -> datetime | None:
    if text is None:
        return None
    digits = text.removesuffix("Z")
    for form in _TIMES:
        if len(digits) == {"%Y%m%d": 8, "%Y%m%d%H%M": 12, "%Y%m%d%H%M%S": 14}[form]:
            try:
                return datetime.strptime(digits, form).replace(tzinfo=UTC)
            except ValueError:
                break
    raise ValueError(f"line {number} names a time that is none (20270131, in UTC)")
