"""Configuration as documents; environments, freeze windows, policies."""

from collections.abc import Mapping, Sequence
from datetime import datetime
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
from stella.api.errors import Changed, InvalidRequest
from stella.api.looking import (
    Configurer,
    Freezer,
    Limit,
    Operator,
    asking_person,
    look,
    one_of,
)
from stella.api.views.base import Body, Page, View
from stella.api.views.documents import KINDS, DocumentView, OwnedView, documents_of
from stella.api.views.environments import (
    AppliedView,
    ChangeView,
    EnvironmentView,
    FreezeView,
    TargetConfigView,
    environment_view,
    freeze_view,
    target_view,
)
from stella.api.views.promotions import PromotionView, promotion_view
from stella.environment.followed.model import OWNER_PREFIX
from stella.environment.freeze import begin_freeze, end_freeze
from stella.environment.hold import hold_environment, resume_environment
from stella.environment.owning import Owning, ending_documents
from stella.environment.store import (
    find_environment,
    list_environments,
    list_freezes,
    list_targets,
)
from stella.hub.store import find_integration
from stella.identity import Permission
from stella.kernel import Remedy, parse_time
from stella.policy.store import find_policy, list_policies
from stella.promotion.queue import queue_of
from stella.promotion.request import request_rollback
from stella.record import Tx
from stella.record.owners import list_owned

router = APIRouter(tags=["environments"])


class Documents(Body):
    """What to apply. dry_run: only say what it would change. owner: who keeps these documents.

    take_over: also what another owner keeps; without an owner it is nobody's then. prune: end what the
    owner brought and what is in none of these documents.
    """

    documents: list[dict[str, Any]]
    dry_run: bool = False
    owner: str | None = None
    take_over: bool = False
    prune: bool = False


class Applied(View):
    """What each document changed, or would."""

    changes: list[AppliedView]


class NewFreeze(Body):
    """A window in which nothing goes in. starts_at: now where it is left out."""

    environment: str
    ends_at: str
    reason: str
    starts_at: str | None = None


class Reason(Body):
    """Why."""

    reason: str


class Rollback(Body):
    """The way back. release: an earlier one that ran here; the one before where it is left out.

    change_ticket: its key, or INTEGRATION:KEY.
    """

    reason: str
    release: str | None = None
    change_ticket: Annotated[str, Field(max_length=200)] = ""


class PolicyView(View):
    """A policy pack: the bundle that its name stands for now."""

    name: str
    digest: str
    files: dict[str, str]


