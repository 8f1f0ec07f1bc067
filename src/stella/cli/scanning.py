"""What ``stella scan`` does, without the words it is asked with: no typer is loaded for it."""

import importlib
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from stella.cli.image_rules import IMAGE_RULES
from stella.cli.scan_report import (
    NO_ADVISORIES,
    NO_ADVISORIES_REMEDY,
    Lasting,
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
from stella.image.errors import NothingToAttachTo
from stella.kernel import Digest, Remedy, Unknown
from stella.sbom import UnknownScanOption, scan_image

if TYPE_CHECKING:
    from stella.finding import Findings
    from stella.reach import Evidence
    from stella.sbom import Inventory

_DOCUMENTS = ("cyclonedx-json", "cyclonedx-xml", "spdx-json")
_FORMATS = ("table", "json", *_DOCUMENTS, "sarif", "openvex")


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """One command line, as ``stella scan --help`` explains it."""

    target: str
    output: str = "table"
    to: Path | None = None
    advisories: Path | None = None
    end_of_life: Path | None = None
    vex: list[Path] | None = None
    vex_key: list[Path] | None = None
    vex_attached: bool = False
    fail_on: str = ""
    sign: str | None = None
    attach: bool = False
    log: bool = False
    upload: bool = False
    platform: str | None = None
    cache: bool = True
    plain_http: bool = False
    ca_file: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)


def run_scan(options: ScanOptions) -> int:
    """Scan, write, sign and attach as asked; the exit code."""
    rules = checked_rules(options.fail_on)
    output, to = options.output, options.to
    if output not in _FORMATS:
        raise UnknownScanOption(
            f"no output format {output!r} here", remedy=Remedy(f"Use {', '.join(_FORMATS)}.")
        )
    if output == "sarif" and options.advisories is None and not options.upload:
        raise UnknownScanOption(
            "SARIF is a list of findings, and without advisories nothing can be found",
            remedy=Remedy(NO_ADVISORIES_REMEDY),
        )
    access = RegistryAccess(options.plain_http, options.ca_file, options.username, options.password)
    opened = open_target(options.target, access)
    if options.upload:
        _refuse_beside_upload(options, rules)
        _scan_on_server(opened, options, rules)
        return 0
    _refuse_to_attach(options, opened)
    _refuse_without_advisories(options)
    results = [
        replace(
            one,
            findings=_matched(one, options.advisories),
            lasting=_lasting(one.inventory, options)
            if output != "cyclonedx-json" or rules
            else None,
        )
        for one in _scanned(opened, options.platform, use_cache=options.cache)
    ]
    if options.vex or options.vex_attached:
        results = _with_vex(results, options, opened)
    write(_text(results, output), to)
    for one in results:
        bundle = _signed(one, options) if options.sign else None
        if bundle and to:
            _beside(to, one, len(results)).write_bytes(bundle)
        if options.attach and isinstance(opened, ImageTarget):
            _attached(opened, one, bundle)
    failed = [reason for one in results for reason in failures(one, rules)]
    for reason in failed:
        _say(f"failed: {reason}")
    return 1 if failed else 0


def _refuse_to_attach(options: ScanOptions, opened: object) -> None:
    """Raises UnknownScanOption, NothingToAttachTo."""
    if options.log and not options.sign:
        raise UnknownScanOption(
            "what nobody signed is not logged", remedy=Remedy("Name a key with --sign.")
        )
    if options.attach and not (isinstance(opened, ImageTarget) and opened.registry):
        raise NothingToAttachTo(
            f"{options.target} is not in a registry, so nothing can be attached to it",
            remedy=Remedy("Push the image and scan it by its registry reference."),
        )


def _refuse_beside_upload(options: ScanOptions, rules: frozenset[str]) -> None:
    """The server scans with its own keys and advisories. Raises UnknownScanOption."""
    here: Mapping[str, object] = {
        "--sign": options.sign,
        "--attach": options.attach,
        "--log": options.log,
        "--advisories": options.advisories,
        "--platform": options.platform,
        "--end-of-life": options.end_of_life,
        "--vex": options.vex,
        "--vex-attached": options.vex_attached,
    }
    wanted = [name for name, value in here.items() if value]
    wanted += [f"--fail-on {rule}" for rule in ("unknown", *IMAGE_RULES) if rule in rules]
    if options.output not in {"table", "json"}:
        wanted.append(f"--output {options.output}")
    if wanted:
        raise UnknownScanOption(
            f"{', '.join(wanted)} cannot be said to the server",
            remedy=Remedy("Leave it out, or scan without --upload."),
        )


def _refuse_without_advisories(options: ScanOptions) -> None:
    """VEX speaks of findings; without advisories there are none. Raises UnknownScanOption."""
    is_vex = options.vex or options.vex_attached
    if options.advisories is None and (is_vex or options.output == "openvex"):
        wanted = "VEX" if is_vex else "-o openvex"
        raise UnknownScanOption(
            f"{wanted} is about findings, and without advisories there are none",
            remedy=Remedy("Give a snapshot with --advisories."),
        )


def _with_vex(results: list[Scanned], options: ScanOptions, opened: Target) -> list[Scanned]:
    # Late: who gives no VEX owes it no time.
    files = importlib.import_module("stella.cli.vex_files")
    beside: tuple[bytes, ...] = ()
    if options.vex_attached:
        if not (isinstance(opened, ImageTarget) and opened.registry):
            raise NothingToAttachTo(
                f"{options.target} is not in a registry, so nothing lies beside it",
                remedy=Remedy("Leave --vex-attached out, or name the image in its registry."),
            )
        images = [one.image for one in results if one.image]
        beside, gaps = files.beside(opened.registry, opened.reference.repository, images)
        for gap in gaps:
            _say(f"not heard: {gap.place}: {gap.reason}")
    voices = files.read_voices(options.vex or (), options.vex_key or (), beside)
    return [
        one
        if isinstance(one.findings, Unknown)
        else replace(
            one, findings=files.with_vex(one.findings, voices, one.inventory, one.sbom, one.image)
        )
        for one in results
    ]


