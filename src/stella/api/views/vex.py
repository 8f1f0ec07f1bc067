"""VEX documents and issuers, as the API shows them."""

from stella.api.views.base import View
from stella.hub.model import Integration
from stella.vex import Document, weight_text
from stella.vex.feed_store import FollowedFeed
from stella.vex.store import KnownIssuer, VexRow


class VexView(View):
    """One document. digest: of its bytes. state: standing or withdrawn. issuer: empty for an unknown
    one. basis: signature, vouched or none. saidId, version, author: as it says itself. gaps: parts
    that could not be used. source: the feed that holds it, image: and a digest for what lies beside one.
    """

    id: str
    digest: str
    state: str
    format: str
    said_id: str
    version: str
    author: str
    issuer: str
    basis: str
    statements: int
    gaps: int
    by: str
    at: str
    ended_at: str | None
    reason: str
    source: str


class VexProductView(View):
    """What a statement is about. subcomponents: the parts of it that are meant; none means all."""

    product: str
    subcomponents: list[str]


class VexStatementView(View):
    """One statement. names: the vulnerability and its aliases. expires: empty where it does not end."""

    names: list[str]
    status: str
    justification: str
    impact: str
    action: str
    at: str
    expires: str
    products: list[VexProductView]


class VexGapView(View):
    """A part of a document that could not be used."""

    place: str
    reason: str


class VexDetailView(View):
    """A document with what it says: at most five hundred statements; the document has them all."""

    document: VexView
    said: list[VexStatementView]
    not_used: list[VexGapView]


class VexIssuerView(View):
    """Whose word counts. weight: 0 to 100; trust: the word for it. keys: PEM. feeds: whose unsigned documents
    are theirs.
    """

    name: str
    weight: int
    trust: str
    keys: list[str]
    feeds: list[str]
    changed_at: str


class VexFeedView(View):
    """A feed of VEX that is followed. issuer: whose its unsigned documents are, empty where nobody names it.

    documents: that count of it; unread: that could not be read. checkedAt: asked last with success;
    changedAt: something came or went. trouble: why it could not be brought up to date since, or empty.
    """

    name: str
    endpoint: str
    enabled: bool
    issuer: str
    documents: int
    unread: int
    checked_at: str | None
    changed_at: str | None
    asked_at: str | None
    trouble: str
    trouble_at: str | None


class VexVoiceView(View):
    """One statement about a finding. counts: whether it decided; why: or why it did not."""

    issuer: str
    weight: int
    basis: str
    status: str
    at: str
    document: str
    scope: str
    counts: bool
    why: str
    expires: str


class VexWhyView(View):
    """How a finding came by its VEX state."""

    justification: str
    impact: str
    action: str
    voices: list[VexVoiceView]
    unheard: int


_STATEMENTS_MAX = 500


def vex_view(row: VexRow) -> VexView:
    """A document as the API shows it."""
    return VexView(
        id=row.id,
        digest=row.digest,
        state=row.state.value,
        format=row.format,
        said_id=row.said_id,
        version=row.version,
        author=row.author,
        issuer=row.issuer,
        basis=row.basis.value,
        statements=row.statements,
        gaps=row.gaps,
        by=row.by,
        at=row.at,
        ended_at=row.ended_at,
        reason=row.reason,
        source=row.source,
    )


def vex_detail_view(row: VexRow, document: Document) -> VexDetailView:
    """A document with what it says."""
    return VexDetailView(
        document=vex_view(row),
        said=[
            VexStatementView(
                names=list(one.names),
                status=one.status.value,
                justification=one.justification,
                impact=one.impact,
                action=one.action,
                at=one.at,
                expires=one.expires,
                products=[
                    VexProductView(
                        product=product.target.shown,
                        subcomponents=[part.shown for part in product.subcomponents],
                    )
                    for product in one.products
                ],
            )
            for one in document.statements[:_STATEMENTS_MAX]
        ],
        not_used=[VexGapView(place=one.place, reason=one.reason) for one in document.gaps],
    )


def feed_view(integration: Integration, feed: FollowedFeed, issuer: str) -> VexFeedView:
    """A feed as the API shows it."""
    return VexFeedView(
        name=feed.name,
        endpoint=integration.endpoint,
        enabled=integration.enabled,
        issuer=issuer,
        documents=feed.documents,
        unread=feed.unread,
        checked_at=feed.checked_at,
        changed_at=feed.changed_at,
        asked_at=feed.asked_at,
        trouble=feed.trouble,
        trouble_at=feed.trouble_at,
    )


def issuer_view(known: KnownIssuer) -> VexIssuerView:
    """An issuer as the API shows it."""
    issuer = known.issuer
    return VexIssuerView(
        name=issuer.name,
        weight=issuer.weight,
        trust=weight_text(issuer.weight),
        keys=[key.pem.decode() for key in issuer.keys],
        feeds=list(issuer.feeds),
        changed_at=known.changed_at,
    )
