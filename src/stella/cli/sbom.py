"""``stella sbom``: bills of materials as files."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from stella.cli.scan_report import component_lines, inventory_json
from stella.cli.written import checked_output, write
from stella.kernel import Remedy
from stella.sbom import (
    Inventory,
    UnknownScanOption,
    UnreadableDirectory,
    diff_inventories,
)
from stella.sbom.format import (
    Format,
    check_document,
    cyclonedx_tree,
    read_document,
    read_inventory,
    write_document,
)

app = typer.Typer(no_args_is_help=True, help="Read, check, compare and convert SBOMs.")

WRITTEN = ("cyclonedx-json", "cyclonedx-xml", "spdx-json")
File = Annotated[Path, typer.Argument(help="CycloneDX, JSON or XML, or SPDX.")]
Output = Annotated[str, typer.Option("-o", "--output", help="table|json")]
To = Annotated[Path | None, typer.Option(help="Write to this file.")]


@app.command()
def show(file: File, output: Output = "table", to: To = None) -> None:
    """List what the document says is installed."""
    inventory = read_sbom(file)
    if _is_json(output):
        write(json.dumps(inventory_json(inventory), indent=2) + "\n", to)
    else:
        write("\n".join(component_lines(inventory)) + "\n", to)


@app.command()
def validate(file: File, output: Output = "table", to: To = None) -> None:
    """Check the document against its format; exit code 1 with the place where it breaks it."""
    is_json = _is_json(output)
    document = read_document(_content(file))
    remarks = check_document(document)
    if is_json:
        found = {
            "valid": True,
            "format": document.format.value,
            "version": document.version,
            "remarks": remarks,
        }
        write(json.dumps(found) + "\n", to)
        return
    lines = [f"valid {document.format.words} {document.version}"]
    lines += [f"remark: {remark}" for remark in remarks]
    write("".join(f"{line}\n" for line in lines), to)


@app.command()
def diff(before: File, after: File, output: Output = "table", to: To = None) -> None:
    """Say which packages came, went or changed their version."""
    changes = diff_inventories(read_sbom(before), read_sbom(after))
    if _is_json(output):
        listed = [{"kind": change.kind, **asdict(change)} for change in changes]
        write(json.dumps(listed, indent=2) + "\n", to)
        return
    lines = [
        f"{change.kind:<8} {change.type:<5} {change.name}  "
        f"{', '.join(change.before) or '-'} -> {', '.join(change.after) or '-'}"
        for change in changes
    ]
    write("\n".join(lines or ["no difference"]) + "\n", to)


@app.command()
def convert(
    file: File,
    output: Annotated[
        str, typer.Option("-o", "--output", help="|".join(WRITTEN))
    ] = "cyclonedx-json",
    to: To = None,
) -> None:
    """Write the document in another format; what that cannot say goes along in a property."""
    format_ = Format(checked_output(output, WRITTEN))
    document = read_document(_content(file))
    check_document(document)
    written = write_document(cyclonedx_tree(document), format_)
    if written.lost:
        message = f"{written.lost} things that {file} carried found no place: somebody changed it"
        typer.echo(message, err=True)
    if written.fault:
        typer.echo(f"{format_.words} demands more than {file} says: {written.fault}", err=True)
    write(written.content, to)


@app.command()
def where(
    name: Annotated[str, typer.Argument(help="The component, as its ecosystem writes it.")],
    *,
    version: Annotated[str, typer.Option(help="This version alone.")] = "",
    output: Annotated[str, typer.Option("-o", "--output", help="table|json|yaml|name")] = "table",
    to: To = None,
) -> None:
    """Say which of the images that the server has scanned hold a component."""
    from stella.cli.finding_where import component_where  # late: the others need no server

    component_where(name, version=version, output=output, to=to)


def read_sbom(file: Path) -> Inventory:
    """The inventory in ``file``. Raises UnreadableDirectory, MalformedSbom, UnsupportedSbom."""
    return read_inventory(_content(file))


def cyclonedx_of(file: Path) -> bytes:
    """What is in ``file`` as CycloneDX JSON: itself where it is that. Raises as ``read_sbom``."""
    content = _content(file)
    document = read_document(content)
    if document.format is Format.CYCLONEDX_JSON:
        return content
    check_document(document)
    return write_document(cyclonedx_tree(document), Format.CYCLONEDX_JSON).content


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise UnreadableDirectory(
            f"{file} cannot be read: {error.strerror}",
            remedy=Remedy("Check the path."),
            path=str(file),
        ) from None


def _is_json(output: str) -> bool:
    if output not in {"table", "json"}:
        raise UnknownScanOption(
            f"no output format {output!r} here", remedy=Remedy("Use table or json.")
        )
    return output == "json"
