"""How far a vulnerability reaches, and which images hold a component: by an index, over all of them."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Query

from stella.api.asked import Viewer
from stella.api.looking import Cursor, Limit, look, one_of, page
from stella.api.views.base import Page, malformed_cursor, read_cursor, write_cursor
from stella.api.views.radius import (
    FeedView,
    HeldComponent,
    KnownView,
    ListedFinding,
    Radius,
    held_view,
    listed_view,
    platforms_in,
    radius_view,
)
from stella.finding.index import components_named, images_named
from stella.finding.listing import PLACE, SEVERITIES, Wanted, list_findings
from stella.finding.model import Vex
from stella.finding.store import count_unmatched
from stella.reach import Reach


class FindingsPage(Page[ListedFinding]):
    """Part of the list. unmatched: how many scanned images no advisory was held against yet."""

    unmatched: int


router = APIRouter(tags=["vulnerabilities"])

_IMAGES_MAX = 1000

Words: TypeAlias = Annotated[str | None, Query(description="Comma between several.")]
Word: TypeAlias = Annotated[str, Query(max_length=200)]


@router.get("/vulnerabilities/{name}")
def get_vulnerability(asked: Viewer, name: str) -> Radius:
    """What a CVE or an advisory touches: images, their releases, and where those run now."""
    with asked.services.database.read() as tx:
        found = images_named(tx, name, limit=_IMAGES_MAX + 1)
        return radius_view(look(asked, tx), name, found, _IMAGES_MAX)


@router.get("/findings")
def get_all_findings(
    asked: Viewer,
    *,
    severity: Words = None,
    fixable: Annotated[bool | None, Query(description="Whether a version mends it.")] = None,
    exploited: Annotated[bool | None, Query(description="Known to be exploited (KEV).")] = None,
    reach: Words = None,
    vex: Words = None,
    counts: Annotated[bool | None, Query(description="Whether VEX leaves it so.")] = None,
    component: Word = "",
    image: Annotated[
        str, Query(max_length=1024, description="A digest, or part of the reference.")
    ] = "",
    environment: Annotated[str, Query(max_length=80, description="What runs there now.")] = "",
    q: Word = "",
    cursor: Cursor = None,
    limit: Limit = 100,
) -> FindingsPage:
    """The findings of all scanned images, in order of urgency.

    Exploited ones first, then what is reachable, what has a fix, by severity; last what is unreachable.
    """
    with asked.services.database.read() as tx:
        wanted = Wanted(
            severities=one_of("severity", severity, SEVERITIES),
            fixable=fixable,
            exploited=exploited,
            reach=one_of("reach", reach, Reach),
            vex=one_of("vex", vex, Vex),
            counts=counts,
            component=component,
            text=q.strip(),
            image=image.strip(),
            platforms=platforms_in(look(asked, tx), environment) if environment else None,
        )
        try:
            after = read_cursor(cursor, PLACE) if cursor is not None else None
            rows = list_findings(tx, wanted, after=after, limit=limit)
        except ValueError:
            raise malformed_cursor() from None
        unmatched = count_unmatched(tx)
    part = page(rows, limit, listed_view, lambda one: one.place)
    return FindingsPage(items=part.items, next=part.next, unmatched=unmatched)


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
