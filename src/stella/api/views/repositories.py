"""Repositories that are followed, as the API shows them."""

from typing import Literal

from stella.api.views.base import View
from stella.environment.followed.model import KIND, Known
from stella.record import Tx
from stella.record.owners import list_owned, owner_of


class HeadView(View):
    """The commit that its branch named when it was last looked at. signer: empty unless verified."""

    id: str
    author: str
    title: str
    signer: str


class RefusalView(View):
    """Why its commit does not count. advice: what to do now."""

    code: str
    message: str
    advice: str


class CountedFileView(View):
    """A file whose documents count. documents: how many it has."""

    path: str
    documents: int


class RepositoryView(View):
    """A followed repository, and how it stands.

    state: waiting until it was looked at; refused and unreachable leave what was applied before.
    counted: the files that ``files`` meant in the commit that counts, in the order in which they are
    read. documents: how many it keeps. owner: who keeps its own document; ``keeps_as``: the owner of what it
    brings.
    """

    name: str
    integration: str
    repository: str
    branch: str
    files: list[str]
    kinds: list[str]
    prune: bool
    signed_commits: bool
    state: Literal["waiting", "applied", "refused", "unreachable"]
    head: HeadView | None
    applied: str | None
    applied_at: str | None
    counted: list[CountedFileView]
    checked_at: str | None
    is_asked_for: bool
    refusal: RefusalView | None
    documents: int
    keeps_as: str
    owner: str | None


def repository_view(tx: Tx, known: Known) -> RepositoryView:
    """How it stands now."""
    one, standing = known.followed, known.standing
    head = standing.head
    return RepositoryView(
        name=one.name,
        integration=one.integration,
        repository=one.repository,
        branch=one.branch,
        files=list(one.files),
        kinds=list(one.kinds),
        prune=one.prune,
        signed_commits=one.signed,
        state=standing.outcome.value,
        head=None
        if head is None
        else HeadView(id=head.id, author=head.author, title=head.title, signer=head.signer),
        applied=standing.applied,
        applied_at=standing.applied_at,
        counted=[
            CountedFileView(path=each.path, documents=each.documents) for each in standing.counted
        ],
        checked_at=standing.checked_at,
        is_asked_for=standing.asked,
        refusal=RefusalView(code=standing.code, message=standing.message, advice=standing.advice)
        if standing.code
        else None,
        documents=len(list_owned(tx, one.owner)),
        keeps_as=one.owner,
        owner=owner_of(tx, KIND, one.name),
    )
