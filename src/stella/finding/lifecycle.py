"""The one table of what can happen to a scan."""

from enum import StrEnum

from stella.kernel import Machine


class ScanState(StrEnum):
    """Where the scan of one platform image stands."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class ScanEvent(StrEnum):
    """What moves it. An image is scanned again when more is known."""

    FINISH = "finish"
    FAIL = "fail"
    AGAIN = "again"


SCAN = Machine(
    name="scan",
    start=ScanState.PENDING,
    moves={
        (ScanState.PENDING, ScanEvent.FINISH): ScanState.DONE,
        (ScanState.PENDING, ScanEvent.FAIL): ScanState.FAILED,
        (ScanState.DONE, ScanEvent.AGAIN): ScanState.PENDING,
        (ScanState.FAILED, ScanEvent.AGAIN): ScanState.PENDING,
    },
)
