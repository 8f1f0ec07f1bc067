"""What happens to test results."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class TestResultTaken(Fact):
    """A result was handed in, or found beside an image. subject: its id here.

    image: digest of the image that was tested. document: digest of the statement's bytes. result: as it
    says itself. source: "upload" or "attached".
    """

    __test__ = False  # no class of tests, whatever its name

    image: str
    document: str
    result: str
    suites: tuple[str, ...]
    source: str


@dataclass(frozen=True, slots=True)
class TestResultWithdrawn(Fact):
    """It counts no more. subject: its id here; image, document: as above."""

    __test__ = False

    image: str
    document: str
    reason: str


@dataclass(frozen=True, slots=True)
class TestResultsUnread(Fact):
    """What lies beside an image as test results could not be read whole. subject: the scan."""

    __test__ = False

    reference: str
    gaps: tuple[str, ...]
