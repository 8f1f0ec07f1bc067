"""OpenVEX in, 0.0.1 to 0.2.0. Source: https://github.com/openvex/spec, OPENVEX-SPEC.md.

What other tools take although the schema does not is taken too: no timestamp, a version as text, a
vulnerability or product as text. Whether a document follows the schema is ``schema.py``'s question.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stella.kernel import Digest
from stella.vex.identify import target_of
from stella.vex.model import Document, Format, Justification, Product, Statement, Status, Target
from stella.vex.plain import (
    PRODUCTS_MAX,
    STATEMENTS_MAX,
    Gaps,
    expiry_of,
    malformed,
    mapping,
    name,
    text,
    time_of,
    version_of,
)

CONTEXT = "https://openvex.dev/ns"


def read_openvex(read: Mapping[str, Any], digest: Digest) -> Document:
    """The document in ``read``. Raises MalformedVex where it has no statements at all."""
    listed = read.get("statements")
    if not isinstance(listed, list):
        raise malformed("an OpenVEX document without statements")
    if len(listed) > STATEMENTS_MAX:
        raise malformed(f"more than {STATEMENTS_MAX} statements")
    at = time_of(read.get("last_updated"), read.get("timestamp"))
    gaps, statements, products = Gaps(), [], 0
    for place, one in enumerate(listed):
        statement = _statement(one, at, gaps, f"statements[{place}]")
        if statement is not None:
            statements.append(statement)
            products += len(statement.products)
            if products > PRODUCTS_MAX:
                raise malformed(f"more than {PRODUCTS_MAX} products")
    return Document(
        digest=digest,
        format=Format.OPENVEX,
        id=name(read.get("@id")),
        author=text(read.get("author"), 300),
        role=text(read.get("role"), 300),
        at=at,
        version=version_of(read.get("version")),
        statements=tuple(statements),
        gaps=gaps.told(),
    )


def _statement(one: object, document_at: str, gaps: Gaps, place: str) -> Statement | None:
    if not isinstance(one, dict):
        gaps.add(place, "it is no object")
        return None
    names = _names(one.get("vulnerability"))
    if not names:
        gaps.add(place, "it names no vulnerability")
        return None
    try:
        status = Status(str(one.get("status")))
    except ValueError:
        gaps.add(place, f"it has the status {str(one.get('status'))[:60]!r}")
        return None
    notes = text(one.get("status_notes"))
    expires, is_understood = expiry_of(one.get("status_notes"))
    if not is_understood:
        gaps.add(place, "until when it is valid is no time")
        return None
    justification = text(one.get("justification"))
    if justification and justification not in set(Justification):
        gaps.add(place, f"the justification {justification[:60]!r} is none")
        justification = ""
    return Statement(
        names=names,
        products=tuple(_products(one.get("products"), gaps, place)),
        status=status,
        justification=justification,
        impact=text(one.get("impact_statement")),
        action=text(one.get("action_statement")),
        notes=notes,
        # The statement's time goes before the document's (specification, "Data Inheritance").
        at=time_of(one.get("last_updated"), one.get("timestamp")) or document_at,
        expires=expires,
    )


def _names(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (name(value),) if name(value) else ()
    said = mapping(value)
    main = name(said.get("name")) or name(said.get("@id"))
    aliases = said.get("aliases")
    more = [name(one) for one in aliases] if isinstance(aliases, list) else []
    return tuple(dict.fromkeys(one for one in (main, *more) if one)) if main else ()


def _products(listed: object, gaps: Gaps, place: str) -> Iterator[Product]:
    for number, one in enumerate(listed if isinstance(listed, list) else ()):
        where = f"{place}.products[{number}]"
        target = _target(one)
        if target is None:
            gaps.add(where, "it names nothing")
            continue
        parts = []
        given = mapping(one).get("subcomponents")
        for part_number, part in enumerate(given if isinstance(given, list) else ()):
            found = _target(part)
            if found is None:
                gaps.add(f"{where}.subcomponents[{part_number}]", "it names nothing")
            else:
                parts.append(found)
        if given and not parts:
            continue  # parts were meant and none can be read: the whole would be too much
        yield Product(target, tuple(parts))


def _target(one: object) -> Target | None:
    if isinstance(one, str):
        return target_of([name(one)])
    said = mapping(one)
    # 0.0.1 kept a purl where 0.2.0 has an IRI; either may be under "@id".
    identifiers = [name(said.get("@id")), *map(name, mapping(said.get("identifiers")).values())]
    hashes = {key: name(value) for key, value in mapping(said.get("hashes")).items()}
    return target_of(identifiers, {key: value for key, value in hashes.items() if value})
