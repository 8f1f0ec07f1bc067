"""Scans, findings, and the registry's notifications."""

import hmac
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel

from stella import __version__
from stella.api.asked import Viewer
from stella.api.looking import Cursor, Limit, Scanner, after_of, one_of, page
from stella.api.services import Services
from stella.api.views.base import Body, Page, View, malformed_cursor, read_cursor, write_cursor
from stella.api.views.images import ImageView, image_view
from stella.api.views.scans import FindingView, ScanView, scan_view
from stella.finding import openvex_of, parse_findings
from stella.finding.chain import base_by_layers
from stella.finding.errors import UnknownScan
from stella.finding.listing import SEVERITIES, urgency_of
from stella.finding.model import Vex
from stella.finding.sarif import SarifRun, sarif_document
from stella.finding.scan import request_scan
from stella.finding.store import Scan, list_scans, scan_by_id
from stella.identity import TokenRefused
from stella.image import MalformedReference, Reference, parse_reference
from stella.image.manifest import INDEX_TYPES, MANIFEST_TYPES
from stella.kernel import Digest, Remedy, time_text
from stella.reach import Reach
from stella.record import Tx
from stella.release.push import take_push
from stella.sbom import parse_cyclonedx, traits_of_sbom
from stella.sbom.format import Format, cyclonedx_tree, read_document, write_document

router = APIRouter(tags=["scans"])

_EVENTS_MAX = 1000
_SBOM_TYPES = {
    "cyclonedx-json": "application/vnd.cyclonedx+json",
    "cyclonedx-xml": "application/vnd.cyclonedx+xml",
    "spdx-json": "application/spdx+json",
}


class ImageToScan(Body):
    """Which image."""

    reference: str


class Envelope(BaseModel):
    """A registry's notification. What else it holds is the registry's own."""

    events: Any = None


class Accepted(View):
    """How many images of a notification are scanned."""

    scans: int


@router.post("/scans", status_code=202, response_model=ScanView)
def post_scan(asked: Scanner, body: ImageToScan) -> Response:
    """Scan an image; it is done when its state says so."""
    # The server scans by its own right: who asks must have that of looking there.
    roles = frozenset(role.value for role in asked.principal.roles)
    asked.services.outside.registry(parse_reference(body.reference).host, roles)
    return asked.once(lambda tx: scan_view(request_scan(tx, body.reference, "request")), status=202)


