"""Follow a promotion or a deployment to its end; every end has its exit code."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import typer

from stella.cli.errors import WaitedTooLong
from stella.cli.output import say, show_lines
from stella.cli.waiting import follow
from stella.cli.why_report import (
    asked_people,
    deployment_lines,
    promotion_lines,
    queue_words,
    step_words,
    summary_lines,
    target_words,
)
from stella.deployment.lifecycle import DEPLOYMENT, DeploymentState
from stella.kernel import Remedy
from stella.promotion.lifecycle import ACTIVE, State

if TYPE_CHECKING:
    from stella.client import Client

PROMOTION_EXIT_CODES: Mapping[State, int] = {
    State.DEPLOYED: 0,
    State.CANCELLED: 1,
    State.SUPERSEDED: 1,
    State.BLOCKED: 6,
    State.REJECTED: 6,
    State.EXPIRED: 6,
    State.FAILED: 7,
    State.ERRORED: 7,
}
"""Every end of a promotion (a test holds that) -> how the command that waited for it ends."""

DEPLOYMENT_EXIT_CODES: Mapping[DeploymentState, int] = {
    DeploymentState.SUCCEEDED: 0,
    DeploymentState.FAILED: 7,
    DeploymentState.ERRORED: 7,
}

# What a person or trouble ended: its fact has the words.
_TOLD_BY_FACT = {
    State.REJECTED: "PromotionRejected",
    State.CANCELLED: "PromotionCancelled",
    State.EXPIRED: "PromotionExpired",
    State.SUPERSEDED: "PromotionSuperseded",
    State.ERRORED: "PromotionErrored",
}
# Facts are listed once they are sealed, which is a moment after they happened.
_SEALED_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class Way:
    """A promotion, and the deployment that it began; None where it began none."""

    promotion: Mapping[str, Any]
    deployment: Mapping[str, Any] | None


def look_at_promotion(client: "Client", promotion: str) -> Way:
    """How it stands now."""
    found = client.get(f"/promotions/{quote(promotion, safe='')}")
    deployment = found["deployment"]
    return Way(found, client.get(f"/deployments/{deployment}") if deployment else None)


def with_ending(client: "Client", way: Way) -> Way:
    """The same, and where a person or trouble ended it the fact that says why, as ``ended``."""
    kind = _TOLD_BY_FACT.get(State(way.promotion["state"]))
    if kind is None or way.deployment is not None:
        return way
    facts = follow(
        lambda: client.get("/facts", subject=way.promotion["id"], kind=kind)["items"],
        is_over=bool,
        tell=lambda _: (),
        timeout_s=_SEALED_WITHIN_S,
    )
    return Way({**way.promotion, "ended": facts[0] if facts else None}, way.deployment)


def wait_for_promotion(
    client: "Client", promotion: str, *, timeout_s: float, output: str, to: Path | None
) -> None:
    """Follow it, show how it ended, and leave with the exit code of that.

    Raises WaitedTooLong where it has not ended in time; it goes on.
    """
    try:
        way = follow(
            lambda: look_at_promotion(client, promotion),
            is_over=lambda seen: State(seen.promotion["state"]) not in ACTIVE,
            tell=_promotion_news,
            timeout_s=timeout_s,
        )
    except KeyboardInterrupt:
        say(f"{promotion} goes on without you: stella why {promotion}")
        raise
    state = State(way.promotion["state"])
    way = with_ending(client, way)
    show_lines(way.promotion, _end_lines(way), output=output, to=to)
    if state in ACTIVE:
        raise WaitedTooLong(
            f"{promotion} is {state.value} after {timeout_s:g} s",
            remedy=Remedy(
                "It goes on; look again, or wait longer with --timeout.",
                command=f"stella why {promotion}",
            ),
            promotion=promotion,
            state=state.value,
        )
    raise typer.Exit(PROMOTION_EXIT_CODES[state])


def wait_for_deployment(
    client: "Client", deployment: str, *, timeout_s: float, output: str, to: Path | None
) -> None:
    """The same for a deployment."""
    path = f"/deployments/{quote(deployment, safe='')}"
    seen = follow(
        lambda: client.get(path),
        is_over=lambda one: DEPLOYMENT.is_final(DeploymentState(one["state"])),
        tell=_deployment_news,
        timeout_s=timeout_s,
    )
    show_lines(seen, deployment_lines(seen), output=output, to=to)
    state = DeploymentState(seen["state"])
    if not DEPLOYMENT.is_final(state):
        raise WaitedTooLong(
            f"{deployment} is {state.value} after {timeout_s:g} s",
            remedy=Remedy(
                "It goes on; look again, or wait longer with --timeout.",
                command=f"stella deploy watch {deployment}",
            ),
            deployment=deployment,
            state=state.value,
        )
    raise typer.Exit(DEPLOYMENT_EXIT_CODES[state])


def _end_lines(way: Way) -> Iterator[str]:
    """What runs now, where it runs; the whole why, where it does not."""
    if State(way.promotion["state"]) is not State.DEPLOYED:
        yield from promotion_lines(way.promotion, way.deployment)
        return
    yield from summary_lines(way.promotion)
    if way.deployment is not None:
        yield from deployment_lines(way.deployment)


def _promotion_news(way: Way) -> Iterator[str]:
    promotion = way.promotion
    state = State(promotion["state"])
    if state is State.WAITING:
        asked = asked_people(promotion["decision"])
        yield from (f"{promotion['id']} waits for {one}" for one in asked)
        if asked:
            yield f"approve with: stella approve {promotion['id']} -m TEXT"
        if promotion["dueAt"]:
            yield f"{promotion['id']} is judged again at {promotion['dueAt']}"
    elif promotion["queue"]:
        yield f"{promotion['id']} {queue_words(promotion['queue'])}"
    else:
        yield f"{promotion['id']} {state.value}"
    if way.deployment is not None:
        yield from _deployment_news(way.deployment)


def _deployment_news(deployment: Mapping[str, Any]) -> Iterator[str]:
    for one in deployment["targets"]:
        yield f"{deployment['id']} {one['target']} {target_words(one)}"
    for one in deployment["steps"]:
        what = one["phase"] if one["purpose"] == "run" else "taken back"
        yield f"{deployment['id']} {what}: {one['name']} {step_words(one)}"
