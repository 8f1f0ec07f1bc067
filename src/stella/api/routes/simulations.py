"""Drafts of policies: what their tests say, and what they would have said. Nothing is stored."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from stella.api.asked import Asked
from stella.api.errors import InvalidRequest
from stella.api.looking import PolicyAuthor, after_of, asking_person
from stella.api.views.base import Body, write_cursor
from stella.api.views.simulations import (
    PolicyCheckView,
    SimulationView,
    flip_view,
    skipped_view,
    test_view,
)
from stella.api.written import written_policy
from stella.deployment.store import current_deployment
from stella.environment.store import find_environment
from stella.kernel import Remedy
from stella.policy import load_bundle
from stella.policy.plain_testing import run_plain_tests
from stella.policy.testing import TEST_SUFFIX, run_policy_tests
from stella.promotion.evaluate import preview_promotion
from stella.promotion.request import promotable
from stella.promotion.simulate import Simulated, Simulation, Skipped, ask_within
from stella.promotion.store import count_promotions, list_promotions
from stella.release.store import find_release

router = APIRouter(prefix="/policies", tags=["environments"])

_TEXT_MAX = 1_000_000


class DraftText(Body):
    """text: a document of the kind Policy as YAML."""

    text: Annotated[str, Field(max_length=_TEXT_MAX)]


class Draft(Body):
    """A draft, and what to ask it about.

    files: name -> Rego, without tests. text: in its place, a document of the kind Policy as YAML.
    release and environment: one decision of now; environment alone: the release that runs there;
    neither: past decisions, the newest first, ``limit`` of them a part. of: past decisions of this
    environment alone.
    """

    files: dict[str, str] = Field(default_factory=dict)
    text: Annotated[str, Field(max_length=_TEXT_MAX)] = ""
    release: str | None = None
    environment: str | None = None
    of: str | None = None
    cursor: str | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 100


@router.post("/check")
def check_policy(asked: PolicyAuthor, body: DraftText) -> PolicyCheckView:
    """Load a draft and run its tests: rules `test_...` of files `..._test.rego`, or `tests` in plain YAML.

    Where it does not compile, that is the refusal, with the place. A minute at most: tests that were not
    asked by then are unknown.
    """
    files, plain = written_policy(body.text)
    with asked.services.simulating.turn() as turn:
        ask = ask_within(turn)
        draft = load_bundle(files, ask=ask)
        if plain is None:
            tests = run_policy_tests(files, ask=ask)
        else:
            tests = run_plain_tests(plain, "tests", ask=ask)
    return PolicyCheckView(policy=draft.digest.text, tests=[test_view(one) for one in tests])


@router.post("/simulate")
def simulate_policy(asked: PolicyAuthor, body: Draft) -> SimulationView:
    """Ask a draft about decisions, and list those of which it says something else.

    One simulation at a time, and for a minute at most: what was not asked by then is counted in ``left``.
    """
    if body.environment is None and body.release is not None:
        raise InvalidRequest(
            "a release goes with an environment",
            remedy=Remedy("Name where it shall go, too."),
        )
    files = _without_tests(written_policy(body.text)[0]) if body.text else body.files
    with asked.services.simulating.turn() as turn:
        draft = load_bundle(files, ask=turn.ask)
        simulation = Simulation(asked.services.deciding.blobs, draft, turn)
        if body.environment is not None:
            return _view(simulation, _of_now(asked, simulation, body))
        return _of_the_past(asked, simulation, body)


def _without_tests(files: Mapping[str, str]) -> dict[str, str]:
    return {name: text for name, text in files.items() if not name.endswith(TEST_SUFFIX)}


def _of_now(asked: Asked, simulation: Simulation, body: Draft) -> list[Simulated | Skipped]:
    """One decision of now: of the release that is named, or of the one that runs there."""
    assert body.environment is not None, "the caller has looked"
    with asked.read() as tx:
        environment = find_environment(tx, body.environment).name
        if body.release is not None:
            release = promotable(tx, body.release)
        else:
            current = current_deployment(tx, environment)
            if current is None:
                return []
            release = find_release(tx, current.release)
        deciding = replace(asked.services.deciding, ask=simulation.turn.ask)
        decision, assembled = preview_promotion(
            tx, asking_person(asked), release, environment, deciding, hypothetical=True
        )
    return [simulation.now(assembled.given, decision)]


def _of_the_past(asked: Asked, simulation: Simulation, body: Draft) -> SimulationView:
    """A part of what was decided, and the cursor of the next; what is read is read before the asking."""
    after = after_of(body.cursor)
    with asked.read() as tx:
        rows = list_promotions(tx, environment=body.of, after=after, limit=body.limit)
        count = count_promotions(tx, environment=body.of, after=after)
    found = list(simulation.all_past(rows))
    left = count - len(found)
    stopped = simulation.stopped() if left else ""
    following = write_cursor(rows[-1].id) if left and not stopped else None
    return _view(simulation, found, left=left, stopped=stopped, following=following)


def _view(
    simulation: Simulation,
    found: Sequence[Simulated | Skipped],
    *,
    left: int = 0,
    stopped: str = "",
    following: str | None = None,
) -> SimulationView:
    judged = [one for one in found if isinstance(one, Simulated)]
    return SimulationView(
        policy=simulation.draft.digest.text,
        judged=len(judged),
        flips=[flip_view(one) for one in judged if one.flips],
        skipped=[skipped_view(one) for one in found if isinstance(one, Skipped)],
        left=left,
        stopped=stopped,
        next=following,
    )
