"""What a statement of test results says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stella.kernel import Digest
from stella.tested.errors import malformed_result

TEST_RESULT = "https://in-toto.io/attestation/test-result/v0.1"
"""Source: github.com/in-toto/attestation/blob/main/spec/predicates/test-result.md"""

BYTES_MAX = 4 * 1024 * 1024
SUITES_MAX = 100
TESTS_MAX = 100_000
NAME_LETTERS_MAX = 500
SHOWN_MAX = 20
"""Of the tests that did not pass, so many are named; the statement has them all."""


class Result(StrEnum):
    """How it ended, as the statement says."""

    PASSED = "PASSED"
    WARNED = "WARNED"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Tested:
    """One statement. suites: the names in its ``configuration``, sorted.

    passed, warned, failed: how many tests; failed_tests: the first names of those. A statement need
    not list tests at all: then all of it is 0, and ``result`` alone counts.
    """

    image: Digest
    result: Result
    suites: tuple[str, ...]
    passed: int
    warned: int
    failed: int
    failed_tests: tuple[str, ...]
    url: str


def read_predicate(image: Digest, predicate: object) -> Tested:
    """What ``predicate`` says of ``image``. Raises MalformedTestResult."""
    said = predicate if isinstance(predicate, dict) else {}
    try:
        result = Result(said.get("result", ""))
    except ValueError:
        raise malformed_result("its result is none of PASSED, WARNED, FAILED") from None
    failed = _tests(said, "failedTests")
    if result is not Result.FAILED and failed:
        # Two readers would read it differently: one the result, the other the list.
        raise malformed_result(f"its result is {result}, and it lists tests that failed")
    warned = _tests(said, "warnedTests")
    if result is Result.PASSED and warned:
        raise malformed_result(f"its result is {result}, and it lists tests that warned")
    url = said.get("url", "")
    return Tested(
        image=image,
        result=result,
        suites=tuple(sorted(set(_suites(said)))),
        passed=len(_tests(said, "passedTests")),
        warned=len(warned),
        failed=len(failed),
        failed_tests=tuple(_shown(one) for one in failed[:SHOWN_MAX]),
        url=_shown(url) if isinstance(url, str) and url.startswith("https://") else "",
    )


def _shown(text: str) -> str:
    """As it may stand on a terminal: nothing in it moves or colours anything."""
    return "".join(one if one.isprintable() else "?" for one in text[:NAME_LETTERS_MAX])


def _suites(said: Mapping[str, Any]) -> Iterator[str]:
    listed = said.get("configuration", [])
    if not isinstance(listed, list) or len(listed) > SUITES_MAX:
        raise malformed_result(f"its configuration is no list of up to {SUITES_MAX}")
    for one in listed:
        name = one.get("name", "") if isinstance(one, dict) else None
        if not isinstance(name, str) or len(name) > NAME_LETTERS_MAX or not name.isprintable():
            raise malformed_result("its configuration holds what is no resource descriptor")
        if name:
            yield name


def _tests(said: Mapping[str, Any], key: str) -> list[str]:
    listed = said.get(key, [])
    if not isinstance(listed, list) or len(listed) > TESTS_MAX:
        raise malformed_result(f"its {key} is no list of up to {TESTS_MAX}")
    if not all(isinstance(one, str) for one in listed):
        raise malformed_result(f"its {key} holds what is no name")
    return listed
