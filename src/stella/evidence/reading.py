"""A packet under verification: its documents, read as what they must be, and whose keys count."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from stella.evidence import names
from stella.evidence.packet import Packet
from stella.kernel import Digest, Json, canonical_json
from stella.promotion.model import Decision, DecisionInput
from stella.trust import PublicKey, TrustRoot

T = TypeVar("T", bound=msgspec.Struct)


# No refusal of a request but a verdict on its way to the one who asked: it never leaves the room.
class DoesNotHold(Exception):
    """Something in a packet is not as it must be. place: the entry."""

    def __init__(self, detail: str, place: str) -> None:
        super().__init__(detail)
        self.place = place


@dataclass(frozen=True)
class Reading:
    """A packet, and the keys by which it is judged."""

    packet: Packet
    root: TrustRoot

    def keys(self, *purposes: str) -> tuple[PublicKey, ...]:
        """The trusted keys for any of the purposes: ``evidence``, and ``evidence-2`` after a change."""
        return tuple(
            key
            for name, key in sorted(self.root.keys.items())
            if any(name == purpose or name.startswith(f"{purpose}-") for purpose in purposes)
        )

    def has(self, name: str) -> bool:
        """Whether there is such an entry."""
        return name in self.packet.entries

    def content(self, name: str) -> bytes:
        """The entry. Raises DoesNotHold where it is missing."""
        if name not in self.packet.entries:
            raise DoesNotHold("an entry is missing", name)
        return self.packet.entries[name]

    def json(self, name: str) -> Any:
        """The entry as JSON. Raises DoesNotHold."""
        try:
            return json.loads(self.content(name))
        except (ValueError, RecursionError):
            raise DoesNotHold("it is not JSON", name) from None

    def object(self, name: str) -> dict[str, Any]:
        """The entry as a JSON object. Raises DoesNotHold."""
        value = self.json(name)
        if not isinstance(value, dict):
            raise DoesNotHold("it is no JSON object", name)
        return value

    def struct(self, name: str, kind: type[T]) -> T:
        """The entry as a document of that kind, in canonical form. Raises DoesNotHold."""
        content = self.content(name)
        try:
            value = msgspec.json.decode(content, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise DoesNotHold(f"it cannot be read: {str(error)[:200]}", name) from None
        # Of what was read, not of ``value``: a field that came later must not disown old packets.
        if canonical_json(self.json(name)) != content:
            raise DoesNotHold("it is not in canonical form", name)
        return value

    @property
    def is_decided(self) -> bool:
        """Whether a decision was made at all; one that could not be judged has none."""
        return any(name.startswith("decision/") for name in self.packet.entries)

    @cached_property
    def given(self) -> DecisionInput:
        """What the decision rests on."""
        return self.struct(names.DECISION_INPUT, DecisionInput)

    @cached_property
    def decision(self) -> Decision:
        """What was decided."""
        return self.struct(names.DECISION_RECORD, Decision)

    def expect_digest(self, name: str, digest: str, of_what: str) -> None:
        """Raise DoesNotHold unless the entry has this digest."""
        found = Digest.of(self.content(name)).text
        if found != digest:
            raise DoesNotHold(f"{of_what} is {digest}, the entry is {found}", name)


def expect(wanted: Json, found: Json, what: str, place: str) -> None:
    """Raise DoesNotHold unless both are the same JSON; true is not 1."""
    if same_json(wanted, found):
        return
    raise DoesNotHold(f"{what} is {_short(found)}, not {_short(wanted)}", place)


def same_json(one: Any, other: Any) -> bool:
    """Whether two JSON values are the same, whatever the order of their keys."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def listed(values: Iterable[str]) -> str:
    """``a, b, c`` or ``none``."""
    return ", ".join(values) or "none"


def _short(value: Json) -> str:
    shown = json.dumps(value, ensure_ascii=False)
    return shown if len(shown) <= 100 else f"{shown[:97]}..."
