"""What more a policy wants to be told of an image: looked up for those that ask for it alone."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from stella.kernel import Remedy
from stella.policy.engine import NEEDS, Ask, EngineError
from stella.policy.engine import ask as ask_here
from stella.policy.errors import PolicyNeedsUnknown
from stella.policy.evaluate import gate_input
from stella.policy.model import PolicyBundle


class Need(StrEnum):
    """A word of the set ``data.stella.policy.needs``, and the key of a scan that tells of it."""

    LICENCES = "licences"
    PARTIAL = "partial"
    FIXES = "fixes"
    TESTS = "tests"
    BASE = "base"


_words = msgspec.json.Decoder(list[str])


def needs_of(
    bundle: PolicyBundle,
    environment: str,
    parameters: Mapping[str, Any],
    *,
    now: str,
    ask: Ask = ask_here,
) -> frozenset[Need]:
    """What ``bundle`` wants to be told in ``environment``; all of it where it breaks on the question."""
    given = gate_input(
        environment=environment, release={}, components=(), parameters=parameters, now=now
    )
    try:
        (said,) = ask(bundle.digest, bundle.files, (NEEDS,), msgspec.json.encode(given))
        words = _words.decode(said) if said else []
    except (EngineError, msgspec.DecodeError):
        return frozenset(Need)
    return frozenset(one for one in Need if one.value in words)


def check_needs(said: bytes | None) -> None:
    """Refuse what nobody can tell. said: the set as JSON. Raises PolicyNeedsUnknown."""
    try:
        unknown = sorted(set(_words.decode(said)) - set(Need)) if said else []
    except msgspec.DecodeError as error:
        unknown = [str(error)]
    if unknown:
        raise PolicyNeedsUnknown(
            f"the policy needs what nothing tells: {unknown[0][:100]}",
            remedy=Remedy(f"Let `needs` be a set of {', '.join(Need)}."),
            unknown=unknown[0][:100],
        )
