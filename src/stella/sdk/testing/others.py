"""A feed, a router, a source of metrics, a language model and a policy pack that are played, in memory."""

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from stella.kernel import Remedy
from stella.plugin.contract.feed import FeedChanges, FeedDocument
from stella.plugin.contract.language_model import AnswerPart, GivenText, Quote, WrittenSentence
from stella.plugin.contract.metrics import Sample
from stella.plugin.contract.policy_pack import PackDocument
from stella.plugin.contract.router import Weight
from stella.plugin.refusals import BadQuery, NotSupported, NotThere, ServiceUnreachable

_PAGE = 2
_ALL = 1000
_EXPRESSION_MAX = 1000


@dataclass
class SimulatedFeed:
    """``stella.sdk.Feed``. documents: name -> content; change it as the publisher would.

    is_broken: documents break off in the middle.
    """

    documents: dict[str, bytes] = field(default_factory=dict)
    is_broken: bool = False

    def changes(self, cursor: str) -> FeedChanges:
        """Two documents a page, by name. The cursor is all that was told, as name and version."""
        known: dict[str, str] = json.loads(cursor) if cursor else {}
        now = {name: _version(content) for name, content in sorted(self.documents.items())}
        new = [name for name, version in now.items() if known.get(name) != version]
        told = {name: now[name] for name in new[:_PAGE]}
        gone = tuple(sorted(known.keys() - now.keys()))
        known = {name: version for name, version in known.items() if name in now} | told
        return FeedChanges(
            cursor=json.dumps(known, sort_keys=True),
            documents=tuple(FeedDocument(name, version) for name, version in told.items()),
            removed=gone,
            is_complete=len(new) <= _PAGE,
        )

    @contextmanager
    def document(self, name: str) -> Iterator[Iterator[bytes]]:
        """Its content in two pieces."""
        if name not in self.documents:
            raise NotThere(
                f"the feed has no document {name[:60]!r}", remedy=Remedy("Ask for its changes.")
            )
        yield self._pieces(self.documents[name])

    def check(self) -> str:
        """How many documents it has."""
        return f"a simulated feed of {len(self.documents)} documents"

    def _pieces(self, content: bytes) -> Iterator[bytes]:
        yield content[: len(content) // 2]
        if self.is_broken:
            raise ServiceUnreachable("the document broke off", remedy=Remedy("Try again."))
        yield content[len(content) // 2 :]


@dataclass
class SimulatedRouter:
    """``stella.sdk.Router``. routes: route -> backend -> permille. step: the finest division."""

    routes: dict[str, dict[str, int]]
    step: int = 1

    def weights(self, route: str) -> tuple[Weight, ...]:
        """As they are now."""
        return tuple(Weight(name, share) for name, share in sorted(self._route(route).items()))

    def set_weights(self, route: str, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
        """All of them, or none."""
        known = self._route(route)
        wanted = {one.backend: one.permille for one in weights}
        is_whole = sum(wanted.values()) == _ALL and min(wanted.values(), default=-1) >= 0
        if wanted.keys() != known.keys() or len(wanted) != len(weights) or not is_whole:
            raise _undivided("every backend is named once, and together they are 1,000")
        if any(share % self.step for share in wanted.values()):
            raise _undivided(f"it divides by {self.step} permille")
        known.update(wanted)
        return self.weights(route)

    def check(self) -> str:
        """How many routes it has."""
        return f"a simulated router of {len(self.routes)} routes"

    def _route(self, route: str) -> dict[str, int]:
        if route not in self.routes:
            raise NotThere(f"there is no route {route[:60]!r}", remedy=Remedy("Name another."))
        return self.routes[route]


@dataclass
class SimulatedMetrics:
    """``stella.sdk.MetricSource``. measured: name -> samples; an expression is a name. began: before
    it nothing was measured.
    """

    measured: dict[str, tuple[Sample, ...]]
    began: datetime

    def query(self, expression: str, at: datetime) -> tuple[Sample, ...]:
        """The samples of that name that are numbers."""
        if not expression.isidentifier() or len(expression) > _EXPRESSION_MAX:
            raise BadQuery("an expression is a name", remedy=Remedy("Write one name."))
        if at < self.began:
            return ()
        found = self.measured.get(expression, ())
        return tuple(one for one in found if math.isfinite(float(one.value)))

    def check(self) -> str:
        """How many names it has."""
        return f"simulated metrics of {len(self.measured)} names"


@dataclass
class SimulatedLanguageModel:
    """``stella.sdk.LanguageModel``. Repeats the first line of each text, and quotes it.

    asked: what it was asked, and with which texts. characters_max: what it takes of both together.
    """

    characters_max: int = 50_000
    asked: list[tuple[str, tuple[GivenText, ...]]] = field(default_factory=list)

    def write(self, question: str, texts: tuple[GivenText, ...]) -> tuple[WrittenSentence, ...]:
        """A sentence for each text that has words."""
        if len(question) + sum(len(one.text) for one in texts) > self.characters_max:
            raise NotSupported("it takes no more", remedy=Remedy("Ask about less."))
        self.asked.append((question, texts))
        lines = ((one.number, one.text.strip().partition("\n")[0]) for one in texts)
        return tuple(
            WrittenSentence(AnswerPart.WHAT_IT_IS, line, (Quote(number, line),))
            for number, line in lines
            if line
        )

    def check(self) -> str:
        """That it is none."""
        return "a simulated language model"


@dataclass(frozen=True)
class SimulatedPolicyPack:
    """``stella.sdk.PolicyPack``. texts: name of the file -> its text."""

    texts: Mapping[str, str]

    def documents(self) -> tuple[PackDocument, ...]:
        """All of them, by name."""
        return tuple(PackDocument(name, text) for name, text in sorted(self.texts.items()))


def _version(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _undivided(why: str) -> NotSupported:
    return NotSupported(f"the router cannot divide so: {why}", remedy=Remedy("Divide otherwise."))
