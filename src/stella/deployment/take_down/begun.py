"""What deployments began on hosts, and no take-down has taken away since: by place, not by target.

A place is an agent, a connector and a project: that is how containers are found on a host. A target's
name may stand for another place tomorrow, and what was begun at the older one runs on.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, and_, or_, select

from stella.deployment.lifecycle import TARGET_DEPLOYMENT, TargetState
from stella.deployment.store import (
    TargetDeployment,
    deployment,
    find_target,
    target_deployment,
)
from stella.environment.store import list_targets
from stella.plugin.order import Purpose
from stella.record.transaction import Tx

_CARRIED_OUT = (TargetState.SUCCEEDED.value, TargetState.FAILED.value)
_OPEN = tuple(state.value for state in TargetState if not TARGET_DEPLOYMENT.is_final(state))


def is_still_there() -> ColumnElement[bool]:
    """Of a row of ``target_deployment``: something was begun, and nothing took it away from there since.

    Without an agent that began there is nothing on the host; one that fell silent may have begun.
    """
    one, later = target_deployment.c, target_deployment.alias("later")
    taken_away = select(later.c.id).where(
        later.c.tenant == one.tenant,
        later.c.agent == one.agent,
        later.c.connector == one.connector,
        later.c.project == one.project,
        later.c.purpose == Purpose.TAKE_DOWN.value,
        later.c.state == TargetState.SUCCEEDED.value,
        later.c.id > one.id,
    )
    began = or_(
        one.state.in_(_CARRIED_OUT),
        and_(one.state == TargetState.ERRORED.value, one.started_at.is_not(None)),
    )
    return and_(one.purpose != Purpose.TAKE_DOWN.value, began, ~taken_away.exists())


def is_under_way() -> ColumnElement[bool]:
    """Of a row of ``target_deployment``: it has not ended."""
    return target_deployment.c.state.in_(_OPEN)


def begun_in(tx: Tx, environment: str) -> tuple[TargetDeployment, ...]:
    """The last that was begun at each place there and may run still: by target, then the newest first."""
    one = target_deployment.c
    query = (
        select(one.id, one.target, one.agent, one.connector, one.project)
        .join(
            deployment, and_(deployment.c.id == one.deployment, deployment.c.tenant == one.tenant)
        )
        .where(one.tenant == tx.tenant, deployment.c.environment == environment, is_still_there())
        .order_by(one.id)
    )
    newest = {
        (row["agent"], row["connector"], row["project"]): (row["id"], row["target"])
        for row in tx.rows(query)
    }
    by_age = sorted(newest.values(), reverse=True)
    return tuple(find_target(tx, name) for name, _ in sorted(by_age, key=lambda pair: pair[1]))


def begun_by_another(tx: Tx, environment: str, agent: str, project: str) -> Iterator[str]:
    """What another environment began last in that project there, whatever the connector, or begins."""
    one = target_deployment.c
    query = (
        select(one.deployment, deployment.c.environment)
        .join(
            deployment, and_(deployment.c.id == one.deployment, deployment.c.tenant == one.tenant)
        )
        .where(
            one.tenant == tx.tenant,
            one.agent == agent,
            one.project == project,
            or_(is_under_way(), is_still_there()),
        )
    )
    row = tx.row(query.order_by(one.id.desc()).limit(1))
    if row is not None and row["environment"] != environment:
        yield f"{row['deployment']} of {row['environment']} began in {project} on {agent}"


def others_at(tx: Tx, environment: str, agent: str, project: str) -> Iterator[str]:
    """Whose that place is now besides: what another environment began there last, or has as a target."""
    yield from begun_by_another(tx, environment, agent, project)
    for target in list_targets(tx):
        if (target.agent, target.project) == (agent, project) and target.environment != environment:
            yield f"{project} on {agent} is the target {target.name} of {target.environment}"
