"""Whether a refusal tells a secret, or anything that hangs on it does."""

import json
import traceback
from collections.abc import Iterable, Iterator

from stella.kernel import StellaError

_PART = 10
"""So many letters of a secret are a part of it."""


def untold(refusal: StellaError, secrets: Iterable[str]) -> None:
    """Hold that no part of the ``secrets`` stands in the refusal, and that it gives a remedy."""
    assert refusal.remedy.advice, refusal
    told = "\n".join(_texts(refusal))
    for secret in secrets:
        for start in range(max(1, len(secret) - _PART + 1)):
            part = secret[start : start + _PART]
            assert part not in told, f"{type(refusal).__name__} tells a part of a secret"


def _texts(refusal: StellaError) -> Iterator[str]:
    yield json.dumps(refusal.problem(), ensure_ascii=False)
    yield "".join(traceback.format_exception(refusal))
    # Also what no traceback shows, but a log that looks deeper would.
    waiting: list[BaseException | None] = [refusal]
    seen: set[int] = set()
    while waiting:
        at = waiting.pop()
        if at is None or id(at) in seen:
            continue
        seen.add(id(at))
        yield f"{at!s} {at!r} {at.args!r} {vars(at)!r}"
        waiting += [at.__cause__, at.__context__]
