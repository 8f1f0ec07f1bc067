"""``stella plugin``: what plugs in, what it brings, and what is wrong with one."""

import base64
import json
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.errors import UnreadableFile, UnwritableOutput
from stella.cli.output import Column, Output, To, say, show_list, show_one, write_document
from stella.cli.written import write
from stella.client import open_client
from stella.kernel import Remedy

app = typer.Typer(no_args_is_help=True, help="What plugs in, and what it brings.")

Name = Annotated[str, typer.Argument(help="Its name.")]

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "version": "version",
    "publisher": "publisher",
    "state": "state",
    "runs": "runs",
    "versions": "versions",
    "brings": lambda row: [f"{one['kind']} {one['name']}" for one in row["contributes"]],
    "asks for": lambda row: [_need(one) for one in row["needs"]],
    "granted": lambda row: [_need(one) for one in row["granted"] or []],
    "why": "reasons",
}

_DOCUMENT_COLUMNS: dict[str, Column] = {
    "pack": "pack",
    "document": "name",
    "characters": lambda row: len(row["text"]),
}


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List the server's plugins; those that it refuses, with every reason."""
    with open_client() as client:
        found = list(client.items("/plugins"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def show(
    name: Name,
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Show one plugin, the documents of its policy packs too; -o json with its schemas."""
    with open_client() as client:
        found = client.get(_path(name))
        brings_packs = any(one["kind"] == "policy_pack" for one in found["contributes"])
        columns = dict(_COLUMNS)
        if output == "table" and found["state"] == "loaded" and brings_packs:
            listed = [one["name"] for one in client.items(f"{_path(name)}/documents")]
            columns["documents"] = lambda _: listed
    show_one(found, columns, output=output, to=to, name="name")


@app.command()
def documents(
    name: Name,
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """List what its policy packs hold; -o yaml prints it as `stella apply -f -` takes it."""
    with open_client() as client:
        found = list(client.items(f"{_path(name)}/documents"))
    if output == "yaml":
        write("".join(f"---\n{one['text'].removeprefix('---').strip()}\n" for one in found), to)
        return
    show_list(found, _DOCUMENT_COLUMNS, output=output, to=to, name="name")


@app.command()
def install(
    wheel: Annotated[Path, typer.Argument(help="The plugin's wheel.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Install a version from its wheel. Nothing of it runs by that; see grant and enable."""
    try:
        content = wheel.read_bytes()
    except OSError as error:
        raise UnreadableFile(
            f"{wheel} cannot be read: {error.strerror}", remedy=Remedy("Give a wheel's path.")
        ) from error
    body = {"wheel": base64.b64encode(content).decode()}
    with open_client() as client:
        show_one(client.post("/plugins", body), _COLUMNS, output=output, to=to, name="name")


@app.command()
def grant(
    name: Name,
    *,
    everything: Annotated[
        bool, typer.Option("--everything", help="All that its newest version asks for.")
    ] = False,
    capability: Annotated[
        list[str] | None,
        typer.Option(
            "--allow", help="network, network=HOST, read_secret, files, run_command; repeat."
        ),
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say what it may do, all of it: what is not named is not granted."""
    body = {"granted": None if everything else _granted(capability or [])}
    with open_client() as client:
        shown = client.post(f"{_path(name)}/grant", body)
    show_one(shown, _COLUMNS, output=output, to=to, name="name")


@app.command()
def enable(
    name: Name,
    *,
    version: Annotated[
        str | None, typer.Option(help="By default the newest; an older one leads back.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """Use it from now on, while the server runs."""
    with open_client() as client:
        shown = client.post(f"{_path(name)}/enable", {"version": version})
    show_one(shown, _COLUMNS, output=output, to=to, name="name")


@app.command()
def disable(name: Name, *, output: Output = "table", to: To = None) -> None:
    """Use it no more; refused while something that it brings is used."""
    with open_client() as client:
        shown = client.post(f"{_path(name)}/disable")
    show_one(shown, _COLUMNS, output=output, to=to, name="name")


@app.command()
def remove(
    name: Name, version: Annotated[str, typer.Argument(help="Which, of those installed.")]
) -> None:
    """Remove a version that is not used."""
    with open_client() as client:
        client.delete(f"{_path(name)}/versions/{quote(version, safe='')}")
    say(f"{name} {version} is removed")


@app.command()
def new(
    kind: Annotated[
        str, typer.Argument(help="A kind of thing that plugins bring: check, step, ...")
    ],
    name: Name,
    *,
    to: Annotated[
        Path | None, typer.Option(help="The folder to make; by default stella-plugin-NAME.")
    ] = None,
) -> None:
    """Begin a plugin: a distribution that works, with its tests. No server."""
    from stella.sdk.new import KINDS, write_plugin

    chosen = next((one for one in KINDS if one.value == kind), None)
    if chosen is None:
        raise typer.BadParameter(f"one of {', '.join(KINDS)}", param_hint="KIND")
    folder = to or Path(f"stella-plugin-{name}")
    try:
        written = write_plugin(chosen, name, folder)
    except OSError as error:
        raise UnwritableOutput(
            f"{folder} cannot be made: {error.strerror or error}",
            remedy=Remedy("Name a folder that is not there yet, with --to."),
        ) from error
    say(f"{folder} holds {len(written)} files; its README.md says what to replace")


@app.command()
def check(
    plugin: Annotated[
        str, typer.Argument(help="An installed plugin's name, or the folder of one.")
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


def _path(name: str) -> str:
    return f"/plugins/{quote(name, safe='')}"


def _granted(words: list[str]) -> list[dict[str, Any]]:
    """``network=a.example`` twice is one capability with two hosts."""
    granted: dict[str, list[str]] = {}
    for word in words:
        name, _, host = word.partition("=")
        granted.setdefault(name, []).extend([host] if host else [])
    return [{"capability": name, "hosts": hosts} for name, hosts in granted.items()]


def _folder_faults(folder: Path) -> list[str]:
    from stella.plugin.load import GRANTED
    from stella.plugin.manifest import MANIFEST_FILE, read_manifest, reasons_against
    from stella.plugin.refusals import MalformedManifest

    found = [folder / MANIFEST_FILE, *sorted(folder.glob(f"src/*/{MANIFEST_FILE}"))]
    file = next((one for one in found if one.is_file()), None)
    if file is None:
        raise UnreadableFile(
            f"there is no {MANIFEST_FILE} in {folder}",
            remedy=Remedy("Give the folder of the distribution, or of the package within."),
        )
    try:
        return list(reasons_against(read_manifest(file), GRANTED))
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
