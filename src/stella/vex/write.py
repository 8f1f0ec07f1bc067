"""OpenVEX 0.2.0 out: the same statements give the same bytes, in whatever order they are given."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from stella.kernel import Digest, Json, Remedy, canonical_json
from stella.vex.errors import UnusableStatement
from stella.vex.model import Document, Product, Statement, Status, Target
from stella.vex.openvex import CONTEXT
from stella.vex.plain import until_line

_CONTEXT = f"{CONTEXT}/v0.2.0"
_ACTION = "none is known yet"


@dataclass(frozen=True, slots=True)
class OpenVex:
    """A document to write. at: RFC 3339. id: "" to have it follow from the content. version: from 1."""

    author: str
    at: str
    statements: tuple[Statement, ...]
    id: str = ""
    version: int = 1
    role: str = ""


def openvex_bytes(document: OpenVex) -> bytes:
    """``document`` as canonical JSON. Raises UnusableStatement for what OpenVEX cannot hold."""
    if not document.statements:
        raise UnusableStatement(
            "a document without statements says nothing",
            remedy=Remedy("Give at least one vulnerability and product."),
        )
    content: dict[str, Json] = {
        "@context": _CONTEXT,
        "author": document.author or "unknown",
        "timestamp": document.at,
        "version": document.version,
        "statements": _statements(document),
    }
    if document.role:
        content["role"] = document.role
    own = Digest.of(canonical_json(content)).hex
    content["@id"] = document.id or f"urn:stella:vex:{own}"
    return canonical_json(content)


def merge_openvex(documents: Iterable[Document], author: str, at: str, *, role: str = "") -> bytes:
    """All statements of ``documents`` as one; each keeps the time it was made.

    Who made them is lost but for their own words: a merged document is its merger's.
    """
    statements: dict[Statement, None] = {}
    for document in sorted(documents, key=lambda one: one.digest):
        for statement in document.statements:
            statements[replace(statement, at=statement.at or document.at)] = None
    return openvex_bytes(OpenVex(author, at, tuple(statements), role=role))


def check_statement(statement: Statement) -> Statement:
    """``statement`` where it would count. Raises UnusableStatement with what it lacks."""
    lacks = []
    if not any(statement.names):
        lacks.append("the vulnerability")
    if not statement.products:
        lacks.append("a product")
    if not statement.is_reasoned:
        lacks.append(
            "a justification or an impact statement, without which not_affected is no word"
        )
    if statement.expires and statement.at and statement.expires <= statement.at:
        lacks.append("an end that lies after its beginning")
    if lacks:
        raise UnusableStatement(
            f"the statement lacks {'; '.join(lacks)}",
            remedy=Remedy("Say it; a statement that lacks it would not count."),
        )
    return statement


def _statements(document: OpenVex) -> list[Json]:
    made = {canonical_json(one): one for one in map(_statement, document.statements)}
    # By vulnerability and time first, as people read them.
    keys = sorted(
        made, key=lambda key: (_name(made[key]), str(made[key].get("timestamp", "")), key)
    )
    return [made[key] for key in keys]


def _name(statement: dict[str, Any]) -> str:
    return str(statement["vulnerability"]["name"])


def _statement(one: Statement) -> dict[str, Any]:
    name, *aliases = one.names
    vulnerability: dict[str, Json] = {"name": name}
    if aliases:
        vulnerability["aliases"] = sorted(set(aliases))
    made: dict[str, Any] = {"vulnerability": vulnerability, "status": one.status.value}
    products = {canonical_json(product): product for product in map(_product, one.products)}
    if products:
        made["products"] = [products[key] for key in sorted(products)]
    notes = one.notes
    if one.expires and until_line(one.expires) not in notes:
        notes = f"{notes}\n{until_line(one.expires)}".strip()
    said = {
        "timestamp": one.at,
        "justification": one.justification,
        "impact_statement": one.impact,
        "action_statement": one.action,
        "status_notes": notes,
    }
    made |= {key: value for key, value in said.items() if value}
    if one.status is Status.AFFECTED:
        made.setdefault("action_statement", _ACTION)  # the schema wants one
    return made


def _product(product: Product) -> dict[str, Any]:
    made = _target(product.target)
    parts = {canonical_json(part): part for part in map(_target, product.subcomponents)}
    if parts:
        made["subcomponents"] = [parts[key] for key in sorted(parts)]
    return made


def _target(target: Target) -> dict[str, Any]:
    made: dict[str, Any] = {"@id": target.shown}
    identifiers = {}
    if len(target.purls) > 1 or (target.purls and target.purls[0] != target.shown):
        identifiers["purl"] = target.purls[-1]
    for other in target.others:
        if other.startswith("cpe:2.3:"):
            identifiers["cpe23"] = other
        elif other.startswith("cpe:/"):
            identifiers["cpe22"] = other
    if identifiers:
        made["identifiers"] = identifiers
    if target.digests:
        made["hashes"] = {"sha-256": target.digests[0].removeprefix("sha256:")}
    return made
