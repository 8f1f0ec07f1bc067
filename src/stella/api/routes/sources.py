"""What was committed: between two commits, and between two releases. For people; nothing is decided by it."""

from typing import Annotated

from fastapi import APIRouter, Query

from stella.api.asked import Asked, Viewer
from stella.api.looking import Developer, look
from stella.api.views.changes import (
    CommitsView,
    ReleaseChanges,
    changes_view,
    commits_view,
    sourced,
)
from stella.api.views.releases import release_ref
from stella.hub.store import list_integrations
from stella.plugin.contract.core import Kind
from stella.plugin.contract.scm import Scm
from stella.record import Tx
from stella.release.model import Release
from stella.release.source import COMMITS_MAX, changes_between
from stella.release.store import find_release, list_releases

router = APIRouter(tags=["sources"])

CommitId = Annotated[
    str, Query(pattern=r"^([0-9a-f]{40}|[0-9a-f]{64})$", description="A whole commit id.")
]


@router.get("/integrations/{name}/commits")
def get_commits(
    asked: Developer,
    name: str,
    *,
    repository: Annotated[str, Query(max_length=255)],
    base: CommitId,
    head: CommitId,
    limit: Annotated[int, Query(ge=1, le=500)] = COMMITS_MAX,
) -> CommitsView:
    """What ``head`` has and ``base`` has not, of a repository that an integration leads to."""
    scm: Scm = asked.services.outside.connected(Kind.SCM, name, _roles(asked))
    return commits_view(scm.between(repository, base, head, limit))


@router.get("/releases/{release}/changes")
def get_changes(
    asked: Viewer,
    release: str,
    *,
    since: Annotated[
        str | None, Query(description="Another release; left out: the one of its name before it.")
    ] = None,
) -> ReleaseChanges:
    """What was committed since another release, as far as images and integrations tell."""
    with asked.read() as tx:
        after = find_release(tx, release)
        before = find_release(tx, since) if since else _earlier(tx, after)
        components = sourced(look(asked, tx), before, after) if before else []
        integrations = [one.integration for one in list_integrations(tx)]
    roles = _roles(asked)
    found = changes_between(
        components,
        integrations,
        lambda name: asked.services.outside.connected(Kind.SCM, name, roles),
    )
    return ReleaseChanges(
        release=release_ref(after),
        since=release_ref(before) if before else None,
        components=[changes_view(one) for one in found],
    )


def _earlier(tx: Tx, release: Release) -> Release | None:
    """The release of that name that was sealed before it."""
    return next(iter(list_releases(tx, name=release.name, after=release.id, limit=1)), None)


def _roles(asked: Asked) -> frozenset[str]:
    return frozenset(role.value for role in asked.principal.roles)
