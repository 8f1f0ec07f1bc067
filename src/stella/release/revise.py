"""Give a release other variables: a revision of the same digests, never a change of one that was."""

from stella.kernel import Remedy, time_text
from stella.record.transaction import Tx
from stella.release.errors import NothingToRevise, UnknownRevision
from stella.release.facts import ReleaseRevised
from stella.release.model import Release, Revision, variables_digest
from stella.release.store import (
    find_release,
    insert_revision,
    set_revision,
    variables_of_revision,
)
from stella.release.variables.model import Variable
from stella.release.variables.sets import chosen_for

_REVISIONS_MAX = 1000
_REASON_CHARACTERS_MAX = 2000


def revise_release(tx: Tx, name: str, *, reason: str, like: int | None = None) -> Release:
    """Take the variables as they are applied now, or those that revision ``like`` had.

    What waits for approvals has another plan then, and is judged on it.

    Raises UnknownRelease, UnknownRevision, NothingToRevise.
    """
    found = find_release(tx, name, lock=True)
    variables = (
        chosen_for(tx, found.name, found.channel)
        if like is None
        else _variables_of(tx, found, like)
    )
    if variables == found.variables:
        raise NothingToRevise(
            f"{found.name} {found.version} has these variables already, in revision"
            f" {found.revision}",
            remedy=Remedy("Change the variables first.", command="stella apply -f FILE"),
            release=found.id,
            revision=found.revision,
        )
    if found.revision >= _REVISIONS_MAX or len(reason) > _REASON_CHARACTERS_MAX:
        raise NothingToRevise(
            f"a release has {_REVISIONS_MAX} revisions at most, each with a reason of"
            f" {_REASON_CHARACTERS_MAX} characters at most",
            remedy=Remedy("Seal another release of the same images."),
            release=found.id,
            revision=found.revision,
        )
    digest, number = variables_digest(variables).text, found.revision + 1
    value = Revision(number, len(variables), digest, time_text(tx.now), tx.actor, reason)
    insert_revision(tx, found.id, value, variables)
    set_revision(tx, found.id, number, variables)
    tx.add(ReleaseRevised(found.id, number, digest, reason))
    return find_release(tx, found.id)


def _variables_of(tx: Tx, release: Release, number: int) -> tuple[Variable, ...]:
    found = variables_of_revision(tx, release.id, number)
    if found is None and number == 1:
        return ()  # sealed when there were none
    if found is None:
        raise UnknownRevision(
            f"{release.name} {release.version} has no revision {number}",
            remedy=Remedy("List them.", command=f"stella release revisions {release.id}"),
            release=release.id,
            revision=release.revision,
        )
    return found
