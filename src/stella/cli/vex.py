"""``stella vex``: who says whether a vulnerability matters. What is about files needs no server."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from stella.cli import vex_feeds, vex_publish, vex_server
from stella.cli.trusted import named_keys
from stella.cli.vex_out import document_time
from stella.cli.vex_publish import File, Sign, To, content_of, heard_in
from stella.cli.vex_server import say_on_server
from stella.cli.vex_words import (
    document_json,
    document_lines,
    expiry_of,
    judgement,
    products_of,
    statement_json,
)
from stella.cli.written import checked_output, read, write
from stella.kernel import Remedy
from stella.trust import load_signer
from stella.vex import (
    Format,
    Justification,
    OpenVex,
    Statement,
    Status,
    UnusableStatement,
    check_statement,
    merge_openvex,
    openvex_bytes,
    schema_faults,
    sign_vex,
    verify_vex,
)
from stella.vex.hearing import hear_new

app = typer.Typer(no_args_is_help=True, help="Say whether findings matter, and hear who says so.")

Files = Annotated[list[Path], typer.Argument(help="VEX documents.", metavar="FILE...")]
Output = Annotated[str, typer.Option("-o", "--output", help="table|json")]
Author = Annotated[str, typer.Option(help="Who says it.")]


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
    server: Annotated[
        bool, typer.Option("--server", help="Say it on the server, which signs and weighs it.")
    ] = False,
    to: To = None,
) -> None:
    """Write one OpenVEX statement; signed where there is a key."""
    at = document_time()
    names = tuple(dict.fromkeys(vulnerability))
    statement = check_statement(
        Statement(
            names=names,
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
    if server:
        _refuse_beside_server({"--sign": sign, "--revises": revises, "--role": role})
        write(f"{say_on_server(statement_json(statement))}\n", to)
        return
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
    documents = [heard_in(file).document for file in files]
    _write(merge_openvex(documents, author, document_time(), role=role), sign, to)


@app.command()
def show(file: File, output: Output = "table", to: To = None) -> None:
    """List what a document says."""
    heard = heard_in(file)
    if checked_output(output, ("table", "json")) == "json":
        write(json.dumps(document_json(heard.document), indent=2) + "\n", to)
    else:
        write("".join(f"{line}\n" for line in document_lines(heard.document)), to)


@app.command()
def validate(file: File, output: Output = "table", to: To = None) -> None:
    """Say whether a document can be read, and whether it follows its format; exit code 1 if not.

    These are two questions: much that tools write breaks the schema and is understood all the same.
    """
    is_json = checked_output(output, ("table", "json")) == "json"
    content = content_of(file)
    document = hear_new(content, ()).document
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
        write("".join(f"{line}\n" for line in judgement(document, faults, is_judged)), to)
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
    keys = named_keys(key, trusted_root)
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


def _known(text: str, words: tuple[str, ...]) -> str:
    return checked_output(text, words) if text else ""


def _revised(file: Path | None) -> dict[str, Any]:
    """Id and version of the next revision."""
    if file is None:
        return {}
    before = heard_in(file).document
    return {"id": before.id, "version": (before.version[0] if before.version else 0) + 1}


def _refuse_beside_server(given: dict[str, object]) -> None:
    """The server signs with its own key, in the name of who asks. Raises UnusableStatement."""
    wanted = [name for name, value in given.items() if value]
    if wanted:
        raise UnusableStatement(
            f"{', '.join(wanted)} cannot be said to the server",
            remedy=Remedy("Leave it out, or apply the document: stella vex apply FILE"),
        )


def _write(content: bytes, sign: Path | None, to: Path | None) -> None:
    write(sign_vex(load_signer(sign), content) if sign else content + b"\n", to)


app.command("convert")(vex_publish.convert)
app.command("publish")(vex_publish.publish)
app.command("apply")(vex_server.apply)
app.command("list")(vex_server.list_documents)
app.command("withdraw")(vex_server.withdraw)
app.command("issuers")(vex_server.issuers)
app.command("distrust")(vex_server.distrust)
app.command("feeds")(vex_feeds.feeds)
app.command("sync")(vex_feeds.sync)