@router.post("/apply", response_model=Applied)
def post_documents(asked: Configurer, body: Documents) -> Response:
    """Apply documents of every kind: environments, policies, integrations, lifecycles and the others.

    All or nothing. What another owner keeps is refused; pruning ends what this owner names no more.

    With If-Match one integration alone, where it is at that revision still.
    """
    _refuse_beyond(asked, body)
    endings = endings_for(asked.principal.permissions, asked.services.plugins.brought())
    owning = Owning(body.owner, body.take_over, body.prune, endings)

    def do(tx: Tx) -> Applied:
        _refuse_changed(asked, tx, body.documents)
        changes = apply_all(
            tx,
            asked.services,
            body.documents,
            owning,
            dry_run=body.dry_run,
            roles=frozenset(one.value for one in asked.principal.roles),
            may_allow_any=Permission.SECRET_ALLOW in asked.principal.permissions,
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


def _refuse_beyond(asked: Asked, body: Documents) -> None:
    """Return where who asks may apply each of them, and end what they end. Raises PermissionDenied.

    Who changes an issuer that logins believe could let anybody in as anybody; who changes where a
    followed repository is read from could bring anything that it may.
    """
    if body.owner is not None and body.owner.startswith(OWNER_PREFIX):
        raise InvalidRequest(
            f"{OWNER_PREFIX}... is the owner of what a followed repository brings",
            remedy=Remedy("Choose another name, or change the documents in the repository."),
        )
    named = [(str(one.get("kind")), str(one.get("name"))) for one in body.documents]
    with asked.read() as tx:
        believed, followed = believed_integrations(tx), followed_integrations(tx)
        if body.prune and body.owner is not None:
            named += ending_documents(tx, body.owner, named)
    for kind, permission in NEEDED.items():
        if any(one == kind for one, _ in named):
            asked.must(permission, f"{kind} in POST /apply")
    for kind in allowed_kinds(body.documents):
        if kind in NEEDED:
            asked.must(NEEDED[kind], f"{kind} for a FollowedRepository in POST /apply")
    for kind, name in named:
        if kind == "Integration" and name in believed:
            asked.must(Permission.USER_CHANGE, f"Integration {name} in POST /apply")
        if kind == "Integration" and name in followed:
            asked.must(Permission.TRUST_CHANGE, f"Integration {name} in POST /apply")


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


@router.get("/environments")
def get_environments(asked: Viewer) -> Page[EnvironmentView]:
    """Environments, each after the one it follows."""
    with asked.read() as tx:
        looking = look(asked, tx)
        listed = list_environments(tx)
        return Page(
            items=[environment_view(looking, one, order) for order, one in enumerate(listed)]
        )


@router.get("/environments/{name}")
def get_environment(asked: Viewer, name: str) -> EnvironmentView:
    """One environment."""
    with asked.read() as tx:
        return _shown(asked, tx, name)


def _shown(asked: Asked, tx: Tx, name: str) -> EnvironmentView:
    found = find_environment(tx, name)
    order = [one.name for one in list_environments(tx)].index(found.name)
    return environment_view(look(asked, tx), found, order)


@router.get("/environments/{name}/queue")
def get_queue(asked: Viewer, name: str, limit: Limit = 50) -> Page[PromotionView]:
    """What waits for its turn there, the next one first."""
    with asked.read() as tx:
        looking = look(asked, tx)
        find_environment(tx, name)
        return Page(items=[promotion_view(looking, one) for one in queue_of(tx, name, limit)])


@router.post("/environments/{name}/hold", response_model=EnvironmentView)
def post_hold(asked: Operator, name: str, body: Reason) -> Response:
    """Let nothing go into it by itself; what people ask for still does."""

    def do(tx: Tx) -> EnvironmentView:
        hold_environment(tx, name, body.reason)
        return _shown(asked, tx, name)

    return asked.once(do)


@router.post("/environments/{name}/resume", response_model=EnvironmentView)
def post_resumption(asked: Operator, name: str, body: Reason) -> Response:
    """End its hold; what is automatic goes on from what runs in the environment before."""

    def do(tx: Tx) -> EnvironmentView:
        resume_environment(tx, name, body.reason)
        return _shown(asked, tx, name)

    return asked.once(do)


@router.post("/environments/{name}/rollback", status_code=201, response_model=PromotionView)
def post_rollback(asked: Operator, name: str, body: Rollback) -> Response:
    """Ask for what ran before; the gates judge it, and the same road leads back."""

    def do(tx: Tx) -> PromotionView:
        made = request_rollback(
            tx,
            asking_person(asked),
            environment=name,
            reason=body.reason,
            release=body.release,
            change_ticket=body.change_ticket,
        )
        return promotion_view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.get("/targets")
def get_targets(asked: Viewer, environment: str | None = None) -> Page[TargetConfigView]:
    """Targets, by name."""
    with asked.read() as tx:
        looking = look(asked, tx)
        return Page(items=[target_view(looking, one) for one in list_targets(tx, environment)])


@router.get("/freezes")
def get_freezes(asked: Viewer, environment: str | None = None) -> Page[FreezeView]:
    """Freeze windows, the newest first."""
    with asked.read() as tx:
        looking = look(asked, tx)
        return Page(items=[freeze_view(looking, one) for one in list_freezes(tx, environment)])


@router.post("/freezes", status_code=201, response_model=FreezeView)
def post_freeze(asked: Freezer, body: NewFreeze) -> Response:
    """Freeze an environment for a time."""
    starts_at: datetime | None = None if body.starts_at is None else parse_time(body.starts_at)
    ends_at = parse_time(body.ends_at)

    def do(tx: Tx) -> FreezeView:
        made = begin_freeze(
            tx, body.environment, ends_at=ends_at, reason=body.reason, starts_at=starts_at
        )
        return freeze_view(look(asked, tx), made)

    return asked.once(do, status=201)


@router.post("/freezes/{freeze}/end", response_model=FreezeView)
def post_freeze_end(asked: Freezer, freeze: str, body: Reason) -> Response:
    """End a freeze before its time."""
    return asked.once(lambda tx: freeze_view(look(asked, tx), end_freeze(tx, freeze, body.reason)))


@router.get("/policies")
def get_policies(asked: Viewer) -> Page[PolicyView]:
    """Policy packs, by name."""
    with asked.read() as tx:
        packs = list_policies(tx, asked.services.blobs)
    return Page(
        items=[
            PolicyView(name=name, digest=pack.digest.text, files=dict(pack.files))
            for name, pack in packs.items()
        ]
    )


@router.get("/policies/{name}")
def get_policy(asked: Viewer, name: str) -> PolicyView:
    """One policy pack."""
    with asked.read() as tx:
        pack = find_policy(tx, asked.services.blobs, name)
    return PolicyView(name=name, digest=pack.digest.text, files=dict(pack.files))