def _scan_on_server(opened: Target, options: ScanOptions, rules: frozenset[str]) -> None:
    if not (isinstance(opened, ImageTarget) and opened.registry):
        raise UnknownScanOption(
            f"{options.target} is not in a registry, so the server cannot scan it",
            remedy=Remedy("Push the image and scan it by its registry reference."),
        )
    # Late: a scan without a server owes no time to HTTP.
    server = importlib.import_module("stella.cli.scan_server")
    server.scan_on_server(str(opened.reference), rules, output=options.output, to=options.to)


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
        return [
            Scanned(
                one.inventory, one.sbom_bytes, NO_ADVISORIES, image=one.image, linked=one.linked
            )
            for one in found
        ]
    from stella.sbom import scan_directory, to_cyclonedx

    if isinstance(target, DirectoryTarget):
        inventory = scan_directory(target.path)
    else:
        inventory = importlib.import_module("stella.cli.sbom").read_sbom(target.path)
    return [Scanned(inventory, to_cyclonedx(inventory, version), NO_ADVISORIES)]


def known_of(target: Target, platform: str | None) -> "list[tuple[Inventory, Evidence | None]]":
    """What is in each platform of the target, and is linked. Raises what a scan of it does."""
    scanned = _scanned(target, platform, use_cache=True)
    return [(one.inventory, _evidence(one)) for one in scanned]


def _evidence(scanned: Scanned) -> "Evidence | None":
    """What is linked, as a server would keep it."""
    if scanned.linked is None:
        return None
    reach = importlib.import_module("stella.reach")
    document = reach.evidence_document(scanned.inventory.subject, scanned.linked)
    found: Evidence | None = reach.parse_evidence(document) if document else None
    return found


def _matched(scanned: Scanned, advisories: Path | None) -> "Findings | Unknown":
    if advisories is None:
        return NO_ADVISORIES
    # Late: the matcher and its database cost start-up time that a bare scan does not owe.
    snapshot = importlib.import_module("stella.advisory").open_snapshot(advisories)
    matcher = importlib.import_module("stella.finding")
    found: Findings = matcher.match_inventory(scanned.inventory, snapshot, _evidence(scanned))
    return found


def _lasting(inventory: "Inventory", options: ScanOptions) -> Lasting:
    from stella.sbom.lifetime import is_over, read_lifetimes

    named = inventory.traits.distro if inventory.traits else inventory.distro
    lifetime = read_lifetimes(options.end_of_life).of(named)
    return Lasting(lifetime, is_over(lifetime, datetime.now(tz=UTC).isoformat()))


def _text(results: list[Scanned], output: str) -> str | bytes:
    if output == "json":
        return json.dumps([scanned_json(one) for one in results], indent=2) + "\n"
    if output == "table":
        return "\n".join(line for one in results for line in table_lines(one)) + "\n"
    if output == "openvex":
        found: bytes = importlib.import_module("stella.cli.vex_out").openvex_text(results)
        return found
    if output == "sarif":
        return _sarif(results)
    if len(results) != 1:
        platforms = ", ".join(one.inventory.platform for one in results)
        raise UnknownScanOption(
            f"one document holds one platform, the image has {platforms}",
            remedy=Remedy("Choose one with --platform."),
        )
    sbom = results[0].sbom
    return sbom if output == "cyclonedx-json" else _converted(sbom, output)


def _sarif(results: list[Scanned]) -> bytes:
    from stella.finding.sarif import SarifRun, sarif_document

    runs = []
    for one in results:
        assert not isinstance(one.findings, Unknown)
        runs.append(SarifRun(one.findings, one.inventory.name, one.inventory.partial))
    return sarif_document(runs, tool_version()) + b"\n"


def _converted(sbom: bytes, output: str) -> bytes:
    from stella.sbom.format import Format, cyclonedx_tree, read_document, write_document

    return write_document(cyclonedx_tree(read_document(sbom)), Format(output)).content


def _signed(one: Scanned, options: ScanOptions) -> bytes:
    """The SBOM's statement; with its proof where the server is to log it."""
    from stella.sbom import sign_sbom
    from stella.trust import load_signer

    assert options.sign is not None
    inventory = one.inventory
    signer = load_signer(Path(options.sign))
    bundle = sign_sbom(signer, name=inventory.name, subject=inventory.subject, sbom=one.sbom)
    if not options.log:
        return bundle
    from stella.cli.logged import logged

    return logged(bundle, signer.public)


def _attached(target: ImageTarget, one: Scanned, bundle: bytes | None) -> Digest:
    """The SBOM as a signed bundle where there is a key, as the bare document otherwise."""
    from stella.sbom import attach_sbom

    assert target.registry is not None
    assert one.image is not None
    platform = next(it for it in one.image.platforms if it.digest == one.inventory.subject)
    content = bundle or one.sbom
    digest = attach_sbom(
        target.registry, target.reference, platform, content, is_bundle=bundle is not None
    )
    _say(f"attached {digest} to {target.reference.at(platform.digest)}")
    return digest


def _beside(to: Path, one: Scanned, count: int) -> Path:
    """``sbom.json.sigstore.json``; with several platforms each has its own."""
    platform = f".{one.inventory.platform.replace('/', '-')}" if count > 1 else ""
    return to.with_name(f"{to.name}{platform}.sigstore.json")


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201 - remarks stay apart from data
