"""Whose documents are, and what ends where their owner names them no more.

1. A document is kept by the name under which it was applied, or by nobody.
2. Nobody but its owner changes it, unless it is said that it is taken over.
3. Pruning ends what its own owner brought, and what is in no document now; never anything else.
4. What is in use refuses all of it, with every reason.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from stella.environment.document import checked_name
from stella.environment.errors import ImpossiblePrune, OwnedByAnother, PruneRefused
from stella.environment.facts import DocumentOwnerChanged
from stella.kernel import Json, Remedy
from stella.kernel.change import Change, removed
from stella.record.owners import forget_owner, list_owned, owner_of, put_owner
from stella.record.transaction import Tx

Spec: TypeAlias = Mapping[str, Json]
Key: TypeAlias = tuple[str, str]
"""Kind and name of a document."""

_REASONS_MAX = 50


def nothing(tx: Tx, name: str) -> Iterable[str]:
    """No reason."""
    del tx, name
    return ()


@dataclass(frozen=True, slots=True)
class Ending:
    """How documents of one kind end.

    listed: all of them now, by name. end: one of them. busy: why one cannot end, whatever the
    documents say. naming: which documents name it. makes_room: it ends before others are applied, which
    may take its place.
    """

    listed: Callable[[Tx], Mapping[str, Spec]]
    end: Callable[[Tx, str], None]
    busy: Callable[[Tx, str], Iterable[str]] = nothing
    naming: Callable[[Tx, str], Iterable[str]] = nothing
    makes_room: bool = False


@dataclass(frozen=True, slots=True)
class Owning:
    """For whom documents are applied. owner: None for nobody in particular.

    take_over: also what another owner keeps. prune: end what ``owner`` brought and names no more.
    endings: how each kind ends that who asks may change, in the order in which they can end.
    """

    owner: str | None = None
    take_over: bool = False
    prune: bool = False
    endings: Mapping[str, Ending] = field(default_factory=dict)


BY_HAND = Owning()


@dataclass(frozen=True, slots=True)
class _Doomed:
    kind: str
    name: str
    spec: Spec


def ending_documents(tx: Tx, owner: str, applied: Iterable[Key]) -> tuple[Key, ...]:
    """What pruning would end: kept by ``owner``, and not among what is applied."""
    named = set(applied)
    keys = ((one.kind, one.name) for one in list_owned(tx, owner))
    return tuple(key for key in keys if key not in named)


class Pruning:
    """What one call ends, from before its documents are applied until after.

    Reasons against it are collected to the end, so that one refusal names them all.
    """

    def __init__(self, tx: Tx, owning: Owning, applied: Sequence[Key]) -> None:
        """Raises ImpossiblePrune, MalformedDocument."""
        if owning.owner is not None:
            checked_name("owner", owning.owner)
        self._tx, self._owning = tx, owning
        self._reasons: list[str] = []
        self._doomed = list(self._found(applied)) if owning.prune else []

    def ends(self, kind: str) -> bool:
        """Whether a document of that kind is to end."""
        return any(self.names(kind))

    def names(self, kind: str) -> list[str]:
        """The documents of that kind that are to end."""
        return [one.name for one in self._doomed if one.kind == kind]

    def make_room(self) -> None:
        """Before anything is applied: why something cannot end; what may stand in the way goes."""
        for one in self._doomed:
            ending = self._owning.endings[one.kind]
            self._object(one, ending.busy(self._tx, one.name))
            if ending.makes_room and self._is_still_ours(one):
                ending.end(self._tx, one.name)

    def end(self) -> list[Change]:
        """After it: end the rest. Raises PruneRefused with every reason."""
        changes = []
        for kind, ending in self._owning.endings.items():
            left = [one for one in self._doomed if one.kind == kind]
            changes += [removed(one.kind, one.name, one.spec) for one in left]
            self._end_kind(ending, left)
        if self._reasons:
            raise _refused(str(self._owning.owner), self._reasons)
        return changes

    def _found(self, applied: Sequence[Key]) -> Iterator[_Doomed]:
        owner = self._owning.owner
        if owner is None:
            raise ImpossiblePrune(
                "pruning ends what one owner brought, and no owner is named",
                remedy=Remedy("Say whose documents these are: --owner NAME."),
            )
        if not applied:
            raise ImpossiblePrune(
                f"there is no document: pruning would end all that {owner} ever brought",
                remedy=Remedy("Look whether these are the right files."),
                owner=owner,
            )
        listed = {kind: one.listed(self._tx) for kind, one in self._owning.endings.items()}
        for kind, name in ending_documents(self._tx, owner, applied):
            if kind not in listed:
                self._reasons.append(f"{kind} {name}: who asks may not end it")
            elif name in listed[kind]:
                yield _Doomed(kind, name, listed[kind][name])

    def _end_kind(self, ending: Ending, left: list[_Doomed]) -> None:
        """In whatever order they let each other go."""
        if ending.makes_room:
            for one in left:
                self._object(one, ending.naming(self._tx, one.name))
            return
        while left:
            free = [one for one in left if not any(ending.naming(self._tx, one.name))]
            for one in free:
                if self._is_still_ours(one):
                    ending.end(self._tx, one.name)
            left = [one for one in left if one not in free]
            if not free:
                break
        for one in left:
            self._object(one, ending.naming(self._tx, one.name))

    def _is_still_ours(self, one: _Doomed) -> bool:
        """Another owner may have taken it over since it was listed; from now on nobody does."""
        now = owner_of(self._tx, one.kind, one.name, lock=True)
        if now != self._owning.owner:
            self._object(one, [f"it is kept by {now or 'nobody'} now"])
        return now == self._owning.owner

    def _object(self, one: _Doomed, reasons: Iterable[str]) -> None:
        self._reasons += [f"{one.kind} {one.name}: {why}" for why in reasons]


def claim_documents(tx: Tx, changes: Sequence[Change], owning: Owning) -> list[Change]:
    """Note whose these documents are from now on; the changes, with those of owners.

    What is applied by nobody in particular and changes nothing stays its owner's.
    Raises OwnedByAnother, which names each that is.
    """
    known = {(one.kind, one.name): one.owner for one in list_owned(tx)}
    claimed, taken = [], []
    for one in changes:
        before = known.get((one.kind, one.name))
        if before is not None and one.change == "created":
            forget_owner(tx, one.kind, one.name)  # it was another's by the same name
            before = None
        is_let_be = owning.owner is None and one.change == "unchanged" and not owning.take_over
        if before == owning.owner or is_let_be:
            claimed.append(one)
            continue
        if before is not None and not owning.take_over:
            taken.append(f"{one.kind} {one.name} is kept by {before}")
        claimed.append(_claim(tx, one, before, owning.owner))
    if taken:
        raise OwnedByAnother(
            _listed("; ".join(taken[:_REASONS_MAX]), len(taken)),
            remedy=Remedy("Change it where its owner keeps it, or take it over: --take-over."),
            documents=taken[:_REASONS_MAX],
        )
    return claimed


def _claim(tx: Tx, one: Change, before: str | None, after: str | None) -> Change:
    if after is None:
        forget_owner(tx, one.kind, one.name)
    else:
        put_owner(tx, one.kind, one.name, after)
    tx.add(DocumentOwnerChanged(f"{one.kind}/{one.name}", after, before))
    change = "updated" if one.change == "unchanged" else one.change
    return replace(one, change=change, diff=(*one.diff, ("owner", before, after)))


def _refused(owner: str, reasons: list[str]) -> PruneRefused:
    return PruneRefused(
        _listed(
            f"{owner} names no more what cannot end: {'; '.join(reasons[:_REASONS_MAX])}",
            len(reasons),
        ),
        remedy=Remedy(
            "Leave it in the documents, or end what uses it first; what shall stay by hand is"
            " applied with --take-over and no owner."
        ),
        owner=owner,
        reasons=reasons[:_REASONS_MAX],
    )


def _listed(text: str, count: int) -> str:
    return f"{text}; and {count - _REASONS_MAX} more" if count > _REASONS_MAX else text
