"""Repositories that are followed. They are made and ended as documents."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter, Response

from stella.api.asked import Asked, Viewer, needs
from stella.api.looking import Configurer
from stella.api.views.base import Body, Page
from stella.api.views.repositories import RepositoryView, repository_view
from stella.environment.followed.accept import accept_commit
from stella.environment.followed.store import ask_for_look, find_followed, list_followed
from stella.identity import Permission
from stella.record import Tx

router = APIRouter(prefix="/repositories", tags=["environments"])

Truster: TypeAlias = Annotated[Asked, needs(Permission.TRUST_CHANGE)]


class Acceptance(Body):
    """commit: the whole id of the one that is to count although history does not lead to it."""

    commit: str
    reason: str


@router.get("")
def get_repositories(asked: Viewer) -> Page[RepositoryView]:
    """Repositories that are followed, by name."""
    with asked.read() as tx:
        return Page(items=[repository_view(tx, one) for one in list_followed(tx).values()])


@router.get("/{name}")
def get_repository(asked: Viewer, name: str) -> RepositoryView:
    """One repository that is followed."""
    with asked.read() as tx:
        return repository_view(tx, find_followed(tx, name))


@router.post("/{name}/sync", response_model=RepositoryView)
def post_repository_sync(asked: Configurer, name: str) -> Response:
    """Have it looked at now; `checkedAt` moves on when that was done."""

    def do(tx: Tx) -> RepositoryView:
        return repository_view(tx, ask_for_look(tx, name))

    answer = asked.once(do)
    asked.services.looks.ring()
    return answer


@router.post("/{name}/accept", response_model=RepositoryView)
def post_repository_accept(asked: Truster, name: str, body: Acceptance) -> Response:
    """Let a commit count that history does not lead to, or that follows too many to look through.

    Where commits have to be signed, this one has to be still.
    """

    def do(tx: Tx) -> RepositoryView:
        return repository_view(tx, accept_commit(tx, name, body.commit, body.reason))

    answer = asked.once(do)
    asked.services.looks.ring()
    return answer
