"""``stella plugin``: what plugs in, what it brings, and what is wrong with one."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from stella.cli.errors import UnreadableFile
from stella.cli.output import Column, Output, To, show_list, show_one, write_document
from stella.client import open_client
from stella.kernel import Remedy

app = typer.Typer(no_args_is_help=True, help="What plugs in, and what it brings.")

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "version": "version",
    "publisher": "publisher",
    "state": "state",
    "brings": lambda row: [f"{one['kind']} {one['name']}" for one in row["contributes"]],
    "asks for": lambda row: [_need(one) for one in row["needs"]],
    "why": "reasons",
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List the server's plugins; those that it refuses, with every reason."""
    with open_client() as client:
        found = list(client.items("/plugins"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Its name.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show one plugin; -o json with the schemas of what it brings."""
    with open_client() as client:
        found = [one for one in client.items("/plugins") if one["name"] == name]
    if not found:
        from stella.plugin.refusals import UnknownConnector

        raise UnknownConnector(
            f"the server has no plugin {name[:80]!r}",
            remedy=Remedy("See which there are.", "stella plugin list"),
            plugin=name[:80],
        )
    show_one(found[0], _COLUMNS, output=output, to=to, name="name")


@app.command()
def check(
    plugin: Annotated[
        str, typer.Argument(help="An installed plugin's name, or a folder with stella-plugin.json.")
    ],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say everything that is wrong with a plugin; exit code 1 where there is anything. No server."""
    faults = _folder_faults(Path(plugin)) if Path(plugin).is_dir() else _installed_faults(plugin)
    if output == "table":
        show_list(
            [{"fault": one} for one in faults],
            {"fault": "fault"},
            output=output,
            to=to,
            name="fault",
        )
    else:
        write_document({"plugin": plugin, "faults": faults}, output=output, to=to)
    if faults:
        raise typer.Exit(1)


def _folder_faults(folder: Path) -> list[str]:
    from stella.plugin.load import GRANTED
    from stella.plugin.manifest import MANIFEST_FILE, read_manifest, reasons_against
    from stella.plugin.refusals import MalformedManifest

    if not (folder / MANIFEST_FILE).is_file():
        raise UnreadableFile(
            f"there is no {MANIFEST_FILE} in {folder}",
            remedy=Remedy("Give the folder of the package that the entry point names."),
        )
    try:
        return list(reasons_against(read_manifest(folder / MANIFEST_FILE), GRANTED))
    except MalformedManifest as refusal:
        return _faults_of(refusal.facts)


def _installed_faults(name: str) -> list[str]:
    """Its code is loaded for this, as at its first use."""
    from stella.plugin import load_plugins
    from stella.plugin.refusals import PluginBroken, UnknownConnector

    plugins = load_plugins()
    for refused in plugins.refused:
        if refused.name == name:
            return list(refused.reasons)
    if name not in plugins.loaded:
        raise UnknownConnector(
            f"no plugin {name[:80]!r} is installed here",
            remedy=Remedy(f"Installed are: {', '.join(plugins.loaded) or 'none'}."),
            plugin=name[:80],
        )
    try:
        plugins.load(name)
    except PluginBroken as refusal:
        return _faults_of(refusal.facts)
    return []


def _faults_of(facts: dict[str, Any]) -> list[str]:
    return [str(one) for one in facts.get("faults") or facts.get("reasons") or [json.dumps(facts)]]


def _need(need: Any) -> str:
    hosts = f" ({', '.join(need['hosts'])})" if need["hosts"] else ""
    return f"{need['capability']}{hosts}"
