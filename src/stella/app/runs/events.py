"""What triggers can hear of: facts, and what services said by webhooks."""

import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Union, get_args, get_origin, get_type_hints

from stella.advisory.facts import FeedSynced
from stella.deployment import facts as deployment
from stella.environment import facts as environment
from stella.finding import facts as finding
from stella.fleet import facts as fleet
from stella.hub.delivery import Delivery
from stella.kernel import Fact, Json
from stella.plugin.contract.webhook import EndedBuild, PushedCommits
from stella.plugin.crossing import bounded_text
from stella.plugin.wire import from_wire
from stella.promotion import facts as promotion
from stella.promotion.store import find_promotion
from stella.record import StoredFact, Tx, fact_by_id
from stella.release import facts as release
from stella.release.store import find_release
from stella.tested.facts import TestResultTaken
from stella.workflow.run import facts as run
from stella.workflow.shapes import ANY, BOOL, INT, STRING, Shape
from stella.workflow.trigger.model import COMMON, EventType, Happened

_PLAIN: Mapping[Any, Shape] = {str: STRING, int: INT, bool: BOOL}
_RELEASE: Mapping[str, Shape] = {"release": STRING, "name": STRING, "version": STRING}
_TEXT_MAX = 2000
_CAUSES_MAX = 12
TOLD_MAX = 100
"""So many events of a sort one delivery can tell of: what waits behind it has its turn too."""

Look = Callable[[Tx, StoredFact], Mapping[str, Json]]


def _of_promotion(tx: Tx, fact: StoredFact) -> dict[str, Json]:
    found = find_promotion(tx, fact.subject)
    return {
        "environment": found.environment,
        "rollback": bool(found.rollback),
        **_named(tx, found.release),
    }


def _of_deployment(tx: Tx, fact: StoredFact) -> dict[str, Json]:
    return _named(tx, str(fact.data["release"]))


def _of_withdrawn(tx: Tx, fact: StoredFact) -> dict[str, Json]:
    return _named(tx, fact.subject)


def _named(tx: Tx, release_id: str) -> dict[str, Json]:
    found = find_release(tx, release_id)
    return {"release": found.id, "name": found.name, "version": found.version}


@dataclass(frozen=True, slots=True)
class _Heard:
    """A kind of fact. look: what is known beside its own data, of these shapes."""

    kind: type[Fact]
    words: str
    more: Mapping[str, Shape]
    look: Look | None = None


def _plain(kind: type[Fact], words: str) -> _Heard:
    return _Heard(kind, words, {})


def _promotion(kind: type[Fact], words: str) -> _Heard:
    more = {"environment": STRING, "rollback": BOOL, **_RELEASE}
    return _Heard(kind, words, more, _of_promotion)


def _deployment(kind: type[Fact], words: str) -> _Heard:
    return _Heard(kind, words, _RELEASE, _of_deployment)


_FACTS = (
    _plain(release.ImagePushed, "a registry reported a push; subject: the image by digest"),
    _plain(release.ReleaseSealed, "a release was made; subject: its id"),
    _Heard(release.ReleaseWithdrawn, "a release is promoted no more", _RELEASE, _of_withdrawn),
    _plain(release.ComponentVersionTold, "a component has a new version; subject: the component"),
    _plain(finding.ImageScanned, "a platform of an image was scanned"),
    _plain(finding.ScanFailed, "an image could not be scanned"),
    _plain(finding.FindingAppeared, "a finding that counts appeared in an image"),
    _plain(finding.FindingResolved, "a finding counts no more"),
    _plain(finding.FindingsMatched, "newer advisories changed the findings of an image"),
    _plain(TestResultTaken, "a test result was handed in, or found beside an image"),
    _promotion(promotion.PromotionRequested, "somebody asks for a release in an environment"),
    _promotion(promotion.PromotionApproved, "every gate passed"),
    _promotion(promotion.PromotionBlocked, "a gate said no, or could not know"),
    _promotion(promotion.PromotionRejected, "somebody said no"),
    _promotion(promotion.PromotionCancelled, "it was taken back"),
    _promotion(promotion.PromotionExpired, "it had not begun in time"),
    _promotion(promotion.PromotionDeployed, "the release runs in the environment"),
    _promotion(promotion.PromotionFailed, "its deployment did not succeed"),
    _promotion(promotion.PromotionErrored, "it could not be judged or begun"),
    _deployment(deployment.DeploymentSucceeded, "every target runs the release"),
    _deployment(deployment.DeploymentFailed, "a target refused or failed"),
    _deployment(deployment.DeploymentErrored, "it could not be carried out"),
    _plain(deployment.TakeDownSucceeded, "nothing runs in the environment any more"),
    _plain(deployment.StandingChanged, "what runs would not be let in today, or would again"),
    _plain(environment.EnvironmentHeld, "nothing goes into an environment by itself any more"),
    _plain(environment.EnvironmentResumed, "a hold of an environment has ended"),
    _plain(environment.EnvironmentEnding, "an environment is over within a day"),
    _plain(promotion.WaiverApproved, "a waiver counts from now on"),
    _plain(promotion.WaiverLapsed, "the time of a waiver is over"),
    _plain(promotion.GlassBroken, "a promotion passed though gates did not"),
    _plain(FeedSynced, "a feed of advisories has other documents"),
    _plain(fleet.AgentCameOnline, "an agent was heard, for the first time or again"),
    _plain(fleet.AgentWentOffline, "an agent is not heard any more"),
    _plain(run.RunSucceeded, "a run of a workflow went well"),
    _plain(run.RunFailed, "a step of a run said no"),
    _plain(run.RunErrored, "a run could not be done"),
    _plain(run.RunCancelled, "somebody ended a run"),
)
_HEARD: Mapping[str, _Heard] = {one.kind.__name__: one for one in _FACTS}
FROM_WEBHOOKS = frozenset({"CommitsPushed", "BuildEnded"})
"""Those that deliveries tell of, and no fact."""
HEARD = frozenset(_HEARD)
"""The kinds of facts by which runs may be started."""


