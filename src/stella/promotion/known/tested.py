"""The test results that a decision was told of, said again from their statements. Pure."""

from typing import Any

import msgspec

from stella.promotion.model import DecisionInput, TestedInput
from stella.tested import Tested
from stella.tested.hearing import heard_by_key


def said_fields(said: Tested) -> dict[str, Any]:
    """What a statement says, as the input holds it."""
    return {
        "result": said.result.value,
        "suites": said.suites,
        "passed": said.passed,
        "warned": said.warned,
        "failed": said.failed,
        "failed_tests": said.failed_tests,
        "url": said.url,
    }


def said_again(recorded: TestedInput, content: bytes) -> TestedInput:
    """``recorded`` as its statement says it now, signed by the key that it names.

    Raises MalformedTestResult, BadSignature, MalformedEnvelope, UnusableKey.
    """
    said = heard_by_key(content, recorded.key)
    return msgspec.structs.replace(recorded, image=said.image.text, **said_fields(said))


def tests_relied_on(given: DecisionInput) -> tuple[TestedInput, ...]:
    """Every test result in the input, each once."""
    found = {
        one.id: one
        for component in given.release.components
        for scan in component.scans
        if scan.tests is not msgspec.UNSET
        for one in scan.tests.results
    }
    return tuple(found[key] for key in sorted(found))
