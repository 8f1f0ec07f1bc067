"""What was weighed for one image, as a document: which documents, whose, and how much their word counts.

With the documents it names, the bill of materials and a time it gives the same verdicts again.
"""

from collections.abc import Iterable, Mapping
from typing import NoReturn

import msgspec

from stella.kernel import Digest, Json, MalformedDigest, Remedy, canonical_json
from stella.trust import PublicKey, UnusableKey
from stella.vex.consensus import Heard
from stella.vex.errors import MalformedVex, MalformedWeighing
from stella.vex.hearing import hear
from stella.vex.issuer import UNKNOWN, WEIGHT_MAX, Basis, Issuer
from stella.vex.weigh import Voices


class _Part(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Camel case outside, unknown keys refused."""


class WeighedDocument(_Part, frozen=True):
    """One document. digest: of its bytes. issuer: "" for an unknown one. basis: why it is theirs."""

    digest: str
    issuer: str
    basis: Basis


class WeighedIssuer(_Part, frozen=True):
    """Whose word counts, and how much. keys: PEM."""

    name: str
    weight: int
    keys: tuple[str, ...]


class Weighing(_Part, frozen=True):
    """What was weighed for the image ``image``. indexes, repositories: what else it goes by."""

    image: str
    indexes: tuple[str, ...]
    repositories: tuple[str, ...]
    documents: tuple[WeighedDocument, ...]
    issuers: tuple[WeighedIssuer, ...]
    schema: int = 1


def weighing_of(
    image: str,
    heard: Iterable[Heard],
    *,
    indexes: Iterable[str] = (),
    repositories: Iterable[str] = (),
) -> Weighing:
    """The record of weighing ``heard``; the same documents in any order give the same record."""
    listed = list(heard)
    documents = {
        (one.document.digest.text, one.issuer.name): WeighedDocument(
            one.document.digest.text, one.issuer.name, one.basis
        )
        for one in listed
    }
    issuers = {
        one.issuer.name: WeighedIssuer(
            one.issuer.name,
            one.issuer.weight,
            tuple(sorted(key.pem.decode() for key in one.issuer.keys)),
        )
        for one in listed
        if one.issuer.name
    }
    return Weighing(
        image=image,
        indexes=tuple(sorted(set(indexes))),
        repositories=tuple(sorted(set(repositories))),
        documents=tuple(documents[key] for key in sorted(documents)),
        issuers=tuple(issuers[name] for name in sorted(issuers)),
    )


def weighing_bytes(weighing: Weighing) -> bytes:
    """``weighing`` as canonical JSON."""
    plain: Json = msgspec.to_builtins(weighing)
    return canonical_json(plain)


def parse_weighing(content: bytes) -> Weighing:
    """The record in ``content``. Raises MalformedWeighing."""
    try:
        read = msgspec.json.decode(content, type=Weighing)
        for one in read.documents:
            Digest(one.digest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, MalformedDigest) as error:
        _refuse(str(error)[:200])
    if any(not 0 <= one.weight <= WEIGHT_MAX for one in read.issuers):
        _refuse(f"weights are from 0 to {WEIGHT_MAX}")
    return read


def voices_of(weighing: Weighing, documents: Mapping[str, bytes]) -> Voices:
    """The documents read again, each signature verified again with its issuer's keys.

    documents: digest -> content. Raises MalformedWeighing where one is missing, is not what its
    digest says, or is not its issuer's.
    """
    issuers = {
        one.name: Issuer(one.name, one.weight, tuple(PublicKey(pem.encode()) for pem in one.keys))
        for one in weighing.issuers
    }
    heard = []
    for one in weighing.documents:
        content = documents.get(one.digest)
        if content is None or Digest.of(content).text != one.digest:
            _refuse(f"the document {one.digest} is not here")
        issuer = issuers.get(one.issuer, UNKNOWN if not one.issuer else None)
        if issuer is None:
            _refuse(f"nothing is known of the issuer {one.issuer[:80]!r}")
        is_vouched = one.basis is Basis.VOUCHED
        try:
            said = hear(content, [issuer] if issuer.keys else [], issuer if is_vouched else None)
        except (MalformedVex, UnusableKey) as error:
            _refuse(f"{one.digest}: {error}")
        if one.basis is Basis.SIGNATURE and said.basis is not Basis.SIGNATURE:
            _refuse(f"{one.digest} is not signed by {one.issuer}")
        heard.append(Heard(said.document, issuer, one.basis))
    return Voices(heard)


def _refuse(what: str) -> NoReturn:
    raise MalformedWeighing(
        f"what was weighed does not hold: {what}",
        remedy=Remedy("Get the original again; what was changed cannot be mended."),
    )
