"""``stella apply``: what is configured as documents, and whose they are."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from stella.cli.documents import read_documents
from stella.cli.output import Output, To, printable, say, write_document
from stella.cli.written import write
from stella.client import open_client


def apply(
    more: Annotated[
        list[Path] | None, typer.Argument(help="More files, as of -f *.yaml.", metavar="FILE...")
    ] = None,
    *,
    file: Annotated[
        list[Path], typer.Option("-f", "--file", help="YAML documents; - reads them. Repeat.")
    ],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what it would change.")
    ] = False,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Who keeps these documents, as shop-repository.")
    ] = None,
    prune: Annotated[
        bool,
        typer.Option("--prune", help="End what this owner brought and names no more."),
    ] = False,
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Also what another owner keeps.")
    ] = False,
    output: Output = "table",
    to: To = None,
) -> None:
    """Apply declarative documents: all of them, or nothing.

    With an owner they are kept by that name: nobody else changes them unless they are taken over, and
    with --prune what the name brought earlier, and these files have no more, ends. What is in use
    refuses all of it. --take-over without an owner makes documents nobody's again.
    """
    documents = read_documents([*file, *(more or [])])
    changes: list[dict[str, Any]] = []
    if documents or prune:
        asked = {
            "documents": documents,
            "dryRun": dry_run,
            "owner": owner,
            "prune": prune,
            "takeOver": take_over,
        }
        with open_client() as client:
            done = client.post("/apply", asked)
        changes = done["changes"]
    else:
        say("no documents to apply")
    if output == "table":
        write("".join(f"{printable(line)}\n" for line in _lines(changes)), to)
    elif output == "name":
        write("".join(f"{one['kind']}/{one['name']}\n" for one in changes), to)
    else:
        write_document(changes, output=output, to=to)
    if dry_run:
        say("nothing was changed (--dry-run)")


def _lines(changes: list[dict[str, Any]]) -> Iterator[str]:
    for one in changes:
        yield f"{one['change']:<9}  {one['kind']} {one['name']}"
        for value in one["diff"]:
            yield from _difference(value["path"], value["before"], value["after"])


def _difference(path: str, before: object, after: object) -> Iterator[str]:
    """What goes and what comes; a mapping that is new, or goes, key by key."""
    if before is None and isinstance(after, dict) and after:
        for key, value in after.items():
            yield from _difference(f"{path}.{key}", None, value)
        return
    if after is None and isinstance(before, dict) and before:
        for key, value in before.items():
            yield from _difference(f"{path}.{key}", value, None)
        return
    if before is not None:
        yield f"  - {path}: {_text(before)}"
    if after is not None:
        yield f"  + {path}: {_text(after)}"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
