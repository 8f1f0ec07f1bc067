"""Whose word is a test result? A signature says so; or else only who handed it in is known."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from stella.kernel import Digest, Json, MalformedDigest, canonical_json
from stella.kernel.twice import key_said_twice
from stella.tested.errors import malformed_result
from stella.tested.model import BYTES_MAX, TEST_RESULT, Tested, read_predicate
from stella.trust import (
    BadSignature,
    MalformedEnvelope,
    PublicKey,
    Signer,
    Statement,
    bare_statement,
    sign_statement,
    statement_of,
    unverified_payload,
    unverified_statement,
    verify_bundle,
)
from stella.vex import Issuer


@dataclass(frozen=True, slots=True)
class HeardTested:
    """What is said, and by whom. issuer: whose key signed it, "" for nobody's that is known.

    key: the key that did, PEM; "" for none. is_signed: whether it is signed at all.
    """

    said: Tested
    issuer: str
    key: str
    is_signed: bool


def hear_tested(content: bytes, issuers: Iterable[Issuer]) -> HeardTested:
    """The result in ``content``: a Sigstore bundle, or a bare statement.

    issuers: whose keys are tried, by name. Raises MalformedTestResult.
    """
    is_signed = _is_bundle(content)
    if is_signed:
        for issuer in sorted(issuers, key=lambda one: one.name):
            for key in issuer.keys:
                try:
                    statement = verify_bundle(content, (key,))
                except (BadSignature, MalformedEnvelope, MalformedDigest):
                    continue
                return HeardTested(said_by(statement), issuer.name, key.pem.decode(), True)
    return HeardTested(said_by(read_statement(content)), "", "", is_signed)


def heard_by_key(content: bytes, pem: str) -> Tested:
    """What somebody signed with exactly this key; of "" what is said without.

    Raises MalformedTestResult, BadSignature, MalformedEnvelope.
    """
    if not pem:
        return said_by(read_statement(content))
    return said_by(verify_bundle(content, (PublicKey(pem.encode()),)))


def read_statement(content: bytes) -> Statement:
    """The statement in a bundle or bare, whoever signed it. Raises MalformedTestResult."""
    try:
        return unverified_statement(content) if _is_bundle(content) else bare_statement(content)
    except (MalformedEnvelope, MalformedDigest) as error:
        raise malformed_result(str(error)) from None


def digest_said(content: bytes) -> Digest:
    """Of what is signed, whatever stands around it; of a bare statement, of its bytes."""
    return Digest.of(unverified_payload(content) if _is_bundle(content) else content)


def check_new(content: bytes) -> None:
    """Refuse what readers would read differently. Raises MalformedTestResult, MalformedEnvelope."""
    parts = (content, unverified_payload(content)) if _is_bundle(content) else (content,)
    for part in parts:
        twice = key_said_twice(part)
        if twice is not None:
            raise malformed_result(f"one object has the key {twice[:80]!r} twice")


def said_by(statement: Statement) -> Tested:
    """Raises MalformedTestResult, also for a statement of another kind."""
    if statement.predicate_type != TEST_RESULT:
        raise malformed_result(f"its predicate type is {statement.predicate_type[:80]!r}")
    return read_predicate(statement.subject, statement.predicate)


def bare_tested(name: str, image: Digest, predicate: Json) -> bytes:
    """A statement that nobody signed: who hands it in is known by other means."""
    return canonical_json(statement_of(name, image, TEST_RESULT, predicate))


def sign_tested(signer: Signer, content: bytes) -> bytes:
    """The bare statement ``content``, signed, in a Sigstore bundle. Raises MalformedTestResult."""
    statement = read_statement(content)
    said_by(statement)
    return sign_statement(
        signer,
        subject_name=statement.subject_name,
        subject=statement.subject,
        predicate_type=TEST_RESULT,
        predicate=statement.predicate,
    )


def _is_bundle(content: bytes) -> bool:
    if len(content) > BYTES_MAX:
        raise malformed_result(f"more than {BYTES_MAX} bytes are not read")
    try:
        read = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise malformed_result("no JSON object") from None
    return "dsseEnvelope" in read
