"""Tests of policies, in Rego: every rule ``test_...`` of a file ``..._test.rego`` must be true."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stella.kernel import Outcome
from stella.policy.bundle import load_bundle
from stella.policy.engine import EngineError, evaluate_rule, new_engine

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


def run_policy_tests(files: Mapping[str, str]) -> tuple[PolicyTest, ...]:
    """Load ``files`` as a bundle and run its tests, in order of file and name.

    Raises what ``load_bundle`` raises.
    """
    load_bundle(files)
    engine = new_engine(files)
    engine.set_input_json("{}")
    return tuple(each_test(engine, files))


def each_test(engine: "Engine", files: Mapping[str, str]) -> Iterator[PolicyTest]:
    """Run each test of ``files``, which ``engine`` has read."""
    for file in sorted(name for name in files if name.endswith(TEST_SUFFIX)):
        package = _PACKAGE.search(files[file])
        for name in sorted(set(_TEST.findall(files[file]))):
            rule = f"data.{package['path'] if package else ''}.{name}"
            try:
                is_true = evaluate_rule(engine, rule) == b"true"
            except EngineError as error:
                yield PolicyTest(file, name, Outcome.UNKNOWN, f"{error.place}: {error.what}")
            else:
                yield PolicyTest(file, name, Outcome.PASS if is_true else Outcome.BLOCKED)
