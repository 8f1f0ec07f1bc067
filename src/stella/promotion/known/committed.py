"""Who committed what a promotion brings into its environment, as far as that was recorded."""

from collections.abc import Iterable, Iterator

import msgspec

from stella.blob import Blobs
from stella.environment.model import Environment, Excluded
from stella.identity import people
from stella.identity.addresses import addresses_of, users_by_address
from stella.kernel import Unknown
from stella.promotion.model import AuthorInput, CommitsInput, Person
from stella.promotion.store import running_in
from stella.record.transaction import Tx
from stella.release.authors import Author, Between
from stella.release.commits import Recorded, between, recorded
from stella.release.model import Release
from stella.release.source import Source, source_of_component
from stella.release.store import find_release

_ASK = (
    "It is asked for by itself; give an integration of the kind scm that leads to the repository."
)
_LABEL = "Build the image with the labels of its source and revision."
_FIRST = "Let it go there once by a rule that does not ask, or by break-glass."


def asks_for_authors(environment: Environment) -> bool:
    """Whether a rule does not take the word of who committed."""
    return any(Excluded.COMMIT_AUTHORS in one.exclude for one in environment.approvals)


def commits_input(
    tx: Tx, blobs: Blobs, environment: Environment, release: Release
) -> tuple[CommitsInput, ...]:
    """Of each component that becomes another there: who committed it, or why that is not known."""
    made = [_component(tx, name, what) for name, what in brought(tx, blobs, environment, release)]
    owners = users_by_address(tx, {one.address for _, known in made for one in known})
    shown = people(tx, owners.values())
    return tuple(
        msgspec.structs.replace(
            said,
            authors=tuple(
                AuthorInput(
                    one.address,
                    one.name,
                    one.commits,
                    Person(owners[one.address], shown[owners[one.address]].name)
                    if one.address in owners
                    else None,
                )
                for one in known
            ),
        )
        for said, known in made
    )


def brought(
    tx: Tx, blobs: Blobs, environment: Environment, release: Release
) -> Iterator[tuple[str, Between | tuple[str, str]]]:
    """Component -> which commits it brings; or why that is not known, and what mends it.

    What runs there already brings nothing, and is left out.
    """
    last = running_in(tx, environment.name)
    running = find_release(tx, last.release).components if last is not None else ()
    here = {one.name: one for one in running}
    for component in release.components:
        before = here.get(component.name)
        if before is None:
            yield component.name, ("it never ran there, so that all of it is new", _FIRST)
            continue
        if before.digest == component.digest:
            continue
        old, new = (source_of_component(tx, blobs, one) for one in (before, component))
        if not isinstance(new, Source):
            yield component.name, (new.reason, _LABEL)
        elif not isinstance(old, Source):
            yield component.name, (f"of what runs there: {old.reason}", _LABEL)
        else:
            what = between(old, new)
            if isinstance(what, Unknown):
                yield component.name, (what.reason, _FIRST)
            elif what.base != what.head:
                yield component.name, what


def unaddressed(tx: Tx, ids: Iterable[str]) -> tuple[str, ...]:
    """Those of whom nobody knows by which address they commit."""
    wanted = set(ids)
    return tuple(sorted(wanted - addresses_of(tx, wanted).keys()))


def _component(
    tx: Tx, name: str, what: Between | tuple[str, str]
) -> tuple[CommitsInput, tuple[Author, ...]]:
    if not isinstance(what, Between):
        why, fix = what
        return CommitsInput(name, why=why, fix=fix), ()
    found = recorded(tx, what)
    said = CommitsInput(name, what.repository, what.base, what.head)
    if isinstance(found, Recorded):
        return msgspec.structs.replace(said, record=found.id), found.authors
    return msgspec.structs.replace(said, why=found.reason, fix=_ASK), ()
