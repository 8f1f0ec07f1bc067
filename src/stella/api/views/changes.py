"""What was committed between two releases, as the API shows it."""

from stella.api.views.base import View
from stella.api.views.looking import Looking
from stella.api.views.releases import ReleaseRef
from stella.kernel import Unknown, time_text
from stella.plugin.contract.scm import Commit, CommitRange
from stella.release.model import Release, ReleaseComponent
from stella.release.source import ComponentChanges, Source, source_of_component

Sourced = tuple[str, Source | Unknown | None, Source | Unknown | None]
"""A component's name, and what its images before and after were built from."""


class SignatureView(View):
    """What is known of a commit's signature. signer: empty unless it is good."""

    state: str
    signer: str
    why: str


class CommitView(View):
    """One commit."""

    id: str
    parents: list[str]
    title: str
    author_name: str
    author_email: str
    committed_at: str
    signature: SignatureView


class CommitsView(View):
    """What one commit has and another has not, newest first.

    is_complete: whether they are all. dropped: how many the earlier one has that the later has not.
    """

    commits: list[CommitView]
    is_complete: bool
    dropped: int


class SourceChanges(View):
    """One component. source: the repository, as the image names it; base, head: its commits.

    commits: None where they are not known; unknown then says why.
    """

    name: str
    source: str | None
    base: str | None
    head: str | None
    integration: str | None
    repository: str | None
    commits: CommitsView | None
    unknown: str | None


class ReleaseChanges(View):
    """What was committed since another release. since: None where there is none before it."""

    release: ReleaseRef
    since: ReleaseRef | None
    components: list[SourceChanges]


def sourced(looking: Looking, before: Release, after: Release) -> list[Sourced]:
    """What the images of two releases say they were built from."""
    old = {one.name: one for one in before.components}
    new = {one.name: one for one in after.components}
    return [
        (name, _source(looking, old.get(name)), _source(looking, new.get(name)))
        for name in sorted({*old, *new})
    ]


def changes_view(one: ComponentChanges) -> SourceChanges:
    """One component's."""
    known = next((it for it in (one.after, one.before) if isinstance(it, Source)), None)
    return SourceChanges(
        name=one.name,
        source=known.url if known else None,
        base=one.before.revision if isinstance(one.before, Source) else None,
        head=one.after.revision if isinstance(one.after, Source) else None,
        integration=one.place.integration if one.place else None,
        repository=one.place.repository if one.place else None,
        commits=None if isinstance(one.commits, Unknown) else commits_view(one.commits),
        unknown=one.commits.reason if isinstance(one.commits, Unknown) else None,
    )


def commits_view(found: CommitRange) -> CommitsView:
    """Commits, for people."""
    return CommitsView(
        commits=[commit_view(one) for one in found.commits],
        is_complete=found.is_complete,
        dropped=found.dropped,
    )


def commit_view(one: Commit) -> CommitView:
    """One commit, for people."""
    return CommitView(
        id=one.id,
        parents=list(one.parents),
        title=one.title,
        author_name=one.author_name,
        author_email=one.author_email,
        committed_at=time_text(one.committed_at),
        signature=SignatureView(
            state=one.signature.state.value, signer=one.signature.signer, why=one.signature.why
        ),
    )


def _source(looking: Looking, one: ReleaseComponent | None) -> Source | Unknown | None:
    return None if one is None else source_of_component(looking.tx, looking.blobs, one)
