"""The matrix: which release of which component runs where, and whether that is so on the hosts."""

from collections.abc import Iterator

from stella.api.views.base import View
from stella.api.views.looking import Looking
from stella.api.views.releases import ReleaseRef, release_ref
from stella.deployment.drift import Drift, Health, Observed, observe
from stella.deployment.plan import read_plan
from stella.deployment.standing import Standing, find_standing
from stella.deployment.store import Deployment, current_deployment
from stella.environment.freeze import holding_freezes
from stella.environment.freeze_rules import is_frozen_by_rule
from stella.environment.hold import holds
from stella.environment.store import list_environments
from stella.fleet.presence import reported_running
from stella.kernel import Digest, time_text
from stella.promotion.lifecycle import ACTIVE, State
from stella.promotion.queue import now_deploying
from stella.promotion.store import Promotion, list_promotions
from stella.record import head_position
from stella.release.store import find_release


class StandingView(View):
    """Whether what runs there would be let in today. outcome: pass, blocked or unknown."""

    outcome: str
    reasons: list[str]
    at: str


class ColumnView(View):
    """One environment of the matrix. held: nothing goes there by itself now.

    standing: null where nothing runs, or for a time in the past.
    """

    name: str
    order: int
    frozen: bool
    held: bool
    standing: StandingView | None


class CellView(View):
    """One component in one environment. running: containers. detail: what differs, for people."""

    environment: str
    component: str
    release: ReleaseRef
    digest: str
    deployment: str
    at: str
    health: Health
    drift: Drift
    running: int
    detail: str
    blocked: str | None
    in_progress: str | None


class MatrixView(View):
    """The whole. revision: the place in the chain of facts that it was read at."""

    environments: list[ColumnView]
    components: list[str]
    cells: list[CellView]
    pending: dict[str, str]
    revision: int


_WORST_DRIFT = (Drift.DRIFTED, Drift.UNKNOWN, Drift.NONE)
_WORST_HEALTH = (Health.UNHEALTHY, Health.UNKNOWN, Health.HEALTHY)


def matrix_view(looking: Looking, at: str | None = None) -> MatrixView:
    """What runs where now, or what had been deployed at the time ``at``.

    What the agents see is not kept: for a time in the past, drift and health are unknown.
    """
    tx = looking.tx
    columns: list[ColumnView] = []
    cells: list[CellView] = []
    pending: dict[str, str] = {}
    held = holds(tx)
    for order, environment in enumerate(list_environments(tx)):
        name = environment.name
        frozen = bool(holding_freezes(tx, name, at)) or is_frozen_by_rule(
            tx, name, at or time_text(tx.now)
        )
        deployment = current_deployment(tx, name, at)
        stands = find_standing(tx, name) if at is None and deployment is not None else None
        is_of_it = (
            stands is not None and deployment is not None and stands.deployment == deployment.id
        )
        columns.append(
            ColumnView(
                name=name,
                order=order,
                frozen=frozen,
                held=at is None and name in held,
                standing=_standing(stands) if stands is not None and is_of_it else None,
            )
        )
        latest = _latest(looking, name) if at is None else None
        if latest is not None and latest.state in ACTIVE:
            pending[name] = latest.id
        if deployment is not None:
            cells += _cells(looking, deployment, latest, is_past=at is not None)
    return MatrixView(
        environments=columns,
        components=sorted({cell.component for cell in cells}),
        cells=cells,
        pending=pending,
        revision=head_position(tx),
    )


def _standing(value: Standing) -> StandingView:
    return StandingView(outcome=value.outcome.value, reasons=list(value.reasons), at=value.at)


def _latest(looking: Looking, environment: str) -> Promotion | None:
    """What is being deployed there, or else what was asked for last."""
    deploying = now_deploying(looking.tx, environment)
    if deploying is not None:
        return deploying
    found = list_promotions(looking.tx, environment=environment, limit=1)
    return found[0] if found else None


def _cells(
    looking: Looking, deployment: Deployment, latest: Promotion | None, *, is_past: bool
) -> Iterator[CellView]:
    release = find_release(looking.tx, deployment.release)
    plan = read_plan(looking.blobs.get(Digest(deployment.plan)))
    seen: dict[str, list[Observed]] = {}
    for target in plan.targets:
        parts = (
            observe(target, None, why_not="what ran then was not kept")
            if is_past
            else observe(target, reported_running(looking.tx, target.agent, target.project))
        )
        for one in parts:
            seen.setdefault(one.component, []).append(one)
    is_blocked = latest is not None and latest.state is State.BLOCKED
    for component in release.components:
        observed = seen.get(component.name, [])
        yield CellView(
            environment=deployment.environment,
            component=component.name,
            release=release_ref(release),
            digest=component.digest,
            deployment=deployment.id,
            at=deployment.ended_at or deployment.started_at,
            health=next(
                (it for it in _WORST_HEALTH if it in {one.health for one in observed}),
                Health.UNKNOWN,
            ),
            drift=next(
                (it for it in _WORST_DRIFT if it in {one.drift for one in observed}),
                Drift.UNKNOWN,
            ),
            running=sum(one.running for one in observed),
            detail="; ".join(dict.fromkeys(one.detail for one in observed if one.detail)),
            blocked=latest.id if latest is not None and is_blocked else None,
            in_progress=latest.id if latest is not None and latest.state in ACTIVE else None,
        )
