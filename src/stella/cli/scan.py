"""``stella scan``: what is in it, and what is known to be wrong with that. No server needed."""

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from stella.cli.sbom import read_sbom
from stella.cli.scan_report import (
    NO_ADVISORIES,
    Scanned,
    checked_rules,
    failures,
    scanned_json,
    table_lines,
)
from stella.cli.scan_target import (
    DirectoryTarget,
    ImageTarget,
    RegistryAccess,
    Target,
    open_cache,
    open_target,
    tool_version,
)
from stella.cli.written import write
from stella.finding.model import Findings
from stella.image import NothingToAttachTo
from stella.kernel import Digest, Remedy, Unknown
from stella.sbom import (
    Inventory,
    UnknownScanOption,
    attach_sbom,
    scan_directory,
    scan_image,
    sign_sbom,
    to_cyclonedx,
)

_FORMATS = ("table", "json", "cyclonedx-json")


def scan(
    target: Annotated[
        str,
        typer.Argument(help="Registry reference, oci-layout:DIR, tar:FILE, dir:DIR or sbom:FILE."),
    ],
    *,
    output: Annotated[
        str, typer.Option("-o", "--output", help="table|json|cyclonedx-json")
    ] = "table",
    to: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
    advisories: Annotated[
        Path | None, typer.Option(help="Advisory snapshot to match against.")
    ] = None,
    fail_on: Annotated[
        str, typer.Option(help="critical|high|medium|low|any|kev|unknown, comma between them.")
    ] = "",
    sign: Annotated[str | None, typer.Option(help="Key to sign the SBOM with.")] = None,
    attach: Annotated[bool, typer.Option(help="Attach the SBOM to the image.")] = False,
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
    rules = checked_rules(fail_on)
    if output not in _FORMATS:
        raise UnknownScanOption(
            f"no output format {output!r} here", remedy=Remedy(f"Use {', '.join(_FORMATS)}.")
        )
    opened = open_target(target, RegistryAccess(plain_http, ca_file, username, password))
    if upload:
        here = {"--sign": sign, "--attach": attach, "--advisories": advisories}
        _refuse_beside_upload({**here, "--platform": platform}, rules, output)
        _scan_on_server(opened, target, rules, output, to)
        return
    if attach and not (isinstance(opened, ImageTarget) and opened.registry):
        raise NothingToAttachTo(
            f"{target} is not in a registry, so nothing can be attached to it",
            remedy=Remedy("Push the image and scan it by its registry reference."),
        )
    results = [
        Scanned(one.inventory, one.sbom, _matched(one.inventory, advisories), one.image)
        for one in _scanned(opened, platform, use_cache=cache)
    ]
    write(_text(results, output), to)
    for one in results:
        bundle = _signed(one, sign) if sign else None
        if bundle and to:
            _beside(to, one, len(results)).write_bytes(bundle)
        if attach and isinstance(opened, ImageTarget):
            _attached(opened, one, bundle)
    failed = [reason for one in results for reason in failures(one, rules)]
    for reason in failed:
        typer.echo(f"failed: {reason}", err=True)
    if failed:
        raise typer.Exit(1)


def _refuse_beside_upload(
    options: Mapping[str, object], rules: frozenset[str], output: str
) -> None:
    """The server scans with its own keys and advisories. Raises UnknownScanOption."""
    wanted = [name for name, value in options.items() if value]
    if "unknown" in rules:
        wanted.append("--fail-on unknown")
    if output not in {"table", "json"}:
        wanted.append(f"--output {output}")
    if wanted:
        raise UnknownScanOption(
            f"{', '.join(wanted)} cannot be said to the server",
            remedy=Remedy("Leave it out, or scan without --upload."),
        )


def _scan_on_server(
    opened: Target, target: str, rules: frozenset[str], output: str, to: Path | None
) -> None:
    if not (isinstance(opened, ImageTarget) and opened.registry):
        raise UnknownScanOption(
            f"{target} is not in a registry, so the server cannot scan it",
            remedy=Remedy("Push the image and scan it by its registry reference."),
        )
    # Late: a scan without a server owes no time to HTTP.
    server = importlib.import_module("stella.cli.scan_server")
    server.scan_on_server(str(opened.reference), rules, output=output, to=to)


def _scanned(target: Target, platform: str | None, *, use_cache: bool) -> list[Scanned]:
    version = tool_version()
    if isinstance(target, ImageTarget):
        found = scan_image(
            target.source,
            target.reference,
            open_cache(is_wanted=use_cache),
            platform,
            tool_version=version,
        )
        return [Scanned(one.inventory, one.sbom_bytes, NO_ADVISORIES, one.image) for one in found]
    is_directory = isinstance(target, DirectoryTarget)
    inventory = scan_directory(target.path) if is_directory else read_sbom(target.path)
    return [Scanned(inventory, to_cyclonedx(inventory, version), NO_ADVISORIES)]


def _matched(inventory: Inventory, advisories: Path | None) -> Findings | Unknown:
    if advisories is None:
        return NO_ADVISORIES
    # Late: the matcher and its database cost start-up time that a bare scan does not owe.
    snapshot = importlib.import_module("stella.advisory").open_snapshot(advisories)
    found: Findings = importlib.import_module("stella.finding").match_inventory(inventory, snapshot)
    return found


def _text(results: list[Scanned], output: str) -> str | bytes:
    if output == "json":
        return json.dumps([scanned_json(one) for one in results], indent=2) + "\n"
    if output == "table":
        return "\n".join(line for one in results for line in table_lines(one)) + "\n"
    if len(results) != 1:
        platforms = ", ".join(one.inventory.platform for one in results)
        raise UnknownScanOption(
            f"one document holds one platform, the image has {platforms}",
            remedy=Remedy("Choose one with --platform."),
        )
    return results[0].sbom


def _signed(one: Scanned, key: str) -> bytes:
    from stella.trust import load_signer

    inventory = one.inventory
    signer = load_signer(Path(key))
    return sign_sbom(signer, name=inventory.name, subject=inventory.subject, sbom=one.sbom)


def _attached(target: ImageTarget, one: Scanned, bundle: bytes | None) -> Digest:
    """The SBOM as a signed bundle where there is a key, as the bare document otherwise."""
    assert target.registry is not None
    assert one.image is not None
    platform = next(it for it in one.image.platforms if it.digest == one.inventory.subject)
    content = bundle or one.sbom
    digest = attach_sbom(
        target.registry, target.reference, platform, content, is_bundle=bundle is not None
    )
    typer.echo(f"attached {digest} to {target.reference.at(platform.digest)}", err=True)
    return digest


def _beside(to: Path, one: Scanned, count: int) -> Path:
    """``sbom.json.sigstore.json``; with several platforms each has its own."""
    platform = f".{one.inventory.platform.replace('/', '-')}" if count > 1 else ""
    return to.with_name(f"{to.name}{platform}.sigstore.json")
