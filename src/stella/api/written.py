"""Documents as somebody writes them, in YAML: read here, so that every client reads them alike."""

from collections.abc import Mapping
from typing import Any

from stella.api.errors import InvalidRequest
from stella.api.views.base import BODY_DEPTH_MAX
from stella.environment.document import checked_document
from stella.environment.documents import policy_files
from stella.environment.errors import MalformedDocument
from stella.environment.yaml_documents import NoDocuments, placed_documents
from stella.kernel import Remedy
from stella.kernel.storable import refuse_unstorable
from stella.policy.plain import PlainPolicy, plain_files, read_plain


def written_documents(text: str) -> list[dict[str, Any]]:
    """Every document of a text, in order. Raises MalformedDocument with the line."""
    found = []
    try:
        for line, one in placed_documents(text):
            _refuse_unstorable(line, one)
            found.append(one)
    except NoDocuments as error:
        raise _malformed(error.line, error.problem) from None
    return found


def _refuse_unstorable(line: int, document: object) -> None:
    """An escape of YAML may stand for what JSON could not bring here."""
    try:
        refuse_unstorable(document, BODY_DEPTH_MAX)
    except ValueError as error:
        raise _malformed(line, str(error)) from None


def _malformed(line: int, problem: str) -> MalformedDocument:
    return MalformedDocument(
        f"line {line}: {problem}",
        remedy=Remedy("Correct it there; nothing was applied."),
        line=line,
    )


def written_policy(text: str) -> tuple[Mapping[str, str], PlainPolicy | None]:
    """The files of the one policy in a text, and the policy where it is in plain YAML.

    Raises MalformedDocument, MalformedPlainPolicy, InvalidRequest where it is not one policy.
    """
    found = written_documents(text)
    if len(found) != 1 or found[0].get("kind") != "Policy":
        raise InvalidRequest(
            "a draft is one document, of the kind Policy",
            remedy=Remedy("Leave out the others."),
        )
    _, name, spec = checked_document(found[0])
    if "rules" in spec:
        plain = read_plain(spec)
        return plain_files(plain), plain
    return policy_files(name, spec), None
