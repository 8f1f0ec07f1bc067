"""A declarative document -> a rule. Every fault is named at once."""

from collections.abc import Iterator, Mapping

import msgspec

from stella.kernel import Json, Remedy
from stella.kernel.names import BAD_NAME, NAME, nearest
from stella.notify.errors import MalformedNotification
from stella.notify.events import EVENTS
from stella.notify.model import Notification

_ENVIRONMENTS_MAX = 100
RESERVED = frozenset({"sent", "events"})
"""What stands in the API where a rule's name would."""


class _Spec(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    on: list[str]
    integration: str
    environments: list[str] = []
    include_text: bool = True
    enabled: bool = True


_KEYS = frozenset(one.encode_name for one in msgspec.structs.fields(_Spec))


def parse_notification(name: str, spec: Mapping[str, Json]) -> Notification:
    """Raises MalformedNotification with every reason."""
    unknown = sorted(set(spec) - _KEYS)
    if unknown:
        raise malformed(name, [f"unknown key spec.{one}{nearest(one, _KEYS)}" for one in unknown])
    try:
        read = msgspec.convert(spec, type=_Spec)
    except msgspec.ValidationError as error:
        raise malformed(name, [str(error)[:200]]) from None
    reasons = list(_faults(name, read))
    if reasons:
        raise malformed(name, reasons)
    return Notification(
        name=name,
        on=tuple(sorted(set(read.on))),
        integration=read.integration,
        environments=tuple(sorted(set(read.environments))),
        include_text=read.include_text,
        enabled=read.enabled,
    )


def malformed(name: str, reasons: list[str]) -> MalformedNotification:
    """The refusal of a rule."""
    return MalformedNotification(
        f"Notification {name[:80]!r} cannot be applied: {'; '.join(reasons)}",
        remedy=Remedy("Correct the document; nothing of it was applied."),
        name=name[:80],
        reasons=reasons,
    )


def _faults(name: str, read: _Spec) -> Iterator[str]:
    if not NAME.match(name):
        yield BAD_NAME
    if name in RESERVED:
        yield f"{name} is a word of the API; choose another name"
    if not read.on:
        yield "on names nothing to be told of"
    if len(read.on) > len(EVENTS):
        yield f"on names more than there is ({len(EVENTS)})"
    else:
        for one in read.on:
            if one not in EVENTS:
                yield f"on: there is no {one[:40]!r}{nearest(one[:40], EVENTS.keys())}"
    if not NAME.match(read.integration):
        yield f"integration {read.integration[:40]!r} is no name"
    if len(read.environments) > _ENVIRONMENTS_MAX:
        yield f"environments names more than {_ENVIRONMENTS_MAX}"
    else:
        yield from (
            f"environments: {one[:40]!r} is no name"
            for one in read.environments
            if not NAME.match(one)
        )
