"""Checks of the lifecycle by which a decision went: it was applied so, and is the one of this release."""

import msgspec
from msgspec import UNSET

from stella.environment.lifecycles.model import Lifecycle, taken_among
from stella.evidence import names
from stella.evidence.reading import DoesNotHold, Reading, expect
from stella.evidence.told import Told, place_of
from stella.evidence.verify_facts import PacketFact
from stella.promotion.gates.phases import places_before, read_lifecycle
from stella.promotion.model import DecisionInput


def check_lifecycles(given: DecisionInput, told: Told) -> None:
    """All that were applied and not ended were looked at, as they were, and the release's own was taken.

    A lifecycle in no row any more would otherwise let its releases go by another, or by none.
    """
    known = () if given.lifecycles is UNSET else given.lifecycles
    there = _in_force(told)
    looked_at = {one.name: one.document for one in known}
    for name in sorted(there.keys() | looked_at.keys()):
        if name not in looked_at:
            said = f"the lifecycle {name} was applied, and the decision knows of none of that name"
            raise DoesNotHold(said, place_of(there[name]))
        if name not in there:
            raise DoesNotHold(f"no fact tells how {name} was applied", names.FACTS)
        said_spec = there[name].data.get("spec")
        expect(said_spec, looked_at[name], f"the lifecycle {name}", names.DECISION_INPUT)
    channel = None if given.release.channel is UNSET else given.release.channel
    takes = taken_among({one.name: (one.channels, one.default) for one in known}, channel)
    asked = given.environment.lifecycle
    taken = None if asked is UNSET else asked.name
    expect(takes, taken, "the lifecycle that the release takes", names.DECISION_INPUT)


def _in_force(told: Told) -> dict[str, PacketFact]:
    """Name -> how it was applied last, of those that were not ended since."""
    there: dict[str, PacketFact] = {}
    for fact in sorted(told.facts, key=lambda one: one.position):
        if fact.kind == "LifecycleApplied":
            there[fact.subject] = fact
        elif fact.kind == "LifecycleDeleted":
            there.pop(fact.subject, None)
    return there


def check_lifecycle(reading: Reading, told: Told) -> None:
    """Its document, its channel, the environments it was asked about, and who asked for a hotfix.

    That the release succeeded in them is proven as other deployments are.
    """
    given = reading.given
    channel = None if given.release.channel is UNSET else given.release.channel
    sealed = told.the("ReleaseSealed", given.release.id, "what the release is")
    expect(sealed.data.get("channel"), channel, "the channel", names.DECISION_INPUT)
    asked = given.environment.lifecycle
    if asked is UNSET:
        return
    applied = told.of("LifecycleApplied", asked.name)
    if not applied:
        raise DoesNotHold(f"no fact tells how {asked.name} was applied", names.FACTS)
    said = applied[-1].data.get("spec")
    expect(said, asked.document, f"the lifecycle {asked.name}", names.DECISION_INPUT)
    for over in told.of("LifecycleDeleted", asked.name):
        if over.position > applied[-1].position:
            raise DoesNotHold(f"the lifecycle {asked.name} was no more", place_of(over))
    lifecycle = _read(reading)
    if channel not in lifecycle.taken_by and not lifecycle.default:
        detail = f"releases of the channel {channel} do not take {asked.name}"
        raise DoesNotHold(detail, names.LIFECYCLE)
    wanted = [name for _, name in places_before(lifecycle, given.environment.name)]
    found = [one.environment for one in asked.places]
    expect(list(wanted), list(found), "the environments before it", names.DECISION_INPUT)
    request = told.the("PromotionRequested", given.promotion, "who asked")
    is_hotfix = asked.hotfix is not UNSET
    expect(is_hotfix, request.data.get("hotfix", False), "a hotfix", place_of(request))


def _read(reading: Reading) -> Lifecycle:
    try:
        return read_lifecycle(reading.content(names.LIFECYCLE))
    except msgspec.MsgspecError as error:
        raise DoesNotHold(f"it cannot be read: {str(error)[:200]}", names.LIFECYCLE) from None
