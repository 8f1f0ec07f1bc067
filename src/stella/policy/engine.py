"""The Rego engine, regorus, made safe: one engine a thread, messages without stack traces.

An engine that is used from another thread than its own panics, so each thread keeps its own, by
digest of the bundle. Nothing of one question remains for the next but the parsed policy.
"""

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

from stella.kernel import Digest

if TYPE_CHECKING:
    from regorus import Engine

RESULTS = "data.stella.policy.results"
RULES = "data.stella.policy.rules"
NEEDS = "data.stella.policy.needs"

_ENGINES_MAX = 16
_UNDEFINED = '"<undefined>"'
_PLACE = re.compile(r"-->\s*(?P<place>\S+:\d+:\d+)")
_ERROR = re.compile(r"error: (?P<what>[^\n]*)")


class _Engines(threading.local):
    def __init__(self) -> None:
        self.by_digest: OrderedDict[Digest, Engine] = OrderedDict()


_engines = _Engines()


class EngineError(Exception):
    """What the engine said. place: ``file:line:column``, or "". Raised to this room only."""

    def __init__(self, what: str, place: str) -> None:
        super().__init__(what)
        self.what, self.place = what, place


class PolicyCostsTooMuch(EngineError):
    """It was stopped: too much time, memory or stack. The place is not known."""

    def __init__(self, what: str) -> None:
        super().__init__(what, "")


Ask: TypeAlias = Callable[[Digest, Mapping[str, str], Sequence[str], bytes], "list[bytes | None]"]
"""Asks a policy, as ``ask`` does here without any bound. Handed in by who has one that is bounded.

Raises EngineError."""


def new_engine(files: Mapping[str, str]) -> "Engine":
    """An engine that has read the files, for this thread only. Raises EngineError."""
    from regorus import Engine

    engine = Engine()
    # Or what a policy prints would end up on our standard error.
    engine.set_gather_prints(True)
    try:
        for name, text in sorted(files.items()):
            engine.add_policy(name, text)
    except RuntimeError as error:
        raise _told(error) from None
    return engine


def ask(
    digest: Digest, files: Mapping[str, str], rules: Sequence[str], given: bytes
) -> list[bytes | None]:
    """The value of each rule for the input ``given``, all JSON; None where there is no such rule.

    Raises EngineError where the policy breaks on this input.
    """
    kept = _engines.by_digest
    if digest not in kept:
        kept[digest] = new_engine(files)
        while len(kept) > _ENGINES_MAX:
            kept.popitem(last=False)
    kept.move_to_end(digest)
    kept[digest].set_input_json(given.decode())
    return [evaluate_rule(kept[digest], rule) for rule in rules]


def evaluate_rule(engine: "Engine", rule: str) -> bytes | None:
    """The value of ``rule``, JSON; None where there is no such rule. Raises EngineError."""
    try:
        value: str = engine.eval_rule_as_json(rule)
    except RuntimeError as error:
        if str(error).startswith("not a valid rule path"):
            return None
        raise _told(error) from None
    finally:
        engine.take_prints()
    return None if value == _UNDEFINED else value.encode()


def undefined_variable(files: Mapping[str, str], rule: str) -> EngineError | None:
    """The first variable that nothing defines, found without reaching it.

    The engine's compiler knows; its interpreter notices only when it comes by. Other complaints of
    the compiler are passed over: it does not know the whole language yet.
    """
    from regorus import Program

    try:
        Program.compile_from_modules("{}", sorted(files.items()), [rule])
    except RuntimeError as error:
        told = _told(error)
        return told if told.what.startswith("Undefined variable") else None
    return None


def builtins() -> frozenset[str]:
    """Every function that the engine brings."""
    engine = new_engine({"builtins.rego": "package b\nall := opa.runtime().builtins"})
    return frozenset(json.loads(engine.eval_rule_as_json("data.b.all")))


def _told(error: RuntimeError) -> EngineError:
    """The engine's message without source excerpt and stack trace."""
    text = str(error).partition("\n\nStack backtrace")[0]
    place, what = _PLACE.search(text), _ERROR.search(text)
    return EngineError(
        what["what"] if what else " ".join(text.split())[:200], place["place"] if place else ""
    )
