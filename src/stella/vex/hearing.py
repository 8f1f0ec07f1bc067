"""Whose document is it? A signature says so, or somebody who may vouches for it."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec

from stella.kernel import Digest
from stella.kernel.twice import key_said_twice
from stella.trust import (
    CYCLONEDX,
    OPENVEX,
    BadSignature,
    MalformedEnvelope,
    PublicKey,
    Signer,
    Statement,
    WrongStatement,
    sign_statement,
    unverified_payload,
    unverified_statement,
    verify_bundle,
)
from stella.vex.consensus import Heard
from stella.vex.identify import read_purl
from stella.vex.issuer import UNKNOWN, Basis, Issuer
from stella.vex.model import Document, Product, Target
from stella.vex.plain import BYTES_MAX, malformed, read_object
from stella.vex.read import parse_vex

_NAMESPACE = "https://openvex.dev/ns"


def hear(content: bytes, issuers: Iterable[Issuer], vouched: Issuer | None = None) -> Heard:
    """The document in ``content``, with whose it is.

    content: a VEX document, or a Sigstore bundle around one. issuers: whose keys are tried, the
    weightiest first. vouched: whose it is where no signature says so. Raises MalformedVex.
    """
    if not is_signed(content):
        document = parse_vex(content)
        return Heard(document, vouched or UNKNOWN, Basis.VOUCHED if vouched else Basis.NONE)
    for issuer in sorted(issuers, key=lambda one: (-one.weight, one.name)):
        try:
            statement = verify_bundle(content, issuer.keys)
        except (BadSignature, MalformedEnvelope, WrongStatement):
            continue
        return Heard(_inner(content, statement), issuer, Basis.SIGNATURE)
    try:
        statement = unverified_statement(content)
    except MalformedEnvelope as error:
        raise malformed(str(error)) from error
    document = _inner(content, statement)
    return Heard(document, vouched or UNKNOWN, Basis.VOUCHED if vouched else Basis.NONE)


def hear_new(content: bytes, issuers: Iterable[Issuer], vouched: Issuer | None = None) -> Heard:
    """As ``hear``, of a document that comes in now: one that readers would read differently is refused.

    What was weighed before is heard as it was. Raises MalformedVex, MalformedEnvelope.
    """
    heard = hear(content, issuers, vouched)
    parts = (content, unverified_payload(content)) if is_signed(content) else (content,)
    for part in parts:
        twice = key_said_twice(part)
        if twice is not None:
            named = f"one object has the key {twice[:80]!r} twice"
            raise malformed(f"{named}, and readers differ in which counts")
    return heard


def sign_vex(signer: Signer, document: bytes, subject: Digest | None = None) -> bytes:
    """``document`` (OpenVEX) as an in-toto statement in a Sigstore bundle.

    subject: the image it is about; by default the one image that its statements name, or else the
    document itself. Raises MalformedVex.
    """
    read = parse_vex(document)
    digests = {
        digest
        for statement in read.statements
        for product in statement.products
        for digest in _digests(product)
    }
    if subject is None and len(digests) == 1:
        subject = Digest(*digests)
    return sign_statement(
        signer,
        subject_name=read.id or "vex",
        subject=subject or Digest.of(document),
        predicate_type=OPENVEX,
        predicate=msgspec.json.decode(document),
    )


def verify_vex(content: bytes, keys: Iterable[PublicKey]) -> Statement:
    """The statement around a signed VEX document.

    Raises BadSignature, MalformedEnvelope, WrongStatement, MalformedVex.
    """
    statement = verify_bundle(content, keys)
    _inner(content, statement)
    return statement


def is_signed(content: bytes) -> bool:
    """Whether it is a Sigstore bundle, not a bare document. Raises MalformedVex."""
    if len(content) > BYTES_MAX:
        raise malformed(f"a document of more than {BYTES_MAX} bytes is not read")
    return "dsseEnvelope" in read_object(content)


def digest_said(content: bytes) -> Digest:
    """Of what is signed, whatever stands around it; of a bare document, of its bytes.

    Raises MalformedVex, MalformedEnvelope.
    """
    return Digest.of(unverified_payload(content) if is_signed(content) else content)


def _inner(content: bytes, statement: Statement) -> Document:
    """What was signed, under the digest of the whole bundle."""
    kind = statement.predicate_type
    if not kind.startswith(_NAMESPACE) and kind != CYCLONEDX:
        raise malformed(f"a signed statement of the type {kind[:80]!r}")
    document = parse_vex(msgspec.json.encode(statement.predicate))
    # Without a product of its own, a statement is about what the envelope is about.
    about = (Product(Target(digests=(statement.subject.text,))),)
    statements = tuple(
        one if one.products else replace(one, products=about) for one in document.statements
    )
    return replace(document, digest=Digest.of(content), statements=statements)


def _digests(product: Product) -> set[str]:
    found = set(product.target.digests)
    for text in product.target.purls:
        purl = read_purl(text)
        if purl is not None and purl.type == "oci" and purl.version.startswith("sha256:"):
            found.add(purl.version)
    return found
