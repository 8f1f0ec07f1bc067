"""The credential broker: a reference becomes its secret at the last moment, for one use.

What was read is kept for a short while, so that a busy hour does not become the store's; of a
thousand who ask at once, one asks the store. What a store made for us (a lease) is read once for all
of its fields, kept until shortly before its end, and given back when it is used no more.
"""

from collections.abc import Callable, Collection
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from stella.hub.reference import Reference, parse_reference
from stella.kernel import Now, StellaError
from stella.plugin.contract.secret_store import Secret

KEEP_S = 60
_BEFORE_END = timedelta(seconds=30)
# Who was handed a credential a moment ago may be logging in with it.
_GRACE = timedelta(seconds=60)
_KEPT_MAX = 10_000
# What was read so shortly ago would read the same again.
_FRESH = timedelta(seconds=10)

Read = Callable[[Reference], Secret]
"""Reads a secret where it lies. Raises UnresolvedReference and what a secret store raises."""

End = Callable[[Reference, str], None]
"""Ends a lease that reading that reference made. Raises what a secret store raises."""


@dataclass(frozen=True, slots=True)
class _Kept:
    secret: Secret
    until: datetime
    read_at: datetime
    is_renewed: bool = False


def _nothing_to_end(_reference: Reference, _lease: str) -> None:
    raise AssertionError("a lease, and nobody who ends it")


