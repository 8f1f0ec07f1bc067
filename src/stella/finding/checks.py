"""What the doctor asks of scans: is it known what is in the images that run, and what is wrong with that?"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from stella.finding.lifecycle import ScanState
from stella.finding.store import Scan, list_scans
from stella.kernel import Outcome, Seen, parse_time
from stella.record import Database

_SLOW = timedelta(hours=1)


def images_are_scanned(database: Database, images: Mapping[str, tuple[str, str]]) -> list[Seen]:
    """Each was scanned to its end. images: what it is of -> its digest, and how it is named."""
    found = []
    with database.read() as tx:
        for about, (digest, name) in images.items():
            fault = _fault(list_scans(tx, image=digest), tx.now)
            if fault:
                fix = f"stella scan {name} --upload"
                found.append(Seen(Outcome.BLOCKED, fault, fix, about))
    return found or [Seen(Outcome.PASS, f"{len(images)} images are scanned")]


def _fault(scans: tuple[Scan, ...], now: datetime) -> str:
    """Of the platforms of one image; empty for none."""
    if not scans:
        return "it was never scanned: nothing is known of it"
    for one in scans:
        if one.state is ScanState.FAILED:
            return f"its scan ended with {one.error_code}: {one.error_message}"
        if one.state is ScanState.PENDING and parse_time(one.at) < now - _SLOW:
            return f"its scan has not ended since {one.at}"
    return ""
