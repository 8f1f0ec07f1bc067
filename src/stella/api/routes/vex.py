"""VEX: documents taken in, statements made here, and whose word counts."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Response
from pydantic import Field

from stella.api.asked import Asked, Viewer, needs
from stella.api.looking import Cursor, Limit, after_of, page
from stella.api.views.base import Body, Page
from stella.api.views.vex import (
    VexDetailView,
    VexFeedView,
    VexIssuerView,
    VexView,
    feed_view,
    issuer_view,
    vex_detail_view,
    vex_view,
)
from stella.hub.model import Integration
from stella.hub.store import list_integrations
from stella.identity import Permission
from stella.kernel import Digest, Remedy, parse_time, time_text
from stella.plugin.contract.core import Kind
from stella.record import Tx
from stella.trust import PublicKey
from stella.vex import hear
from stella.vex.apply import apply_vex_document, delete_vex_issuer, withdraw_vex
from stella.vex.authored import Said, author_vex
from stella.vex.errors import UnknownVexFeed
from stella.vex.fed import ask_for_feed
from stella.vex.feed_store import find_followed
from stella.vex.standing import issuer_of_feed
from stella.vex.store import find_vex, list_issuers, list_vex

router = APIRouter(tags=["vex"])

Speaker: TypeAlias = Annotated[Asked, needs(Permission.VEX_APPLY)]
Truster: TypeAlias = Annotated[Asked, needs(Permission.TRUST_CHANGE)]

Name: TypeAlias = Annotated[str, Field(min_length=1, max_length=1000)]
Words: TypeAlias = Annotated[str, Field(max_length=4000)]


class NewVex(Body):
    """A document, exactly as it is. issuer: whose it is where no signature says so."""

    document: str
    issuer: str = ""


class NewStatement(Body):
    """What is said in this installation's name. vulnerability: its id; aliases: more names of it.

    products: purls, or digests of images. subcomponents: purls of the parts that are meant.
    expires: RFC 3339; empty for no end.
    """

    vulnerability: Name
    products: Annotated[list[Name], Field(min_length=1, max_length=1000)]
    status: Name
    aliases: Annotated[tuple[Name, ...], Field(max_length=100)] = ()
    subcomponents: Annotated[tuple[Name, ...], Field(max_length=1000)] = ()
    justification: Words = ""
    impact: Words = ""
    action: Words = ""
    notes: Words = ""
    expires: Words = ""


class Withdrawal(Body):
    """Why it counts no more."""

    reason: Words


@router.post("/vex", status_code=201, response_model=VexView)
def post_vex(asked: Speaker, body: NewVex) -> Response:
    """Take a VEX document in, signed or not; the findings that it speaks of are judged anew."""

    def do(tx: Tx) -> VexView:
        return vex_view(
            apply_vex_document(
                tx,
                asked.services.blobs,
                body.document.encode(),
                own_keys=_own_keys(asked),
                issuer=body.issuer,
            )
        )

    return asked.once(do, status=201)


@router.post("/vex/statements", status_code=201, response_model=VexView)
def post_vex_statement(asked: Speaker, body: NewStatement) -> Response:
    """Say whether a vulnerability matters: a document in this installation's name, signed with its key."""
    expires = time_text(parse_time(body.expires)) if body.expires else ""

    def do(tx: Tx) -> VexView:
        said = Said(
            names=tuple(dict.fromkeys((body.vulnerability, *body.aliases))),
            products=tuple(body.products),
            status=body.status,
            at=time_text(tx.now),
            subcomponents=tuple(body.subcomponents),
            justification=body.justification,
            impact=body.impact,
            action=body.action,
            notes=body.notes,
            expires=expires,
        )
        content = author_vex(said, asked.principal.name, asked.services.keys.evidence)
        keys = _own_keys(asked)
        return vex_view(apply_vex_document(tx, asked.services.blobs, content, own_keys=keys))

    return asked.once(do, status=201)


@router.get("/vex")
def get_vex_documents(asked: Viewer, *, cursor: Cursor = None, limit: Limit = 100) -> Page[VexView]:
    """The documents, the newest first, the withdrawn ones among them."""
    with asked.read() as tx:
        rows = list_vex(tx, after=after_of(cursor), limit=limit)
    return page(rows, limit, vex_view, lambda one: one.id)


@router.get("/vex/{vex}")
def get_vex(asked: Viewer, vex: str) -> VexDetailView:
    """One document, with what it says."""
    with asked.read() as tx:
        row = find_vex(tx, vex)
    document = hear(asked.services.blobs.get(Digest(row.digest)), ()).document
    return vex_detail_view(row, document)


@router.get(
    "/vex/{vex}/document",
    response_class=Response,
    responses={200: {"content": {"application/json": {}}}},
)
def get_vex_document(asked: Viewer, vex: str) -> Response:
    """The document, exactly as it was taken in."""
    with asked.read() as tx:
        row = find_vex(tx, vex)
    return Response(asked.services.blobs.get(Digest(row.digest)), media_type="application/json")


@router.post("/vex/{vex}/withdraw", response_model=VexView)
def post_vex_withdrawal(asked: Speaker, vex: str, body: Withdrawal) -> Response:
    """Let a document count no more; what was decided with it stays proven."""
    return asked.once(lambda tx: vex_view(withdraw_vex(tx, vex, body.reason)))


@router.get("/vex-feeds")
def get_vex_feeds(asked: Viewer) -> Page[VexFeedView]:
    """The feeds of VEX that are followed, by name: how new each is, and what went wrong since."""
    with asked.read() as tx:
        feeds = {one.name: one for one in _feeds(tx)}
        return Page(items=[_feed_view(tx, feeds[name]) for name in sorted(feeds)])


@router.post("/vex-feeds/{name}/sync", status_code=202, response_model=VexFeedView)
def post_vex_feed_sync(asked: Speaker, name: str) -> Response:
    """Let a feed be looked at now; it was when checkedAt or troubleAt is later than askedAt."""

    def do(tx: Tx) -> VexFeedView:
        found = next((one for one in _feeds(tx) if one.name == name), None)
        if found is None:
            raise UnknownVexFeed(
                f"there is no feed of VEX {name[:80]!r}",
                remedy=Remedy("List them.", command="stella vex feeds"),
                name=name[:80],
            )
        ask_for_feed(tx, name)
        return _feed_view(tx, found)

    return asked.once(do, status=202)


@router.get("/vex-issuers")
def get_vex_issuers(asked: Viewer) -> Page[VexIssuerView]:
    """Whose word counts, by name; this installation's own counts in any case."""
    with asked.read() as tx:
        return Page(items=[issuer_view(one) for one in list_issuers(tx)])


@router.delete("/vex-issuers/{name}", status_code=204)
def delete_vex_issuer_(asked: Truster, name: str) -> Response:
    """Let an issuer's word count no more; their documents stay, an unknown issuer's."""
    return asked.once(lambda tx: delete_vex_issuer(tx, name), status=204)


def _feeds(tx: Tx) -> tuple[Integration, ...]:
    known = (one.integration for one in list_integrations(tx))
    return tuple(one for one in known if one.kind is Kind.FEED and one.brings_vex)


def _feed_view(tx: Tx, integration: Integration) -> VexFeedView:
    issuers = (one.issuer for one in list_issuers(tx))
    issuer = issuer_of_feed(issuers, integration.name)
    return feed_view(
        integration, find_followed(tx, integration.name), issuer.name if issuer else ""
    )


def _own_keys(asked: Asked) -> tuple[PublicKey, ...]:
    return asked.services.deciding.own_keys
