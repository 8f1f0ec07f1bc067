"""How far a vulnerability reaches, and which images hold a component: by an index, over all of them."""

from typing import Annotated

from fastapi import APIRouter, Query

from stella.api.asked import Viewer
from stella.api.looking import Cursor, Limit, look
from stella.api.views.base import Page, malformed_cursor, read_cursor, write_cursor
from stella.api.views.radius import (
    FeedView,
    HeldComponent,
    KnownView,
    Radius,
    held_view,
    radius_view,
)
from stella.finding.index import components_named, images_named

router = APIRouter(tags=["vulnerabilities"])

_IMAGES_MAX = 1000


@router.get("/vulnerabilities/{name}")
def get_vulnerability(asked: Viewer, name: str) -> Radius:
    """What a CVE or an advisory touches: images, their releases, and where those run now."""
    with asked.services.database.read() as tx:
        found = images_named(tx, name, limit=_IMAGES_MAX + 1)
        return radius_view(look(asked, tx), name, found, _IMAGES_MAX)


@router.get("/components")
def get_components(
    asked: Viewer,
    *,
    name: Annotated[str, Query(min_length=1, max_length=200)],
    version: Annotated[str, Query(max_length=200)] = "",
    limit: Limit = 100,
    cursor: Cursor = None,
) -> Page[HeldComponent]:
    """Where a component is, over all scanned images; name: as its ecosystem writes it, in any case."""
    skip = read_cursor(cursor) if cursor else "0"
    if not skip.isdecimal() or len(skip) > 15:
        raise malformed_cursor()
    with asked.services.database.read() as tx:
        found = components_named(tx, name, version=version, skip=int(skip), limit=limit)
    following = write_cursor(str(int(skip) + limit)) if len(found) == limit else None
    return Page(items=[held_view(one) for one in found], next=following)


@router.get("/advisories")
def get_advisories(asked: Viewer) -> KnownView:
    """What the server matches by: its snapshot, and how new each feed in it is."""
    snapshot = asked.services.snapshot()
    if snapshot is None:
        return KnownView(snapshot=None, ecosystems=[], feeds=[])
    return KnownView(
        snapshot=snapshot.digest.text,
        ecosystems=sorted(snapshot.ecosystems),
        feeds=[
            FeedView(name=one.name, at=one.at, documents=one.documents) for one in snapshot.feeds()
        ],
    )
