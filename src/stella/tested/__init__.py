"""Was it tested? Results of tests as statements about an image, and whose word they are."""

from stella.tested.errors import (
    MalformedTestReport,
    MalformedTestResult,
    UnknownTestResult,
    UnsignedTestResult,
)
from stella.tested.hearing import HeardTested, hear_tested, read_statement, sign_tested
from stella.tested.model import TEST_RESULT, Result, Tested

__all__ = [
    "TEST_RESULT",
    "HeardTested",
    "MalformedTestReport",
    "MalformedTestResult",
    "Result",
    "Tested",
    "UnknownTestResult",
    "UnsignedTestResult",
    "hear_tested",
    "read_statement",
    "sign_tested",
]
