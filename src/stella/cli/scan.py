"""``stella scan``: what is in it, and what is known to be wrong with that. No server needed."""

from pathlib import Path
from typing import Annotated

import typer

from stella.cli.scanning import ScanOptions, run_scan
from stella.cli.vex_options import VexFiles, VexKeys


def scan(
    target: Annotated[
        str,
        typer.Argument(
            help="Registry reference, oci-layout:DIR, tar:FILE, docker:IMAGE, dir:DIR or sbom:FILE."
        ),
    ],
    *,
    output: Annotated[
        str,
        typer.Option(
            "-o",
            "--output",
            help="table|json|cyclonedx-json|cyclonedx-xml|spdx-json|sarif|openvex",
        ),
    ] = "table",
    to: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    advisories: Annotated[
        Path | None, typer.Option(help="Advisory snapshot to match against.")
    ] = None,
    end_of_life: Annotated[
        Path | None, typer.Option(help="Your own table of how long distributions last.")
    ] = None,
    vex: VexFiles = None,
    vex_key: VexKeys = None,
    vex_attached: Annotated[
        bool, typer.Option(help="Hear VEX beside the image too: what --vex-key signed decides.")
    ] = False,
    fail_on: Annotated[
        str,
        typer.Option(
            help="critical|high|medium|low|any|kev|unknown|root|setuid|secrets|end-of-life, comma between."
        ),
    ] = "",
    sign: Annotated[str | None, typer.Option(help="Key to sign the SBOM with.")] = None,
    attach: Annotated[bool, typer.Option(help="Attach the SBOM to the image.")] = False,
    log: Annotated[
        bool, typer.Option("--log", help="Have the server log what --sign signed, with its proof.")
    ] = False,
    upload: Annotated[
        bool, typer.Option("--upload", help="Let the server scan it, and wait for that.")
    ] = False,
    platform: Annotated[str | None, typer.Option(help="os/architecture[/variant].")] = None,
    cache: Annotated[bool, typer.Option(help="Remember layers seen before.")] = True,
    plain_http: Annotated[bool, typer.Option(help="Talk HTTP, not HTTPS.")] = False,
    ca_file: Annotated[str | None, typer.Option(help="PEM of the registry's authority.")] = None,
    username: Annotated[str | None, typer.Option(envvar="STELLA_REGISTRY_USERNAME")] = None,
    password: Annotated[str | None, typer.Option(envvar="STELLA_REGISTRY_PASSWORD")] = None,
) -> None:
    """List what an image holds and which known vulnerabilities that brings."""
    ended = run_scan(
        ScanOptions(
            target=target,
            output=output,
            to=to,
            advisories=advisories,
            end_of_life=end_of_life,
            vex=vex,
            vex_key=vex_key,
            vex_attached=vex_attached,
            fail_on=fail_on,
            sign=sign,
            attach=attach,
            log=log,
            upload=upload,
            platform=platform,
            cache=cache,
            plain_http=plain_http,
            ca_file=ca_file,
            username=username,
            password=password,
        )
    )
    if ended:
        raise typer.Exit(ended)
