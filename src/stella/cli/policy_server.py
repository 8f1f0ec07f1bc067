"""The verbs of ``stella policy`` that ask the server: which packs there are."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.output import Column, Output, To, show_lines, show_list
from stella.cli.policy_simulate import simulate

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "digest": "digest",
    "files": lambda row: sorted(row["files"]),
}


def list_(*, output: Output = "table", to: To = None) -> None:
    """List the server's policy packs, by name."""
    # Late: judging a file offline, which stands beside these verbs, owes no time to HTTP.
    from stella.client import open_client

    with open_client() as client:
        show_list(list(client.items("/policies")), _COLUMNS, output=output, to=to, name="name")


def get(
    name: Annotated[str, typer.Argument(help="The pack's name.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show a policy pack of the server. As YAML it is what `stella apply` takes."""
    from stella.client import open_client

    with open_client() as client:
        found = client.get(f"/policies/{quote(name, safe='')}")
    row = _document(found) if output == "yaml" else found
    show_lines(row, _lines(found), output=output, to=to, name="name")


def attach(app: typer.Typer) -> None:
    """Put these verbs beside those that ``app`` has."""
    app.command("list")(list_)
    app.command()(get)
    app.command()(simulate)


def _document(pack: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "stella/v1",
        "kind": "Policy",
        "name": pack["name"],
        "spec": {"files": pack["files"]},
    }


def _lines(pack: Mapping[str, Any]) -> Iterator[str]:
    yield f"{pack['name']}  {pack['digest']}"
    for name, text in sorted(pack["files"].items()):
        yield ""
        yield f"# {name}"
        # Tabs are how Rego is indented, and what no terminal should be sent.
        yield from text.expandtabs(2).splitlines()
