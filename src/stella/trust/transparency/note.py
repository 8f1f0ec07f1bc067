"""Signed notes, checkpoints and cosignatures (c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from stella.trust.errors import BadSignature, UnprovenEntry
from stella.trust.keys import Algorithm, PublicKey, Signer
from stella.trust.transparency.merkle import unproven

_TEXT_BYTES_MAX = 1 << 20
_SIGNATURES_MAX = 64
_ID_BYTES = 4
_TIME_BYTES = 8
_LINE = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})\Z")
_SIZE = re.compile(r"(?:0|[1-9][0-9]{0,18})\Z")
ED25519_TYPE = b"\x01"
COSIGNATURE_TYPE = b"\x04"


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One line under a note. id: 4 bytes, which with the name say whose key it is."""

    name: str
    id: bytes
    signature: bytes

    def line(self) -> str:
        """As it is written."""
        return f"— {self.name} {base64.b64encode(self.id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """A text, its last newline included, and who signed it."""

    text: str
    signatures: tuple[NoteSignature, ...] = ()

    def written(self) -> str:
        """The whole note."""
        return self.text + "\n" + "".join(one.line() for one in self.signatures)

    def by(self, name: str, key_id: bytes) -> NoteSignature | None:
        """The one signature of that key. Raises UnprovenEntry where it signed twice."""
        found = [one for one in self.signatures if (one.name, one.id) == (name, key_id)]
        if len(found) > 1:
            raise unproven(f"{name} signed the checkpoint twice")
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log said of itself. size: entries; root: 32 bytes."""

    origin: str
    size: int
    root: bytes
    note: Note

    def text(self) -> str:
        """What is signed."""
        return self.note.text


class NoteVerifier(Protocol):
    """A key under a name, that says whether a line is its own."""

    @property
    def name(self) -> str:
        """As in the line."""
        ...

    @property
    def id(self) -> bytes:
        """4 bytes, as in the line."""
        ...

    def verify(self, text: str, signature: bytes) -> None:
        """Return where it is this key's. Raises BadSignature."""
        ...


@dataclass(frozen=True, slots=True)
class LogKey:
    """The key of a log: signs the text as it is."""

    name: str
    key: PublicKey

    @property
    def id(self) -> bytes:
        """As ``note_key_id`` says."""
        return note_key_id(self.name, self.key)

    def verify(self, text: str, signature: bytes) -> None:
        """Raises BadSignature."""
        self.key.verify(signature, text.encode())


@dataclass(frozen=True, slots=True)
class WitnessKey:
    """The key of a witness, Ed25519: signs the text and when it saw it (tlog-cosignature)."""

    name: str
    key: PublicKey

    @property
    def id(self) -> bytes:
        """As tlog-cosignature says."""
        return _hashed_id(self.name, COSIGNATURE_TYPE, self.key)

    def verify(self, text: str, signature: bytes) -> None:
        """Raises BadSignature, UnprovenEntry for what is no cosignature."""
        if len(signature) <= _TIME_BYTES:
            raise unproven(f"the cosignature of {self.name} is too short")
        at = int.from_bytes(signature[:_TIME_BYTES], "big")
        self.key.verify(signature[_TIME_BYTES:], _cosigned(text, at))

    @classmethod
    def read(cls, text: str) -> "WitnessKey":
        """From a verifier key: ``name+id+base64``. Raises UnprovenEntry."""
        name, _, rest = text.strip().partition("+")
        key_id, _, material = rest.partition("+")
        raw = _decoded(material)
        if raw[:1] not in {COSIGNATURE_TYPE, ED25519_TYPE}:
            raise unproven(f"the verifier key of {name} is of a kind that no witness has")
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

        from stella.trust.keys import public_key

        try:
            key = cls(name, public_key(Ed25519PublicKey.from_public_bytes(raw[1:])))
        except ValueError as error:
            raise unproven(f"the verifier key of {name} is none") from error
        if _hashed_id(name, raw[:1], key.key).hex() != key_id:
            raise unproven(f"the verifier key of {name} has another id than it says")
        return key


def note_key_id(name: str, key: PublicKey) -> bytes:
    """Of an Ed25519 key as signed-note says; of an ECDSA key the hash of its DER form (type 2)."""
    if _is_ed25519(key):
        return _hashed_id(name, ED25519_TYPE, key)
    return hashlib.sha256(key.der).digest()[:_ID_BYTES]


