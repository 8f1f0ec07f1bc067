"""What keeps an environment or a target from ending: what runs there, or is on its way."""

from collections.abc import Iterator

from sqlalchemy import or_, select

from stella.deployment.lifecycle import TARGET_DEPLOYMENT, TargetState
from stella.deployment.store import current_deployment, target_deployment
from stella.deployment.take_down.begun import (
    begun_by_another,
    begun_in,
    is_still_there,
    is_under_way,
)
from stella.deployment.take_down.store import open_take_down
from stella.environment.model import Target
from stella.environment.store import find_environment, target_named
from stella.promotion.exceptions.waiver_store import count_open
from stella.promotion.lifecycle import ACTIVE
from stella.promotion.store import every_promotion
from stella.record.transaction import Tx
from stella.release.store import find_release

_NAMED_MAX = 3


def environment_in_use(tx: Tx, name: str) -> Iterator[str]:
    """Why it cannot end; nobody asks for anything there until this transaction ends.

    Raises UnknownEnvironment.
    """
    find_environment(tx, name, lock=True)
    current = current_deployment(tx, name)
    if current is not None:
        release = find_release(tx, current.release)
        yield f"{release.name} {release.version} runs there"
    else:
        # Also where no target of it is there any more.
        yield from (
            f"{one.deployment} began something in {one.project} on {one.agent}"
            for one in begun_in(tx, name)[:_NAMED_MAX]
        )
    taking = open_take_down(tx, name)
    if taking is not None:
        yield f"{taking.id} takes down what runs there"
    yield from _going_there(tx, name)
    waivers = count_open(tx, name)
    if waivers:
        yield f"{waivers} waivers are asked for or count there"


def target_in_use(tx: Tx, name: str) -> Iterator[str]:
    """Why it cannot end: what a deployment began on a host, and no take-down has taken away since.

    Nor while a promotion's plan may name it. Nothing is deployed to it until this transaction ends.
    """
    found = target_named(tx, name)
    if found is not None:
        find_environment(tx, found.environment, lock=True)
        yield from _going_there(tx, found.environment)
    yield from _begun_on(tx, name)


def target_held(tx: Tx, before: Target | None, value: Target) -> Iterator[str]:
    """Why a target cannot be put to another place or environment, or be made there.

    What was begun would be left behind at the old place, where nobody looks for it; at the new one
    another environment's would be replaced. Nothing is deployed to it until this transaction ends.
    """
    if before is not None:
        find_environment(tx, before.environment, lock=True)
        yield from (f"{why} ({before.environment})" for why in _begun_on(tx, before.name))
    yield from begun_by_another(tx, value.environment, value.agent, value.project)


def _begun_on(tx: Tx, name: str) -> Iterator[str]:
    table = target_deployment.c
    query = select(table.deployment, table.state).where(
        table.tenant == tx.tenant, table.target == name, or_(is_under_way(), is_still_there())
    )
    row = tx.row(query.order_by(table.id.desc()).limit(1))
    if row is not None:
        is_final = TARGET_DEPLOYMENT.is_final(TargetState(row["state"]))
        what = "began something there" if is_final else "is under way there"
        yield f"{row['deployment']} {what}"


def _going_there(tx: Tx, environment: str) -> Iterator[str]:
    going = [one.id for one in every_promotion(tx, environment=environment, states=ACTIVE)]
    if going:
        more = f" and {len(going) - _NAMED_MAX} more" if len(going) > _NAMED_MAX else ""
        yield f"{', '.join(going[:_NAMED_MAX])}{more} under way there"
