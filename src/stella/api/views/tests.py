"""Test results, as the API shows them."""

from stella.api.views.base import View
from stella.promotion.model import Person
from stella.tested import HeardTested
from stella.tested.store import Taken


class TestResultView(View):
    """One result. image: digest of the index or platform that was tested; document: of the statement.

    state: standing or withdrawn. source: upload or attached; by: who handed it in. signer: the issuer
    whose key signed it, by the keys of now; empty where nobody known did. passed, warned, failed: how
    many tests; failedTests: the first of them.
    """

    id: str
    image: str
    document: str
    state: str
    source: str
    by: str
    at: str
    signer: str
    is_signed: bool
    result: str
    suites: list[str]
    passed: int
    warned: int
    failed: int
    failed_tests: list[str]
    url: str
    ended_at: str | None
    reason: str


def test_result_view(one: Taken, heard: HeardTested, by: Person) -> TestResultView:
    """A result with what its statement says."""
    said = heard.said
    return TestResultView(
        id=one.id,
        image=one.image,
        document=one.document,
        state=one.state.value,
        source=one.source.value,
        by=by.name,
        at=one.at,
        signer=heard.issuer,
        is_signed=heard.is_signed,
        result=said.result.value,
        suites=list(said.suites),
        passed=said.passed,
        warned=said.warned,
        failed=said.failed,
        failed_tests=list(said.failed_tests),
        url=said.url,
        ended_at=one.ended_at,
        reason=one.reason,
    )
