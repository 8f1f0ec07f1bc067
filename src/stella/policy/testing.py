"""Tests of policies, in Rego: every rule ``test_...`` of a file ``..._test.rego`` must be true."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stella.kernel import Outcome
from stella.policy.bundle import load_bundle
from stella.policy.engine import Ask, EngineError, evaluate_rule
from stella.policy.engine import ask as ask_here

if TYPE_CHECKING:
    from regorus import Engine

_PACKAGE = re.compile(r"^package\s+(?P<path>[\w.]+)", re.MULTILINE)
_TEST = re.compile(r"^(?P<name>test_\w+)", re.MULTILINE)

TEST_SUFFIX = "_test.rego"


@dataclass(frozen=True, slots=True)
class PolicyTest:
    """One test. outcome: pass; blocked where it is false; unknown where it broke, and message why."""

    file: str
    name: str
    outcome: Outcome
    message: str = ""


def run_policy_tests(files: Mapping[str, str], *, ask: Ask = ask_here) -> tuple[PolicyTest, ...]:
    """Load ``files`` as a bundle and run its tests, in order of file and name.

    ask: by which engine; the one here has no bound. Raises what ``load_bundle`` raises.
    """
    bundle = load_bundle(files, ask=ask)

    def value_of(rule: str) -> bytes | None:
        return ask(bundle.digest, bundle.files, (rule,), b"{}")[0]

    return tuple(_each_test(files, value_of))


def each_test(engine: "Engine", files: Mapping[str, str]) -> Iterator[PolicyTest]:
    """Run each test of ``files``, which ``engine`` has read."""
    return _each_test(files, lambda rule: evaluate_rule(engine, rule))


def _each_test(
    files: Mapping[str, str], value_of: Callable[[str], bytes | None]
) -> Iterator[PolicyTest]:
    for file in sorted(name for name in files if name.endswith(TEST_SUFFIX)):
        package = _PACKAGE.search(files[file])
        for name in sorted(set(_TEST.findall(files[file]))):
            rule = f"data.{package['path'] if package else ''}.{name}"
            try:
                is_true = value_of(rule) == b"true"
            except EngineError as error:
                what = f"{error.place}: {error.what}" if error.place else error.what
                yield PolicyTest(file, name, Outcome.UNKNOWN, what)
            else:
                yield PolicyTest(file, name, Outcome.PASS if is_true else Outcome.BLOCKED)
