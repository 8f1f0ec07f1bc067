"""``stella vex``: who says whether a vulnerability matters. What is about files needs no server."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from stella.cli.evidence import read_root
from stella.cli.vex_out import document_time
from stella.cli.written import checked_output, read, write
from stella.image import parse_reference
from stella.kernel import MalformedDigest, Remedy, parse_time, time_text
from stella.trust import load_public_key, load_signer
from stella.vex import (
    Document,
    Format,
    Heard,
    Justification,
    OpenVex,
    Product,
    Statement,
    Status,
    Target,
    UnusableStatement,
    check_statement,
    hear,
    merge_openvex,
    openvex_bytes,
    schema_faults,
    sign_vex,
    target_of,
    verify_vex,
)

app = typer.Typer(no_args_is_help=True, help="Say whether findings matter, and hear who says so.")

File = Annotated[Path, typer.Argument(help="OpenVEX, CSAF or CycloneDX JSON, or one signed.")]
Files = Annotated[list[Path], typer.Argument(help="VEX documents.", metavar="FILE...")]
Output = Annotated[str, typer.Option("-o", "--output", help="table|json")]
To = Annotated[Path | None, typer.Option(help="Write to this file.")]
Sign = Annotated[Path | None, typer.Option(help="Key to sign the document with.")]
Author = Annotated[str, typer.Option(help="Who says it.")]
_DAYS = timedelta(days=1)


@app.command()
def create(
    *,
    vulnerability: Annotated[list[str], typer.Option(help="Its id; repeat for aliases.")],
    product: Annotated[
        list[str], typer.Option(help="Purl, image digest, or HOST/PATH@DIGEST. Repeat.")
    ],
    status: Annotated[str, typer.Option(help="|".join(Status))],
    subcomponent: Annotated[
        list[str] | None, typer.Option(help="Purl of the part of it that is meant. Repeat.")
    ] = None,
    justification: Annotated[str, typer.Option(help="|".join(Justification))] = "",
    impact: Annotated[str, typer.Option(help="Why it is not affected, in words.")] = "",
    action: Annotated[str, typer.Option(help="What to do about it.")] = "",
    note: Annotated[str, typer.Option(help="How this was found out.")] = "",
    expires: Annotated[str, typer.Option(help="Until when: a time, or days such as 30d.")] = "",
    author: Author = "unknown",
    role: Annotated[str, typer.Option(help="What they are to the product.")] = "",
    revises: Annotated[
        Path | None, typer.Option(help="The document in whose place this one stands.")
    ] = None,
    sign: Sign = None,
    to: To = None,
) -> None:
    """Write one OpenVEX statement; signed where there is a key."""
    at = document_time()
    statement = check_statement(
        Statement(
            names=tuple(dict.fromkeys(vulnerability)),
            products=products_of(product, subcomponent or ()),
            status=Status(checked_output(status, tuple(Status))),
            justification=_known(justification, tuple(Justification)),
            impact=impact,
            action=action,
            notes=note,
            at=at,
            expires=expiry_of(expires, at),
        )
    )
    before = _revised(revises)
    content = openvex_bytes(OpenVex(author, at, (statement,), role=role, **before))
    _write(content, sign, to)


@app.command()
def merge(
    files: Files,
    *,
    author: Author = "unknown",
    role: Annotated[str, typer.Option(help="What they are to the product.")] = "",
    sign: Sign = None,
    to: To = None,
) -> None:
    """Write the statements of many documents as one OpenVEX document; each keeps its time."""
    documents = [_heard(file).document for file in files]
    _write(merge_openvex(documents, author, document_time(), role=role), sign, to)


@app.command()
def show(file: File, output: Output = "table", to: To = None) -> None:
    """List what a document says."""
    heard = _heard(file)
    if checked_output(output, ("table", "json")) == "json":
        write(json.dumps(_json(heard.document), indent=2) + "\n", to)
    else:
        write("".join(f"{line}\n" for line in _lines(heard.document)), to)


@app.command()
def validate(file: File, output: Output = "table", to: To = None) -> None:
    """Say whether a document can be read, and whether it follows its format; exit code 1 if not.

    These are two questions: much that tools write breaks the schema and is understood all the same.
    """
    is_json = checked_output(output, ("table", "json")) == "json"
    content = read(file)
    document = _heard(file).document
    is_judged = document.format is Format.OPENVEX and b"dsseEnvelope" not in content
    faults = schema_faults(content) if is_judged else ()
    unreasoned = sum(not one.is_reasoned for one in document.statements)
    if is_json:
        found = {
            "format": document.format.value,
            "readable": True,
            "statements": len(document.statements),
            "unreasoned": unreasoned,
            "gaps": [asdict(one) for one in document.gaps],
            "schema": "not judged" if not is_judged else "broken" if faults else "followed",
            "faults": list(faults),
        }
        write(json.dumps(found, indent=2) + "\n", to)
    else:
        write("".join(f"{line}\n" for line in _judgement(document, faults, is_judged)), to)
    if faults:
        raise typer.Exit(1)


@app.command()
def verify(
    file: File,
    *,
    key: Annotated[
        list[Path] | None, typer.Option(help="Public key whose signature counts. Repeat.")
    ] = None,
    trusted_root: Annotated[
        Path | None, typer.Option("--trusted-root", help="Whose keys to believe.")
    ] = None,
    to: To = None,
) -> None:
    """Check the signature of a signed document, and say who signed what about which image."""
    root = read_root(trusted_root)
    keys = [load_public_key(one) for one in key or ()]
    keys += list(root.keys.values()) if root else []
    if not keys:
        raise UnusableStatement(
            "nobody is named whose signature would count",
            remedy=Remedy("Give --key or --trusted-root."),
        )
    statement = verify_vex(read(file), keys)
    write(
        f"signed by {statement.key_id}\n"
        f"about     {statement.subject_name} {statement.subject}\n"
        f"type      {statement.predicate_type}\n",
        to,
    )


def products_of(products: list[str], parts: Any) -> tuple[Product, ...]:
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

        try:
            reference = parse_reference(text)
        except MalformedDigest as error:
            raise _unfindable(text) from error
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


def _known(text: str, words: tuple[str, ...]) -> str:
    return checked_output(text, words) if text else ""


def _revised(file: Path | None) -> dict[str, Any]:
    """Id and version of the next revision."""
    if file is None:
        return {}
    before = _heard(file).document
    return {"id": before.id, "version": (before.version[0] if before.version else 0) + 1}


def _heard(file: Path) -> Heard:
    return hear(read(file), ())


def _write(content: bytes, sign: Path | None, to: Path | None) -> None:
    write(sign_vex(load_signer(sign), content) if sign else content + b"\n", to)


def _judgement(document: Document, faults: tuple[str, ...], is_judged: bool) -> Iterator[str]:
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


def _lines(document: Document) -> Iterator[str]:
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


def _json(document: Document) -> dict[str, Any]:
    return {**asdict(document), "digest": document.digest.text, "format": document.format.value}
