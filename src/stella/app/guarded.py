"""A connector as the server uses it: each call, and each stream, through its integration's breaker."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from types import TracebackType
from typing import Any

from stella.hub import errors as hub_errors
from stella.hub.breaker import Breaker
from stella.kernel import Fault, Now, StellaError

_Stream = AbstractContextManager[Iterator[bytes]]


class Guarded:
    """A connector whose calls go through its integration's breaker. renew: whether a credential of it
    is another one by now: then what was refused for the old one is asked once more.
    """

    def __init__(
        self, made: object, breaker: Breaker, renew: Callable[[datetime], bool], now: Now
    ) -> None:
        self._made = made
        self._breaker = breaker
        self._renew = renew
        self._now = now

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._made, name)
        if not callable(found):
            return found

        def call(*given: Any, **more: Any) -> Any:
            def once() -> Any:
                return self._begun(lambda: found(*given, **more))

            since = self._now()

            def may_try_again(refusal: StellaError) -> bool:
                return _is_of_access(refusal) and self._renew(since)

            try:
                answer = once()
            except StellaError as refusal:
                if not may_try_again(refusal):
                    raise
                answer = once()
            if isinstance(answer, AbstractContextManager):
                return _GuardedStream(answer, once, self._breaker, may_try_again)
            return answer

        return call

    def _begun(self, do: Callable[[], Any]) -> Any:
        """Its answer. How a stream went is not known before it ended: until then its turn goes on."""
        self._breaker.begin()
        try:
            answer = do()
        except BaseException as error:
            self._breaker.end(error)
            raise
        if not isinstance(answer, AbstractContextManager):
            self._breaker.end()
        return answer


class _GuardedStream(AbstractContextManager[Iterator[bytes]]):
    """A stream that has begun its turn at the breaker. Nothing is sent before it is entered.

    again: the same stream anew, with a turn of its own.
    """

    def __init__(
        self,
        stream: _Stream,
        again: Callable[[], _Stream],
        breaker: Breaker,
        may_try_again: Callable[[StellaError], bool],
    ) -> None:
        self._stream = stream
        self._again = again
        self._breaker = breaker
        self._may_try_again = may_try_again
        self._failed: BaseException | None = None

    def __enter__(self) -> Iterator[bytes]:
        try:
            chunks = self._entered()
        except StellaError as refusal:
            if not self._may_try_again(refusal):
                raise
            self._stream = self._again()
            chunks = self._entered()
        return self._watched(chunks)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        try:
            is_swallowed = self._stream.__exit__(kind, error, traceback)
        except BaseException as trouble:
            if trouble is not error:
                self._failed = self._failed or trouble
            raise
        finally:
            # Where whoever reads it gave up, that is neither its trouble nor a good end.
            if self._failed is not None:
                self._breaker.end(self._failed)
            elif error is None:
                self._breaker.end()
        return is_swallowed

    def _entered(self) -> Iterator[bytes]:
        try:
            return self._stream.__enter__()
        except BaseException as error:
            self._breaker.end(error)
            raise

    def _watched(self, chunks: Iterator[bytes]) -> Iterator[bytes]:
        try:
            yield from chunks
        except GeneratorExit:
            raise
        except BaseException as error:
            self._failed = error
            raise


def _is_of_access(refusal: StellaError) -> bool:
    """Whether the other side does not let us in: nothing was done there. Our own guard's is none, nor
    is a refusal of what was asked, which another credential would not change.
    """
    is_ours = type(refusal).__module__ == hub_errors.__name__
    is_of_content = refusal.facts.get("status", 403) not in {401, 403}
    is_access = refusal.fault in {Fault.NOT_ALLOWED, Fault.NOT_AUTHENTICATED}
    return is_access and not is_ours and not is_of_content
