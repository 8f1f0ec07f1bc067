"""The verbs of ``stella vex`` that ask a server: documents handed in, and whose word counts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_list, show_one
from stella.client import open_client

Id = Annotated[str, typer.Argument(help="Its id on the server.", metavar="ID")]

_COLUMNS: dict[str, Column] = {
    "id": "id",
    "state": "state",
    "issuer": lambda row: row["issuer"] or "unknown",
    "basis": "basis",
    "author": "author",
    "statements": "statements",
    "at": "at",
    "source": "source",
    "said id": "saidId",
}
_ISSUERS: dict[str, Column] = {
    "name": "name",
    "trust": "trust",
    "weight": "weight",
    "keys": lambda row: len(row["keys"]),
    "feeds": lambda row: ", ".join(row["feeds"]),
    "changed": "changedAt",
}


def apply(
    files: Annotated[
        list[Path],
        typer.Argument(help="VEX documents, or directories of repositories.", metavar="FILE..."),
    ],
    *,
    issuer: Annotated[
        str, typer.Option(help="Whose they are, where no signature says so; you vouch for it.")
    ] = "",
    output: Output = "table",
    to: To = None,
) -> None:
    """Hand documents to the server; the findings that they speak of are judged anew."""
    from stella.cli.vex_files import contents_of  # late: it brings findings and images

    contents = [one.decode(errors="replace") for file in files for one in contents_of(file)]
    with open_client() as client:
        rows = [client.post("/vex", {"document": one, "issuer": issuer}) for one in contents]
    show_list(rows, _COLUMNS, output=output, to=to)


def list_documents(*, output: Output = "table", to: To = None) -> None:
    """List what the server was handed, the newest first."""
    with open_client() as client:
        show_list(list(client.items("/vex")), _COLUMNS, output=output, to=to)


def withdraw(
    vex: Id,
    *,
    reason: Annotated[str, typer.Option(help="Why it counts no more.")],
    output: Output = "table",
    to: To = None,
) -> None:
    """Let a document on the server count no more."""
    with open_client() as client:
        ended = client.post(f"{_path(vex)}/withdraw", {"reason": reason})
    show_one(ended, _COLUMNS, output=output, to=to)


def issuers(*, output: Output = "table", to: To = None) -> None:
    """List whose word counts on the server; `stella apply` a VexIssuer to add one."""
    with open_client() as client:
        found = list(client.items("/vex-issuers"))
    show_list(found, _ISSUERS, output=output, to=to, name="name")


def distrust(name: Annotated[str, typer.Argument(help="The issuer's name.")]) -> None:
    """Let an issuer's word count no more on the server."""
    with open_client() as client:
        client.delete(f"/vex-issuers/{quote(name, safe='')}")


def say_on_server(statement: Mapping[str, Any]) -> str:
    """Make a statement in the server's name; the id of its document."""
    with open_client() as client:
        return str(client.post("/vex/statements", dict(statement))["id"])


def fetch_document(vex: str) -> bytes:
    """A document of the server's, exactly as it was handed in."""
    with open_client() as client:
        return client.content(f"{_path(vex)}/document")


def _path(vex: str) -> str:
    return f"/vex/{quote(vex, safe='')}"
