"""What a draft of a policy would have said: nothing is stored, nothing changes."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from stella.api.asked import Asked
from stella.api.errors import InvalidRequest
from stella.api.looking import PolicyAuthor, after_of, asking_person, look
from stella.api.views.base import Body, write_cursor
from stella.api.views.simulations import SimulationView, flip_view, skipped_view
from stella.deployment.store import current_deployment
from stella.environment.store import find_environment
from stella.kernel import Remedy
from stella.policy import load_bundle
from stella.promotion.evaluate import preview_promotion
from stella.promotion.request import promotable
from stella.promotion.simulate import BROKEN_MAX, Simulated, Simulation, Skipped
from stella.promotion.store import list_promotions
from stella.record import Tx
from stella.release.store import find_release

router = APIRouter(prefix="/policies", tags=["environments"])


class Draft(Body):
    """A draft, and what to ask it about.

    files: name -> Rego, without tests. release and environment: one decision of now; environment alone:
    the release that runs there; neither: past decisions, the newest first, ``limit`` of them a part.
    of: past decisions of this environment alone.
    """

    files: dict[str, str]
    release: str | None = None
    environment: str | None = None
    of: str | None = None
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


@router.post("/simulate")
def simulate_policy(asked: PolicyAuthor, body: Draft) -> SimulationView:
    """Ask a draft about decisions, and list those of which it says something else."""
    deciding = asked.services.deciding
    draft = load_bundle(body.files, ask=deciding.ask)
    simulation = Simulation(deciding.blobs, draft, deciding.ask)
    with asked.read() as tx:
        if body.environment is None and body.release is not None:
            raise InvalidRequest(
                "a release goes with an environment",
                remedy=Remedy("Name where it shall go, too."),
            )
        if body.environment is not None:
            found, following = _of_now(asked, tx, simulation, body), None
        else:
            found, following = _of_the_past(tx, simulation, body)
    judged = [one for one in found if isinstance(one, Simulated)]
    return SimulationView(
        policy=draft.digest.text,
        judged=len(judged),
        flips=[flip_view(one) for one in judged if one.flips],
        skipped=[skipped_view(one) for one in found if isinstance(one, Skipped)],
        stopped=f"the draft broke on {BROKEN_MAX} decisions" if simulation.is_hopeless else "",
        next=following,
    )


def _of_now(asked: Asked, tx: Tx, simulation: Simulation, body: Draft) -> list[Simulated | Skipped]:
    """One decision of now: of the release that is named, or of the one that runs there."""
    assert body.environment is not None, "the caller has looked"
    environment = find_environment(tx, body.environment).name
    if body.release is not None:
        release = promotable(tx, body.release)
    else:
        current = current_deployment(tx, environment)
        if current is None:
            return []
        release = find_release(tx, current.release)
    looking = look(asked, tx)
    decision, assembled = preview_promotion(
        tx, asking_person(asked), release, environment, looking.deciding
    )
    return [simulation.now(assembled.given, decision)]


def _of_the_past(
    tx: Tx, simulation: Simulation, body: Draft
) -> tuple[list[Simulated | Skipped], str | None]:
    """A part of what was decided, and the cursor of the next."""
    rows = list_promotions(tx, environment=body.of, after=after_of(body.cursor), limit=body.limit)
    found: list[Simulated | Skipped] = []
    for one in rows:
        found.append(simulation.past(one))
        if simulation.is_hopeless:
            return found, None
    return found, write_cursor(rows[-1].id) if len(rows) == body.limit else None
