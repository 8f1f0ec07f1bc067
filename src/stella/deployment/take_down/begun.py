"""What deployments began on hosts, and no take-down has taken away since."""

from sqlalchemy import ColumnElement, and_, or_, select

from stella.deployment.lifecycle import TargetState
from stella.deployment.store import (
    TargetDeployment,
    deployment,
    find_target,
    target_deployment,
)
from stella.plugin.order import Purpose
from stella.record.transaction import Tx

_CARRIED_OUT = (TargetState.SUCCEEDED.value, TargetState.FAILED.value)


def is_still_there() -> ColumnElement[bool]:
    """Of a row of ``target_deployment``: something was begun, and that agent took nothing away since.

    Without an agent that began there is nothing on the host; one that fell silent may have begun.
    """
    one, later = target_deployment.c, target_deployment.alias("later")
    taken_away = select(later.c.id).where(
        later.c.tenant == one.tenant,
        later.c.target == one.target,
        later.c.agent == one.agent,
        later.c.purpose == Purpose.TAKE_DOWN.value,
        later.c.state == TargetState.SUCCEEDED.value,
        later.c.id > one.id,
    )
    began = or_(
        one.state.in_(_CARRIED_OUT),
        and_(one.state == TargetState.ERRORED.value, one.started_at.is_not(None)),
    )
    return and_(one.purpose != Purpose.TAKE_DOWN.value, began, ~taken_away.exists())


def begun_in(tx: Tx, environment: str) -> tuple[TargetDeployment, ...]:
    """The last that was begun on each target there and may run still, by name of the target."""
    one = target_deployment.c
    query = (
        select(one.id, one.target)
        .join(
            deployment, and_(deployment.c.id == one.deployment, deployment.c.tenant == one.tenant)
        )
        .where(one.tenant == tx.tenant, deployment.c.environment == environment, is_still_there())
        .order_by(one.id)
    )
    newest = {row["target"]: row["id"] for row in tx.rows(query)}
    return tuple(find_target(tx, newest[name]) for name in sorted(newest))
