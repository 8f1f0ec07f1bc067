"""``stella workflow``: what is done in which order, as data."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import quote

import typer

from stella.cli.documents import read_documents
from stella.cli.inputs import read_input
from stella.cli.output import Column, Output, To, show_lines, show_list, write_document
from stella.cli.run import TimeoutS, Wait, report_run
from stella.client import open_client
from stella.kernel import Remedy, StellaError

app = typer.Typer(no_args_is_help=True, help="What is done in which order, as data.")

Name = Annotated[str, typer.Argument(help="The workflow's name.")]
Version = Annotated[int | None, typer.Option(help="Another version than new runs follow.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", "-i", help="NAME=VALUE; VALUE is JSON, or a text. Repeat."),
]

_COLUMNS: dict[str, Column] = {
    "name": "name",
    "version": "version",
    "steps": lambda row: len(row["spec"]["steps"]),
    "last run": lambda row: row["lastRun"] and f"{row['lastRun']['id']} {row['lastRun']['state']}",
    "can run": lambda row: not row["faults"],
    "owner": "owner",
    "description": lambda row: row["description"] or None,
}
_TYPES: dict[str, Column] = {
    "name": "name",
    "way": "way",
    "undo": "canUndo",
    "comes with": lambda row: row["comesWith"] or "the server",
    "inputs": lambda row: [*row["inputSchema"].get("properties", {})],
    "outputs": lambda row: [*row["outputSchema"].get("properties", {})],
}


class NoWorkflowThere(StellaError):
    """The file has no document of the kind Workflow."""

    code = "ST-CLI-110"


@app.command("list")
def list_(*, output: Output = "table", to: To = None) -> None:
    """List workflows, by name."""
    with open_client() as client:
        found = list(client.items("/workflows"))
    show_list(found, _COLUMNS, output=output, to=to, name="name")


@app.command()
def get(name: Name, *, version: Version = None, output: Output = "yaml", to: To = None) -> None:
    """Show a workflow as the document that ``stella apply`` takes."""
    with open_client() as client:
        found = client.get(_path(name), version=version)
    document = {
        "apiVersion": "stella/v1",
        "kind": "Workflow",
        "name": found["name"],
        "spec": found["spec"],
    }
    if output == "table":
        show_lines(found, _lines(found), output=output, to=to, name="name")
    else:
        write_document(document, output=output, to=to)


@app.command()
def delete(name: Name) -> None:
    """End a workflow that nothing starts and of which no run goes on; its runs stay."""
    with open_client() as client:
        client.delete(_path(name))
    typer.echo(f"ended {name}", err=True)


@app.command()
def types(*, output: Output = "table", to: To = None) -> None:
    """List the types of steps that there are: the server's own, and those of plugins."""
    with open_client() as client:
        found = list(client.items("/step-types"))
    show_list(found, _TYPES, output=output, to=to, name="name")


@app.command()
def schema(*, to: To = None) -> None:
    """Write the JSON Schema of a workflow's spec, for editors. No server needed."""
    from stella.workflow.definition.schema import workflow_schema

    write_document(workflow_schema(), output="json", to=to)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="YAML documents; - reads them.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say everything that is wrong with the workflows of a file; exit code 1 where something is."""
    documents = [one for one in read_documents([file]) if one.get("kind") == "Workflow"]
    if not documents:
        raise NoWorkflowThere(
            f"there is no workflow in {file}",
            remedy=Remedy("A document says kind: Workflow."),
            file=str(file),
        )
    with open_client() as client:
        found = [
            {
                "workflow": one["name"],
                **client.post("/workflows/check", {"spec": one.get("spec", {})}),
            }
            for one in documents
        ]
    rows = [{"workflow": one["workflow"], **fault} for one in found for fault in one["faults"]]
    if output == "table":
        columns: dict[str, Column] = {"workflow": "workflow", "place": "place", "what": "words"}
        show_list(rows, columns, output=output, to=to, name="place")
    else:
        write_document(found, output=output, to=to)
    if rows:
        raise typer.Exit(1)


@app.command("test")
def try_out(
    files: Annotated[list[Path], typer.Argument(help="YAML documents, of workflows and tests.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Run workflows against fakes with a virtual clock; exit code 1 where one goes otherwise."""
    from stella.cli.workflow_tests import run_tests

    documents = read_documents(files)
    with open_client() as client:
        done = run_tests(client, documents)
    columns: dict[str, Column] = {
        "test": "test",
        "workflow": "workflow",
        "result": lambda row: "; ".join(row["faults"]) or "as expected",
        "state": "state",
        "took": lambda row: f"{row['tookS']} s",
    }
    show_list(done, columns, output=output, to=to, name="test")
    if any(one["faults"] for one in done):
        raise typer.Exit(1)


@app.command()
def start(
    name: Name,
    *,
    inputs: Inputs = None,
    version: Version = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what it would do, with which inputs.")
    ] = False,
    wait: Wait = False,
    timeout_s: TimeoutS = 3600,
    output: Output = "table",
    to: To = None,
) -> None:
    """Run a workflow. With --wait until it has ended; exit code 7 where it did not go well."""
    body = {"inputs": dict(map(read_input, inputs or [])), "version": version}
    with open_client() as client:
        if dry_run:
            plan = client.post(f"{_path(name)}/plan", body)
            show_lines(plan, _plan_lines(plan), output=output, to=to, name="workflow")
            return
        made = client.post(f"{_path(name)}/runs", body)
        report_run(client, made, wait=wait, timeout_s=timeout_s, output=output, to=to)


def _lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield f"{found['name']}, version {found['version']} ({found['digest']})"
    for section in ("steps", "finally"):
        for name, step in found["spec"].get(section, {}).items():
            needs = f" after {', '.join(step['needs'])}" if step.get("needs") else ""
            last = " at the end" if section == "finally" else ""
            yield f"  {name}: {step['uses']}{needs}{last}"
    yield from (f"cannot run: {one['place']}: {one['words']}" for one in found["faults"])


def _plan_lines(plan: Mapping[str, Any]) -> Iterator[str]:
    yield f"{plan['workflow']}, version {plan['version']}"
    yield from (f"  {name} = {value!r}" for name, value in plan["inputs"].items())
    yield from (f"  {number}. {name}" for number, name in enumerate(plan["steps"], 1))
    yield from (f"  at the end: {name}" for name in plan["finally"])


def _path(name: str) -> str:
    return f"/workflows/{quote(name, safe='')}"
