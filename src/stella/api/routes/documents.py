"""Configuration as documents: applied together, listed as they would be applied, and whose they are."""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import Field

from stella.api.applying import (
    allowed_kinds,
    apply_all,
    believed_integrations,
    followed_integrations,
)
from stella.api.asked import Asked, Viewer
from stella.api.endings import NEEDED, endings_for
from stella.api.errors import Changed, InvalidRequest, NoSuchDocument
from stella.api.looking import (
    Configurer,
    look,
    one_of,
)
from stella.api.views.base import Body, Page, View
from stella.api.views.documents import KINDS, DocumentView, OwnedView, documents_of
from stella.api.views.environments import (
    AppliedView,
    ChangeView,
)
from stella.api.written import written_documents
from stella.environment.followed.model import OWNER_PREFIX
from stella.environment.owning import Owning, ending_documents
from stella.hub.apply import refuse_foreign
from stella.hub.store import find_integration, list_integrations
from stella.identity import Permission
from stella.kernel import Digest, Remedy
from stella.record import Tx
from stella.record.hold import hold_words
from stella.record.owners import list_owned

router = APIRouter(tags=["environments"])

_TEXT_MAX = 1_000_000
_READ_MAX = 1000


class Documents(Body):
    """What to apply. dry_run: only say what it would change. owner: who keeps these documents.

    text: the same as YAML, in place of documents. take_over: also what another owner keeps; without an
    owner it is nobody's then. prune: end what the owner brought and what is in none of these documents.
    read: "Kind/name" -> the digest by which it was read, empty where it was not there; what is another
    one by now is not overwritten.
    """

    documents: list[dict[str, Any]] = Field(default_factory=list)
    text: Annotated[str, Field(max_length=_TEXT_MAX)] = ""
    read: Annotated[dict[str, str], Field(max_length=_READ_MAX)] = Field(default_factory=dict)
    dry_run: bool = False
    owner: str | None = None
    take_over: bool = False
    prune: bool = False


class ReadView(View):
    """One document as it is now. digest: to be sent back in ``read`` with what shall take its place.

    owner: who keeps it, null for nobody in particular.
    """

    document: DocumentView
    digest: str
    owner: str | None


class Applied(View):
    """What each document changed, or would."""

    changes: list[AppliedView]


@router.get("/documents")
def get_documents(
    asked: Viewer,
    kind: Annotated[
        str | None, Query(description="Only these kinds; comma between several.")
    ] = None,
    owner: Annotated[str | None, Query(description="Only what this owner keeps.")] = None,
) -> Page[DocumentView]:
    """All that is configured, as `POST /apply` takes it: applied again, it changes nothing.

    Secrets are not among it: where they are used, their references stand.
    """
    kinds = one_of("kind", kind, KINDS) or frozenset(KINDS)
    with asked.read() as tx:
        found = documents_of(tx, asked.services.blobs, kinds)
        if owner is not None:
            kept = {(one.kind, one.name) for one in list_owned(tx, owner)}
            found = [one for one in found if (one.kind, one.name) in kept]
        return Page(items=found)


@router.get("/documents/owned")
def get_owned_documents(
    asked: Viewer,
    owner: Annotated[str | None, Query(description="Only what this owner keeps.")] = None,
) -> Page[OwnedView]:
    """Which documents an owner keeps, by kind and name; all others are nobody's."""
    with asked.read() as tx:
        looking = look(asked, tx)
        return Page(
            items=[
                OwnedView(
                    kind=one.kind,
                    name=one.name,
                    owner=one.owner,
                    at=one.at,
                    by=looking.person_view(one.by),
                )
                for one in list_owned(tx, owner)
            ]
        )


@router.get("/documents/{kind}/{name}")
def get_document(asked: Viewer, kind: str, name: str) -> ReadView:
    """One document, to be changed and applied again."""
    with asked.read() as tx:
        found = _document(asked, tx, kind, name)
        owned = {(one.kind, one.name): one.owner for one in list_owned(tx)}
    if found is None:
        raise NoSuchDocument(
            f"there is no {kind[:60]} {name[:80]!r}",
            remedy=Remedy("List what there is.", command="stella export config"),
            kind=kind[:60],
            name=name[:80],
        )
    return ReadView(document=found, digest=_digest(found), owner=owned.get((kind, name)))


@router.post("/apply", response_model=Applied)
def post_documents(asked: Configurer, body: Documents) -> Response:
    """Apply documents of every kind: environments, policies, integrations, lifecycles and the others.

    All or nothing. What another owner keeps is refused; pruning ends what this owner names no more.

    With If-Match one integration alone, where it is at that revision still.
    """
    documents = _documents(body)
    _refuse_beyond(asked, body, documents)
    endings = endings_for(asked.principal.permissions, asked.services.plugins.brought())
    owning = Owning(body.owner, body.take_over, body.prune, endings)

    def do(tx: Tx) -> Applied:
        _refuse_changed(asked, tx, documents)
        _refuse_overwriting(asked, tx, body.read)
        changes = apply_all(
            tx,
            asked.services,
            documents,
            owning,
            dry_run=body.dry_run,
            roles=asked.roles,
            may_allow_any=asked.may_allow_any,
        )
        return Applied(
            changes=[
                AppliedView(
                    kind=one.kind,
                    name=one.name,
                    change=one.change,
                    diff=[
                        ChangeView(path=path, before=before, after=after)
                        for path, before, after in one.diff
                    ],
                )
                for one in changes
            ]
        )

    return asked.once(do)