@router.get("/scans")
def get_scans(
    asked: Viewer,
    *,
    image: Annotated[str | None, Query(description="Digest of an index or platform.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ScanView]:
    """Scans, the newest first."""
    with asked.read() as tx:
        rows = list_scans(tx, image=image, after=after_of(cursor), limit=limit)
    return page(rows, limit, scan_view, lambda one: one.id)


@router.get("/scans/{scan}")
def get_scan(asked: Viewer, scan: str) -> ScanView:
    """One scan."""
    with asked.read() as tx:
        return scan_view(_find(tx, scan))


@router.get("/scans/{scan}/findings")
def get_findings(
    asked: Viewer,
    scan: str,
    *,
    severity: Annotated[str | None, Query(description="Comma between several.")] = None,
    kev: bool | None = None,
    fixable: Annotated[bool | None, Query(description="Whether a version mends it.")] = None,
    reach: Annotated[str | None, Query(description="Comma between several.")] = None,
    vex: Annotated[str | None, Query(description="Comma between several.")] = None,
    q: Annotated[str | None, Query(description="Part of an id, alias or package.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[FindingView]:
    """What is wrong in the image, in order of urgency.

    Exploited ones first, then what is reachable, what has a fix, by severity; last what is unreachable.
    """
    with asked.read() as tx:
        found = _find(tx, scan)
    if found.told is None:
        return Page(items=[])
    document = json.loads(asked.services.blobs.get(Digest(found.told)))
    words = {
        "severity": one_of("severity", severity, SEVERITIES),
        "reach": one_of("reach", reach, Reach),
        "vex": one_of("vex", vex, Vex),
    }
    rows = [
        one
        for one in document["findings"]
        if all(allowed is None or one[name] in allowed for name, allowed in words.items())
        and (kev is None or one["kev"] is kev)
        and (fixable is None or bool(one["fixed"]) is fixable)
        and _mentions(one, (q or "").lower())
    ]
    rows.sort(key=_most_urgent_first)
    start = _offset(cursor)
    part = rows[start : start + limit]
    following = write_cursor(str(start + limit)) if start + limit < len(rows) else None
    return Page(items=[FindingView.model_validate(one) for one in part], next=following)


@router.get(
    "/scans/{scan}/findings/sarif",
    response_class=Response,
    responses={200: {"content": {"application/sarif+json": {}}}},
)
def get_findings_sarif(asked: Viewer, scan: str) -> Response:
    """What is wrong in the image, as SARIF 2.1.0."""
    with asked.read() as tx:
        found = _find(tx, scan)
    if found.told is None or found.sbom is None:
        raise _unknown(scan, "was not matched with advisories, so nothing is known")
    blobs = asked.services.blobs
    findings = parse_findings(blobs.get(Digest(found.told)))
    inventory = parse_cyclonedx(blobs.get(Digest(found.sbom)))
    run = SarifRun(findings, inventory.name, inventory.partial)
    return Response(sarif_document([run], __version__), media_type="application/sarif+json")


@router.get(
    "/scans/{scan}/findings/openvex",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
def get_findings_openvex(asked: Viewer, scan: str) -> Response:
    """What is wrong in the image, as OpenVEX: under investigation until somebody decides."""
    with asked.read() as tx:
        found, at = _find(tx, scan), time_text(tx.now)
    if found.told is None:
        raise _unknown(scan, "was not matched with advisories, so nothing is known")
    findings = parse_findings(asked.services.blobs.get(Digest(found.told)))
    place = parse_reference(found.reference)
    content = openvex_of([(findings, place)], author=f"stella {__version__}", at=at)
    if content is None:
        raise _unknown(scan, "has no findings, and OpenVEX no document without statements")
    return Response(content, media_type="application/json")


@router.get(
    "/scans/{scan}/sbom",
    response_class=Response,
    responses={200: {"content": {one: {} for one in dict.fromkeys(_SBOM_TYPES.values())}}},
)
def get_sbom(
    asked: Viewer,
    scan: str,
    *,
    form: Annotated[
        Literal["cyclonedx-json", "cyclonedx-xml", "spdx-json"], Query(alias="format")
    ] = "cyclonedx-json",
) -> Response:
    """The image's bill of materials: CycloneDX 1.7, as it was signed, or the same in another format."""
    with asked.read() as tx:
        found = _find(tx, scan)
    if found.sbom is None:
        raise _unknown(scan, "has no bill of materials yet")
    content = asked.services.blobs.get(Digest(found.sbom))
    if form != "cyclonedx-json":
        tree = cyclonedx_tree(read_document(content))
        content = write_document(tree, Format(form)).content
    return Response(content, media_type=_SBOM_TYPES[form])


@router.get("/scans/{scan}/image")
def get_image(asked: Viewer, scan: str) -> ImageView:
    """What the image is beside its packages: user, entry point, secrets, how long it lasts."""
    services = asked.services
    with asked.read() as tx:
        found = _find(tx, scan)
        if found.sbom is None:
            raise _unknown(scan, "has no bill of materials yet")
        traits = traits_of_sbom(services.blobs.get(Digest(found.sbom)))
        lifetime = None if traits is None else services.deciding.lifetimes.of(traits.distro)
        base = None if traits is None else base_by_layers(tx, traits.layers, of=found.reference)
        return image_view(found.id, traits, lifetime, base, now=time_text(tx.now))


@router.post("/hooks/registry", status_code=202)
def post_registry_hook(
    request: Request,
    body: Envelope,
    authorization: Annotated[str, Header()] = "",
) -> Accepted:
    """What a registry tells of pushes; its own token is in data/keys/registry-hook.token.

    Source: https://distribution.github.io/distribution/about/notifications/
    """
    services: Services = request.app.state.services
    token = authorization.removeprefix("Bearer ").strip()
    if not hmac.compare_digest(token.encode(), services.keys.hook_token.encode()):
        raise TokenRefused(
            "that is not the registry's token",
            remedy=Remedy("Configure the registry with data/keys/registry-hook.token."),
        )
    events = body.events if isinstance(body.events, list) else []
    pushed = [one for event in events[:_EVENTS_MAX] if (one := _pushed(event)) is not None]
    if pushed:
        with services.database.transaction(actor="registry") as tx:
            for reference in pushed:
                take_push(tx, reference)
    return Accepted(scans=len(pushed))


def _pushed(event: Any) -> Reference | None:
    """The image that an event tells of; None for pulls, layers, attachments and what is malformed."""
    try:
        target = event["target"]
        is_image = target["mediaType"] in INDEX_TYPES | MANIFEST_TYPES
        tag = target.get("tag") or ""
        # Under sha256-... stands what is attached to an image; parts of an index have no tag.
        if event["action"] != "push" or not is_image or not tag or tag.startswith("sha256-"):
            return None
        host = event["request"]["host"]
        named = parse_reference(f"{host}/{target['repository']}:{tag}@{target['digest']}")
    except (KeyError, TypeError, AttributeError, MalformedReference):
        return None
    return named if named.host == host else None


def _find(tx: Tx, scan: str) -> Scan:
    found = scan_by_id(tx, scan)
    if found is None:
        raise _unknown(scan, "is not there")
    return found


def _unknown(scan: str, why: str) -> UnknownScan:
    return UnknownScan(
        f"the scan {scan[:60]!r} {why}",
        remedy=Remedy("List them.", command="stella image scans"),
        scan=scan[:60],
    )


def _mentions(one: dict[str, Any], text: str) -> bool:
    words = (one["id"], one["component"], one["purl"], *one["aliases"])
    return not text or any(text in word.lower() for word in words)


def _most_urgent_first(one: dict[str, Any]) -> tuple[int, str, str]:
    urgency = urgency_of(
        exploited=one["kev"],
        fixed=one["fixed"],
        severity=one["severity"],
        reach=Reach(one["reach"]),
    )
    return urgency, one["component"], one["id"]


def _offset(cursor: str | None) -> int:
    text = read_cursor(cursor) if cursor is not None else "0"
    if not text.isdecimal() or len(text) > 9:
        raise malformed_cursor()
    return int(text)