class Broker:
    """Safe for threads. read: where secrets are read. end: where leases are ended. seen: told of
    every value, so that it can be masked wherever it would show.
    """

    def __init__(
        self,
        read: Read,
        *,
        now: Now,
        seen: Callable[[str], None],
        end: End = _nothing_to_end,
        keep_s: int = KEEP_S,
    ) -> None:
        self._read = read
        self._end_lease = end
        self._now = now
        self._seen = seen
        self._keep = timedelta(seconds=keep_s)
        # By place: one read answers for every key there.
        self._kept: dict[str, dict[str | None, _Kept]] = {}
        self._asked: dict[str, Future[dict[str | None, Secret]]] = {}
        # Of leases that are used no more: when each is due to be given back.
        self._due: dict[tuple[Reference, str], datetime] = {}
        # Who has something read anew after it was refused: one at a time for each place.
        self._turns: dict[str, Lock] = {}
        self._lock = Lock()

    def secret(self, reference: Reference) -> Secret:
        """The secret, at most ``keep_s`` old (a lease: until shortly before its end), never past its
        end. Raises what reading raises.
        """
        place = _place(reference)
        while True:
            with self._lock:
                kept = self._kept.get(place.text, {}).get(reference.key)
                if kept is not None and self._now() < kept.until:
                    return kept.secret
                asked = self._asked.get(place.text)
                if asked is None:
                    mine = self._asked[place.text] = Future()
            if asked is None:
                return self._ask(reference, mine)[reference.key]
            answers = asked.result()
            if reference.key in answers:
                return answers[reference.key]
            # Another key was read there, alone: it is our turn to ask.

    def forget(self, reference: Reference | None = None) -> None:
        """Read it anew at the next use: it was changed, or the other side refused it. None: all.

        What is being read at this moment is for those who wait for it already.
        """
        with self._lock:
            places = [*self._kept, *self._asked] if reference is None else [_place(reference).text]
            for place in places:
                self._drop(place, self._now() + _GRACE)
                self._asked.pop(place, None)

    def renew(self, references: Collection[Reference], since: datetime) -> bool:
        """Whether any of them is another one by now than it was then: the other side did not take it.

        One that was read a moment ago is not read again, or each refusal would be a reading. Raises
        what reading raises.
        """
        changed = False
        for reference in references:
            place = _place(reference).text
            with self._lock:
                turn = self._turns.setdefault(place, Lock())
            # Of several that are refused at once one has it read anew, and the others see that it did.
            with turn:
                changed |= self._is_another(reference, place, since)
        return changed

    def _is_another(self, reference: Reference, place: str, since: datetime) -> bool:
        """One of those that ``renew`` looks at, while nobody else looks there."""
        with self._lock:
            kept = self._kept.get(place, {}).get(reference.key)
            if kept is None or not self._is_stale(kept):
                # Somebody else was refused as well, and had it read anew meanwhile.
                return kept is not None and kept.is_renewed and kept.read_at >= since
            self._drop(place, self._now() + _GRACE)
        if self.secret(reference).value == kept.secret.value:
            return False
        with self._lock:
            for key, one in self._kept.get(place, {}).items():
                self._kept[place][key] = replace(one, is_renewed=True)
        return True

    def _is_stale(self, kept: _Kept) -> bool:
        """A lease is read anew more seldom: each reading makes one."""
        fresh = _FRESH if kept.secret.lease is None else _GRACE
        return self._now() - kept.read_at >= fresh

    def let_go(self, references: Collection[Reference]) -> None:
        """They are used no more: what a store made for them is due to be given back now."""
        with self._lock:
            for reference in references:
                self._drop(_place(reference).text, self._now())

    def owe(self, reference: Reference, lease: str) -> None:
        """A lease that nobody uses is due to be given back now: another server left it."""
        with self._lock:
            self._due[_place(reference), lease] = self._now()

    def give_back(self, *, everything: bool = False) -> tuple[StellaError, ...]:
        """End the leases that are due; everything: all, for this server ends. What was refused.

        One that cannot be ended is tried again the next time, until its store has ended it itself.
        """
        with self._lock:
            now = self._now()
            if everything:
                for place in [*self._kept]:
                    self._drop(place, now)
            due = [held for held, at in self._due.items() if everything or at <= now]
        refused = []
        for held in due:
            try:
                self._end_lease(*held)
            except StellaError as refusal:
                refused.append(refusal)
                if refusal.retry_may_help:
                    continue
            with self._lock:
                self._due.pop(held, None)
        return tuple(refused)

    def _ask(
        self, reference: Reference, mine: "Future[dict[str | None, Secret]]"
    ) -> dict[str | None, Secret]:
        place = _place(reference)
        try:
            secret = self._read(reference)
        except BaseException as error:
            with self._lock:
                self._is_still_asked(place, mine)
            mine.set_exception(error)
            raise
        answers: dict[str | None, Secret] = {
            **{key: replace(secret, value=value) for key, value in secret.fields.items()},
            reference.key: secret,
        }
        for one in answers.values():
            self._seen(one.value)
        with self._lock:
            if self._is_still_asked(place, mine):
                self._put(place, answers)
            elif secret.lease is not None:
                self._due[place, secret.lease] = self._now() + _GRACE
        mine.set_result(answers)
        return answers

    def _put(self, place: Reference, answers: dict[str | None, Secret]) -> None:
        """Keep them. A lease that they replace goes as a whole: its fields belong together."""
        before = self._kept.get(place.text, {})
        old = {before[key].secret.lease for key in answers if key in before}
        old -= {None, *(one.lease for one in answers.values())}
        for key, one in [*before.items()]:
            if one.secret.lease in old:
                del before[key]
        for lease in old:
            assert lease is not None
            self._due[place, lease] = self._now() + _GRACE
        if sum(map(len, self._kept.values())) >= _KEPT_MAX:
            for other in [*self._kept]:
                self._drop(other, self._now() + _GRACE)
        kept = self._kept.setdefault(place.text, {})
        now = self._now()
        kept.update({key: _Kept(one, self._until(one), now) for key, one in answers.items()})

    def _drop(self, place: str, due: datetime) -> None:
        for one in self._kept.pop(place, {}).values():
            if one.secret.lease is not None:
                self._due[parse_reference(place), one.secret.lease] = due

    def _is_still_asked(self, place: Reference, mine: "Future[dict[str | None, Secret]]") -> bool:
        """Whether what was read may be kept: nobody has said meanwhile that it is to be read anew."""
        if self._asked.get(place.text) is not mine:
            return False
        del self._asked[place.text]
        return True

    def _until(self, secret: Secret) -> datetime:
        until = self._now() + self._keep
        if secret.expires_at is None:
            return until
        ends = secret.expires_at - _BEFORE_END
        # Reading a lease again makes another one: it is kept for as long as it lasts.
        return ends if secret.lease is not None else min(until, ends)


def _place(reference: Reference) -> Reference:
    """Without its key: what one read of a store answers for."""
    return replace(reference, key=None)
