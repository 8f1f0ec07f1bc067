"""What is said on the command line of ``stella vex``, and how documents are told to people."""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from stella.image import parse_reference
from stella.kernel import Remedy, parse_time, time_text
from stella.vex import Document, Product, Statement, Target, UnusableStatement, target_of

_DAYS = timedelta(days=1)


def products_of(products: Iterable[str], parts: Iterable[str]) -> tuple[Product, ...]:
    """What the words name. Raises UnusableStatement for what could not be found again."""
    inside = tuple(_target(part) for part in parts)
    return tuple(Product(_target(one), inside) for one in products)


def expiry_of(text: str, at: str) -> str:
    """``30d`` after ``at``, or the time that is given; "" for no end. Raises MalformedTime."""
    if not text:
        return ""
    if text.endswith("d") and text[:-1].isdecimal() and len(text) < 7:
        return time_text(parse_time(at) + int(text[:-1]) * _DAYS)
    return time_text(parse_time(text))


def _target(text: str) -> Target:
    """A purl or digest as it is; an image reference by its digest, as an OCI purl."""
    if not text.startswith(("pkg:", "sha256:")):
        from packageurl import PackageURL

        reference = parse_reference(text)
        if reference.digest is None:
            raise _unfindable(text)
        place = f"{reference.host}/{reference.repository}"
        name, digest = place.rpartition("/")[2], reference.digest.text
        purl = PackageURL("oci", None, name, digest, {"repository_url": place}).to_string()
        return Target((purl,), (digest,))
    found = target_of([text])
    if found is None or found.others:
        raise _unfindable(text)
    return found


def _unfindable(text: str) -> UnusableStatement:
    return UnusableStatement(
        f"{text[:200]!r} names nothing that could be found again",
        remedy=Remedy("Give a purl, an image digest, or a reference with its digest."),
    )


def statement_json(statement: Statement) -> dict[str, Any]:
    """A statement as the API takes it. Each product by its digest where it has one."""
    first = statement.products[0]
    return {
        "vulnerability": statement.names[0],
        "aliases": list(statement.names[1:]),
        "products": [
            next(iter(one.target.digests), one.target.shown) for one in statement.products
        ],
        "subcomponents": [part.shown for part in first.subcomponents],
        "status": statement.status.value,
        "justification": statement.justification,
        "impact": statement.impact,
        "action": statement.action,
        "notes": statement.notes,
        "expires": statement.expires,
    }


def judgement(document: Document, faults: tuple[str, ...], is_judged: bool) -> Iterator[str]:
    """Whether the document can be read, and whether it follows its format."""
    yield f"readable {document.format.value}: {len(document.statements)} statements"
    for gap in document.gaps:
        yield f"  not used: {gap.place}: {gap.reason}"
    unreasoned = sum(not one.is_reasoned for one in document.statements)
    if unreasoned:
        yield f"  {unreasoned} say not_affected without a reason, and do not count"
    if not is_judged:
        yield "schema: not judged for this format"
    else:
        yield f"schema: {'broken' if faults else 'followed'}"
    yield from (f"  {fault}" for fault in faults)


def document_lines(document: Document) -> Iterator[str]:
    """What the document says."""
    version = ".".join(map(str, document.version)) or "?"
    yield f"{document.format.value} {document.id or 'without id'}, version {version}"
    yield f"by {document.author or 'nobody'} at {document.at or 'no time'}; {document.digest}"
    for one in document.statements:
        reason = "; ".join(text for text in (one.justification, one.impact, one.action) if text)
        ends = f" until {one.expires}" if one.expires else ""
        yield f"{one.status.value:<19} {', '.join(one.names)}{ends}{f': {reason}' if reason else ''}"
        for product in one.products:
            parts = ", ".join(part.shown for part in product.subcomponents)
            yield f"  {product.target.shown}{f' [{parts}]' if parts else ''}"
    for gap in document.gaps:
        yield f"not used: {gap.place}: {gap.reason}"


def document_json(document: Document) -> dict[str, Any]:
    """The same for programs."""
    return {**asdict(document), "digest": document.digest.text, "format": document.format.value}
