"""``stella image``: what a reference names."""

import json
from pathlib import Path
from typing import Annotated

import typer

from stella.cli.output import Output, To
from stella.cli.scan_target import ImageTarget, RegistryAccess, open_target
from stella.cli.written import write
from stella.image import Image, resolve
from stella.kernel import Remedy
from stella.sbom import UnknownScanOption

app = typer.Typer(no_args_is_help=True, help="Look at images.")


@app.callback()
def image() -> None:
    """Look at images."""


@app.command("resolve")
def resolve_(
    reference: Annotated[
        str,
        typer.Argument(
            help="Registry reference, oci-layout:DIR[:TAG], tar:FILE[:TAG] or docker:IMAGE."
        ),
    ],
    *,
    platform: Annotated[str | None, typer.Option(help="os/architecture[/variant].")] = None,
    output: Annotated[str, typer.Option("-o", "--output", help="table|json|name")] = "table",
    to: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    plain_http: Annotated[bool, typer.Option(help="Talk HTTP, not HTTPS.")] = False,
    ca_file: Annotated[str | None, typer.Option(help="PEM of the registry's authority.")] = None,
    username: Annotated[str | None, typer.Option(envvar="STELLA_REGISTRY_USERNAME")] = None,
    password: Annotated[str | None, typer.Option(envvar="STELLA_REGISTRY_PASSWORD")] = None,
) -> None:
    """Say which digest a reference names now, and which platforms and layers it has."""
    access = RegistryAccess(plain_http, ca_file, username, password)
    target = open_target(reference, access)
    if not isinstance(target, ImageTarget):
        raise UnknownScanOption(
            f"{reference} is no image", remedy=Remedy("Give an image, a layout or a tar file.")
        )
    found = resolve(target.source, target.reference, platform)
    write(_text(found, output), to)


@app.command()
def scans(
    *,
    image: Annotated[
        str | None, typer.Option(help="Of this digest only: an index or one platform.")
    ] = None,
    output: Output = "table",
    to: To = None,
) -> None:
    """List the scans that the server made, the newest first."""
    # Late: resolving a reference owes no time to HTTP.
    from stella.cli.scan_server import show_scans

    show_scans(image, output=output, to=to)


@app.command()
def show(
    scan: Annotated[str, typer.Argument(help="Id of a scan, as stella image scans lists it.")],
    *,
    output: Output = "table",
    to: To = None,
) -> None:
    """Say what a scanned image is beside its packages: what it runs, as whom, which secrets it holds."""
    from stella.cli.scan_server import show_image  # late, as above

    show_image(scan, output=output, to=to)


@app.command()
def sbom(
    scan: Annotated[str, typer.Argument(help="Its id: `stella image scans`.")],
    *,
    output: Annotated[
        str,
        typer.Option("-o", "--output", help="cyclonedx-json|cyclonedx-xml|spdx-json|sarif|openvex"),
    ] = "cyclonedx-json",
    to: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Get the bill of materials of a scan that the server made, or its findings as SARIF or OpenVEX."""
    from stella.cli.scan_server import write_document_of

    write_document_of(scan, output=output, to=to)


def _text(image: Image, output: str) -> str:
    if output == "name":
        return f"{image.reference.at(image.digest)}\n"
    if output == "json":
        return json.dumps(_plain(image), indent=2) + "\n"
    if output != "table":
        raise UnknownScanOption(
            f"no output format {output!r} here", remedy=Remedy("Use table, json or name.")
        )
    lines = [f"{image.reference}", f"digest    {image.digest}"]
    for one in image.platforms:
        size = sum(layer.size for layer in one.layers)
        lines.append(f"{one.platform:<12}  {one.digest}  {len(one.layers)} layers, {size:,} bytes")
    return "\n".join(lines) + "\n"


def _plain(image: Image) -> dict[str, object]:
    return {
        "reference": str(image.reference),
        "digest": image.digest.text,
        "media_type": image.media_type,
        "platforms": [
            {
                "platform": one.platform,
                "digest": one.digest.text,
                "config": one.config.digest.text,
                "layers": [
                    {"digest": layer.digest.text, "size": layer.size, "diff_id": diff_id.text}
                    for layer, diff_id in zip(one.layers, one.diff_ids, strict=True)
                ],
            }
            for one in image.platforms
        ],
    }
