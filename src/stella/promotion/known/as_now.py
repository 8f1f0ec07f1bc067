"""People whose word counts, as they are now where that is less than they were when they gave it."""

from collections.abc import Mapping

import msgspec

from stella.identity import Permission, may
from stella.identity.model import Person as Someone
from stella.promotion.model import Person


def as_now(
    then: Person, now: Mapping[str, Someone | None], needed: Permission | None = None
) -> Person | msgspec.UnsetType | None:
    """Somebody as they are among ``now``; unset where that is the same, or they are no user.

    None for who is gone, or may no more do what is ``needed``. A role that somebody came by later adds
    nothing to what they said then.
    """
    if then.id not in now:
        return msgspec.UNSET
    found = now[then.id]
    if found is None or (needed is not None and not may(found, needed)):
        return None
    roles = tuple(role.value for role in found.roles if role.value in then.roles)
    is_same = (found.name, {*roles}) == (then.name, {*then.roles})
    return msgspec.UNSET if is_same else Person(found.id, found.name, roles)
