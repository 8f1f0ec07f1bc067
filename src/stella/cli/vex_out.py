"""``-o openvex``: findings as a document of this machine's."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stella import __version__
from stella.kernel import Remedy, Unknown, time_text

# Late: who asks only how documents are dated owes no time to findings.
if TYPE_CHECKING:
    from stella.cli.scan_report import Scanned
    from stella.finding import Findings
    from stella.image import Reference


def openvex_text(results: "Sequence[Scanned]") -> bytes:
    """The document of all platforms' findings. Raises NothingToSay."""
    found = [
        (one.findings, one.image.reference if one.image else None)
        for one in results
        if not isinstance(one.findings, Unknown)
    ]
    return openvex_document(found)


def openvex_document(found: "Sequence[tuple[Findings, Reference | None]]") -> bytes:
    """The findings as OpenVEX, dated now, or as SOURCE_DATE_EPOCH says. Raises NothingToSay."""
    from stella.finding import openvex_of
    from stella.vex.errors import NothingToSay

    places = [(one, at if at and _is_remote(at) else None) for one, at in found]
    made = openvex_of(places, author=f"stella {__version__}", at=document_time())
    if made is None:
        raise NothingToSay(
            "there are no findings, and OpenVEX has no document without statements",
            remedy=Remedy("There is nothing to do."),
        )
    return made + b"\n"


def document_time() -> str:
    """When documents made here are dated; the variable is the one that reproducible builds set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    if epoch.isascii() and epoch.isdecimal() and len(epoch) < 12:
        return time_text(datetime.fromtimestamp(int(epoch), UTC))
    return time_text(datetime.now(UTC))


def _is_remote(reference: "Reference") -> bool:
    return reference.host not in {"docker", "oci-layout", "tar"}
