"""JSON documents that carry their own signature, for files that people read where they lie."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from stella.kernel import Digest, Json, NotCanonical, Remedy, canonical_json
from stella.trust.dsse import malformed
from stella.trust.errors import WrongStatement
from stella.trust.keys import PublicKey, Signer
from stella.trust.statement import sign_statement, verify_bundle

_FIELD = "signature"


def sign_document(
    signer: Signer,
    fields: Mapping[str, Json],
    *,
    subject_name: str,
    subject: Digest,
    predicate_type: str,
) -> bytes:
    """``fields`` as canonical JSON, with a ``signature``: the bundle whose predicate they are."""
    assert _FIELD not in fields, "the field is the signature's"
    bundle = sign_statement(
        signer,
        subject_name=subject_name,
        subject=subject,
        predicate_type=predicate_type,
        predicate=fields,
    )
    return canonical_json({**fields, _FIELD: json.loads(bundle)})


def verify_document(
    content: bytes,
    keys: Iterable[PublicKey],
    *,
    subject: Digest | None = None,
    predicate_type: str,
) -> dict[str, Any]:
    """The fields of a signed document.

    Raises MalformedEnvelope, BadSignature, or WrongStatement where the signature is under others.
    """
    try:
        fields = json.loads(content)
        bundle = canonical_json(fields.pop(_FIELD))
        said = canonical_json(fields)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, NotCanonical) as error:
        raise malformed("no JSON document with a signature in it") from error
    statement = verify_bundle(bundle, keys, subject=subject, predicate_type=predicate_type)
    # By their bytes: to Python, true equals 1.
    if canonical_json(statement.predicate) != said:
        raise WrongStatement(
            "the document does not say what was signed",
            remedy=Remedy("Get the original again, from where it was made."),
        )
    return dict(fields)