def _shape(hint: Any) -> Shape:
    """Of a field of a fact, as its JSON has it. What may be null is any."""
    origin = get_origin(hint)
    if origin in {Union, types.UnionType}:
        return ANY
    if origin is tuple:
        return Shape("list", _PLAIN.get(get_args(hint)[0], ANY))
    if origin is dict:
        return Shape("map", _PLAIN.get(get_args(hint)[1], ANY))
    return _PLAIN.get(hint, STRING)  # digests, times and states are texts


def _fields(kind: type[Any], left_out: frozenset[str] = frozenset()) -> dict[str, Shape]:
    hints = get_type_hints(kind)
    names = [one.name for one in fields(kind) if one.name not in left_out]
    return {name: _shape(hints[name]) for name in names}


def _types() -> Iterator[EventType]:
    for name, one in _HEARD.items():
        own = _fields(one.kind, frozenset({"subject"}))
        yield EventType(name, one.words, {**own, **one.more})
    beside: dict[str, Shape] = {"integration": STRING}
    commits, build = _fields(PushedCommits), _fields(EndedBuild)
    yield EventType("CommitsPushed", "a forge told of a push, by a webhook", {**commits, **beside})
    yield EventType("BuildEnded", "a job told of a build's end, by a webhook", {**build, **beside})


EVENTS: Mapping[str, EventType] = {one.name: one for one in _types()}
"""Name in a trigger's ``on.event`` -> what it is."""


def happened(tx: Tx, fact: StoredFact) -> Happened:
    """A fact as triggers hear of it."""
    look = _HEARD[fact.kind].look
    data: dict[str, Json] = {
        **fact.data,
        **(look(tx, fact) if look else {}),
        "actor": fact.actor,
        "cause": fact.cause or "",
    }
    # What a fact of an older version did not have yet says nothing.
    empty = {name: shape.empty for name, shape in EVENTS[fact.kind].fields.items()}
    said = _bounded({**empty, **data})
    return Happened(
        fact.kind, fact.id, bounded_text(fact.subject), said, fact.at, _run_behind(tx, fact)
    )


def _run_behind(tx: Tx, fact: StoredFact) -> str:
    """The run of a workflow that did it; empty where none is known to have."""
    found: StoredFact | None = fact
    for _ in range(_CAUSES_MAX):
        if found is None:
            return ""
        if found.subject.startswith("run_"):
            return found.subject
        run = found.data.get("run")
        if isinstance(run, str) and run.startswith("run_"):
            return run
        found = fact_by_id(tx, found.cause) if found.cause else None
    return ""


def told(delivery: Delivery) -> Iterator[Happened]:
    """What a delivery says that triggers can hear of, beside what becomes a fact of its own."""
    said = [
        ("CommitsPushed", PushedCommits, "commits", "repository"),
        ("BuildEnded", EndedBuild, "builds", "pipeline"),
    ]
    for name, kind, part, subject in said:
        items = delivery.content.get(part) or []
        assert isinstance(items, list), "as it was written"
        for number, item in enumerate(items[:TOLD_MAX]):
            read = _bounded(asdict(from_wire(kind, item)))
            data = {**read, "integration": delivery.integration}
            key = f"{delivery.id}:{part}:{number}"
            yield Happened(name, key, str(read[subject]), data, delivery.received_at)


def _bounded(value: Any) -> Any:
    if isinstance(value, str):
        return bounded_text(str(value), _TEXT_MAX)
    if isinstance(value, dict):
        return {key: _bounded(inner) for key, inner in value.items()}
    return [_bounded(one) for one in value] if isinstance(value, list | tuple) else value


assert not any(COMMON.keys() & one.fields.keys() for one in EVENTS.values()), "a name stands twice"
