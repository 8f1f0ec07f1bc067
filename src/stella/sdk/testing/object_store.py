"""An object store in memory, for tests: it passes the kit that the connectors of real ones pass."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from stella.kernel import Remedy
from stella.plugin.contract.object_store import StoredObject
from stella.plugin.refusals import NotThere, ServiceRefused, ServiceUnreachable
from stella.sdk.object_keys import KEY_ADVICE, key_fault, question_fault

_CHUNK = 65_536


@dataclass(slots=True)
class SimulatedObjectStore:
    """``stella.sdk.ObjectStore`` in memory.

    now: the clock that objects are stamped by. is_out: it cannot be reached. is_shut: it lets nobody
    in. objects: key -> content and time.
    """

    now: Callable[[], datetime]
    is_out: bool = False
    is_shut: bool = False
    objects: dict[str, tuple[bytes, datetime]] = field(default_factory=dict, repr=False)
    _lock: Lock = field(default_factory=Lock, repr=False)

    def put(self, key: str, content: bytes) -> None:
        """Store."""
        self._let_in(key_fault(key))
        with self._lock:
            self.objects[key] = (bytes(content), self.now())

    def put_new(self, key: str, content: bytes) -> bool:
        """Store where nothing is there."""
        self._let_in(key_fault(key))
        with self._lock:
            if key in self.objects:
                return False
            self.objects[key] = (bytes(content), self.now())
            return True

    @contextmanager
    def get(self, key: str) -> Iterator[Iterator[bytes]]:
        """In chunks."""
        self._let_in(key_fault(key))
        with self._lock:
            found = self.objects.get(key)
        if found is None:
            raise NotThere(
                f"the simulated store has no object {key}", remedy=Remedy("Put it there.")
            )
        content = found[0]
        yield (content[at : at + _CHUNK] for at in range(0, len(content), _CHUNK))

    def stat(self, key: str) -> StoredObject | None:
        """What is known of it."""
        self._let_in(key_fault(key))
        with self._lock:
            found = self.objects.get(key)
        return None if found is None else StoredObject(key, len(found[0]), found[1])

    def list(self, prefix: str, after: str, limit: int) -> tuple[StoredObject, ...]:
        """By key."""
        self._let_in(question_fault(prefix, after, limit))
        with self._lock:
            keys = sorted(one for one in self.objects if one.startswith(prefix) and one > after)
            return tuple(
                StoredObject(one, len(self.objects[one][0]), self.objects[one][1])
                for one in keys[:limit]
            )

    def delete(self, key: str) -> None:
        """Remove."""
        self._let_in(key_fault(key))
        with self._lock:
            self.objects.pop(key, None)

    def check(self) -> str:
        """That it is simulated."""
        self._let_in("")
        return "simulated store"

    def _let_in(self, fault: str) -> None:
        if fault:
            raise ServiceRefused(fault, remedy=Remedy(KEY_ADVICE))
        if self.is_out:
            raise ServiceUnreachable(
                "the simulated store cannot be reached", remedy=Remedy("Set `is_out` to False.")
            )
        if self.is_shut:
            raise ServiceRefused(
                "the simulated store lets nobody in", remedy=Remedy("Set `is_shut` to False.")
            )