def verifier_key(name: str, key: PublicKey) -> str:
    """The text by which clients are told of an Ed25519 key."""
    material = base64.b64encode(ED25519_TYPE + _raw(key)).decode()
    return f"{name}+{note_key_id(name, key).hex()}+{material}"


def checkpoint_text(origin: str, size: int, root: bytes) -> str:
    """The note of a log's head."""
    return f"{origin}\n{size}\n{base64.b64encode(root).decode()}\n"


def sign_note(text: str, name: str, *signers: Signer) -> Note:
    """``text`` signed by each under that name."""
    return Note(
        text,
        tuple(
            NoteSignature(name, note_key_id(name, one.public), one.sign(text.encode()))
            for one in signers
        ),
    )


def cosign_note(note: Note, name: str, signer: Signer, at: int) -> Note:
    """The note, cosigned by a witness. at: seconds since 1970."""
    signed = at.to_bytes(_TIME_BYTES, "big") + signer.sign(_cosigned(note.text, at))
    line = NoteSignature(name, WitnessKey(name, signer.public).id, signed)
    return replace(note, signatures=(*note.signatures, line))


def read_note(content: str) -> Note:
    """A note as it was written. Raises UnprovenEntry for what is none."""
    if len(content) > _TEXT_BYTES_MAX:
        raise unproven("a checkpoint of more than a megabyte")
    if any(ord(one) < 0x20 and one != "\n" for one in content):
        raise unproven("a checkpoint with control characters")
    text, blank, lines = content.rpartition("\n\n")
    if not blank or not text or not lines.endswith("\n"):
        raise unproven("a checkpoint without signatures, or cut off")
    signatures = [_signature(line) for line in lines[:-1].split("\n")]
    if len(signatures) > _SIGNATURES_MAX:
        raise unproven(f"{len(signatures)} signatures under one checkpoint")
    return Note(text + "\n", tuple(signatures))


def read_checkpoint(content: str) -> Checkpoint:
    """A checkpoint, whose signatures nobody has looked at yet. Raises UnprovenEntry."""
    note = read_note(content)
    lines = note.text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise unproven("a checkpoint lacks its origin, its size or its root")
    origin, size, root = lines[:3]
    if not _SIZE.match(size):
        raise unproven(f"a checkpoint whose size is {size[:40]!r}")
    decoded = _decoded(root)
    if len(decoded) != hashlib.sha256().digest_size:
        raise unproven(f"a checkpoint whose root has {len(decoded)} bytes")
    return Checkpoint(origin, int(size), decoded, note)


def check_signed(note: Note, key: NoteVerifier) -> None:
    """Return where ``key`` signed the note. Raises UnprovenEntry, BadSignature."""
    line = note.by(key.name, key.id)
    if line is None:
        raise unproven(f"no signature of {key.name} with its key stands under the checkpoint")
    key.verify(note.text, line.signature)


def cosigned_by(note: Note, witnesses: Iterable[WitnessKey]) -> tuple[str, ...]:
    """Which of the witnesses cosigned it. A cosignature of theirs that does not hold counts for none."""
    found = []
    for witness in witnesses:
        try:
            check_signed(note, witness)
        except (UnprovenEntry, BadSignature):
            continue
        found.append(witness.name)
    return tuple(found)


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _signature(line: str) -> NoteSignature:
    found = _LINE.match(line)
    content = _decoded(found[2]) if found else b""
    if found is None or len(content) <= _ID_BYTES:
        raise unproven("a line under a checkpoint that is no signature")
    return NoteSignature(found[1], content[:_ID_BYTES], content[_ID_BYTES:])


def _decoded(text: str) -> bytes:
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise unproven("what should be base64 in a checkpoint is not") from error
    if base64.b64encode(content).decode() != text:
        raise unproven("base64 in a checkpoint with spare bits set")
    return content


def _hashed_id(name: str, kind: bytes, key: PublicKey) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + kind + _raw(key)).digest()[:_ID_BYTES]


def _raw(key: PublicKey) -> bytes:
    """The 32 bytes of an Ed25519 key: the end of its DER form (RFC 8410)."""
    assert _is_ed25519(key), "only Ed25519 keys have 32 bytes"
    return key.der[-32:]


def _is_ed25519(key: PublicKey) -> bool:
    return key.algorithm is Algorithm.ED25519