def _documents(body: Documents) -> Sequence[Mapping[str, Any]]:
    if not body.text:
        return body.documents
    if body.documents:
        raise InvalidRequest(
            "documents and text are two ways to say the same", remedy=Remedy("Send one of them.")
        )
    return written_documents(body.text)


def _document(asked: Asked, tx: Tx, kind: str, name: str) -> DocumentView | None:
    return _named(asked, tx, kind).get(name)


def _named(asked: Asked, tx: Tx, kind: str) -> dict[str, DocumentView]:
    """The documents of a kind, by name."""
    kinds = frozenset({kind}) & frozenset(KINDS)
    listed = documents_of(tx, asked.services.blobs, kinds) if kinds else []
    return {one.name: one for one in listed}


def _digest(document: DocumentView | None) -> str:
    """Of what it says; empty for none."""
    if document is None:
        return ""
    return Digest.of(json.dumps(document.spec, sort_keys=True).encode()).text


def _refuse_overwriting(asked: Asked, tx: Tx, read: Mapping[str, str]) -> None:
    """Return where each is still what it was when it was read; it stays so until this transaction ends,
    for everybody who says what they read. Raises Changed.
    """
    hold_words(tx, (f"document {whole}" for whole in read))
    there: dict[str, dict[str, DocumentView]] = {}
    for whole, digest in read.items():
        kind, _, name = whole.partition("/")
        if kind not in there:
            there[kind] = _named(asked, tx, kind)
        if _digest(there[kind].get(name)) != digest:
            raise Changed(
                f"{kind[:60]} {name[:80]!r} was changed meanwhile",
                remedy=Remedy("Look at it again, and make your change on what is there now."),
                kind=kind[:60],
                name=name[:80],
            )


def _refuse_changed(asked: Asked, tx: Tx, documents: Sequence[Mapping[str, Any]]) -> None:
    """Return where what If-Match names was not changed meanwhile. Raises Changed, InvalidRequest."""
    expected = asked.revision()
    if expected is None:
        return
    if len(documents) != 1 or documents[0].get("kind") != "Integration":
        raise InvalidRequest(
            "If-Match goes with one document, of an integration",
            remedy=Remedy("Apply the others without it."),
        )
    name = str(documents[0].get("name"))
    found = find_integration(tx, name)
    if found.revision != expected:
        raise Changed(
            f"the integration {name[:80]} was changed meanwhile (revision {found.revision})",
            remedy=Remedy("Look at it again, and make your change on what is there now."),
            revision=found.revision,
        )


def _refuse_beyond(asked: Asked, body: Documents, documents: Sequence[Mapping[str, Any]]) -> None:
    """Return where who asks may apply each of them, and end what they end. Raises PermissionDenied.

    Who changes an issuer that logins believe could let anybody in as anybody; who changes where a
    followed repository is read from could bring anything that it may.
    """
    if body.owner is not None and body.owner.startswith(OWNER_PREFIX):
        raise InvalidRequest(
            f"{OWNER_PREFIX}... is the owner of what a followed repository brings",
            remedy=Remedy("Choose another name, or change the documents in the repository."),
        )
    named = [(str(one.get("kind")), str(one.get("name"))) for one in documents]
    with asked.read() as tx:
        believed, followed = believed_integrations(tx), followed_integrations(tx)
        if body.prune and body.owner is not None:
            ending = ending_documents(tx, body.owner, named)
            _refuse_foreign_ends(
                asked, tx, {name for kind, name in ending if kind == "Integration"}
            )
            named += ending
    for kind, permission in NEEDED.items():
        if any(one == kind for one, _ in named):
            asked.must(permission, f"{kind} in POST /apply")
    for kind in allowed_kinds(documents):
        if kind in NEEDED:
            asked.must(NEEDED[kind], f"{kind} for a FollowedRepository in POST /apply")
    for kind, name in named:
        if kind == "Integration" and name in believed:
            asked.must(Permission.USER_CHANGE, f"Integration {name} in POST /apply")
        if kind == "Integration" and name in followed:
            asked.must(Permission.TRUST_CHANGE, f"Integration {name} in POST /apply")


def _refuse_foreign_ends(asked: Asked, tx: Tx, names: Collection[str]) -> None:
    """Return where these integrations are for who asks. Raises IntegrationDisabled."""
    for one in list_integrations(tx):
        if one.integration.name in names:
            refuse_foreign(one.integration, asked.roles, may_any=asked.may_allow_any)
