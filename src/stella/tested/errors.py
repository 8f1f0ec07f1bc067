"""Refusals of test results and of the reports that they are made of."""

from stella.kernel import Fault, Remedy, StellaError


class MalformedTestReport(StellaError):
    """A file that should be a report of tests as JUnit writes it is none, or is larger than is read."""

    code = "ST-TST-001"


class MalformedTestResult(StellaError):
    """A document that should be a statement of test results is none, or is larger than is read."""

    code = "ST-TST-002"


class UnknownTestResult(StellaError):
    """There is no such test result, or it counts no more."""

    code = "ST-TST-003"
    fault = Fault.NOT_FOUND


class UnsignedTestResult(StellaError):
    """What nobody signed is not attached to an image: it would count for nobody."""

    code = "ST-TST-004"


def malformed_report(why: str) -> MalformedTestReport:
    """The refusal of a report: why."""
    return MalformedTestReport(
        f"it is no report of tests: {why}",
        remedy=Remedy("Give the JUnit XML that your test runner writes."),
    )


def malformed_result(why: str) -> MalformedTestResult:
    """The refusal of a statement: why."""
    return MalformedTestResult(
        f"it is no statement of test results: {why}",
        remedy=Remedy(
            "Make one of your test runner's report.", command="stella test-result create"
        ),
    )
