"""``stella apply``: environments, targets and policies as documents."""

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
    output: Output = "table",
    to: To = None,
) -> None:
    """Apply declarative documents: all of them, or nothing."""
    documents = read_documents([*file, *(more or [])])
    changes: list[dict[str, Any]] = []
    if documents:
        with open_client() as client:
            done = client.post("/apply", {"documents": documents, "dryRun": dry_run})
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
    """What goes and what comes; a new mapping key by key."""
    if before is None and isinstance(after, dict) and after:
        for key, value in after.items():
            yield from _difference(f"{path}.{key}", None, value)
        return
    if before is not None:
        yield f"  - {path}: {_text(before)}"
    if after is not None:
        yield f"  + {path}: {_text(after)}"


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
