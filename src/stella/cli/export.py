"""``stella export``: what is configured, as the documents that ``stella apply`` takes."""

from typing import Annotated

import typer

from stella.cli.output import Column, Output, To, show_list, write_document
from stella.cli.written import write
from stella.client import open_client

app = typer.Typer(no_args_is_help=True, help="What is configured, as documents.")


_OWNED: dict[str, Column] = {
    "kind": "kind",
    "name": "name",
    "owner": "owner",
    "since": "at",
    "by": lambda row: row["by"]["name"],
}


@app.callback()
def export() -> None:
    """What is configured, as documents."""


@app.command()
def config(
    *,
    kind: Annotated[
        list[str] | None, typer.Option("--kind", "-k", help="Only this kind. Repeat.")
    ] = None,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Only what this owner keeps.")
    ] = None,
    output: Output = "yaml",
    to: To = None,
) -> None:
    """Write all that is configured: applied again, it changes nothing.

    Secrets are not in it; where they are used, their references stand.
    """
    with open_client() as client:
        found = list(client.items("/documents", kind=",".join(kind) if kind else None, owner=owner))
    if output == "name":
        write("".join(f"{one['kind']}/{one['name']}\n" for one in found), to)
    elif output == "json":
        write_document(found, output=output, to=to)
    else:
        import yaml

        write(str(yaml.safe_dump_all(found, sort_keys=False, allow_unicode=True)), to)


@app.command()
def owned(
    *,
    owner: Annotated[
        str | None, typer.Option("--owner", help="Only what this owner keeps.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List which documents an owner keeps; all others are nobody's."""
    with open_client() as client:
        found = list(client.items("/documents/owned", owner=owner))
    if output == "name":
        write("".join(f"{one['kind']}/{one['name']}\n" for one in found), to)
    else:
        show_list(found, _OWNED, output=output, to=to)
