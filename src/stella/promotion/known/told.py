"""What more the policy is told of an image where it needs it: of its bill of materials, and of fixes."""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from stella.finding.fixes import fixes_since
from stella.policy import Need, read_states
from stella.promotion.model import ComponentInput, GapInput, PartialInput, ScanInput
from stella.record.transaction import Tx
from stella.sbom import licences_of_sbom, parse_cyclonedx

_EXAMPLES_MAX = 5

Content = Callable[[str], bytes]
"""Handed in: the document of a digest."""


def told(
    components: Iterable[ComponentInput], needs: frozenset[Need], content: Content
) -> tuple[ComponentInput, ...]:
    """The components, each scan of them with what ``needs`` asks for and it does not hold yet.

    A scan without a bill of materials says nothing. Raises what ``content`` does, MalformedSbom.
    """
    if not needs:
        return tuple(components)
    return tuple(
        msgspec.structs.replace(one, scans=tuple(_told(scan, needs, content) for scan in one.scans))
        for one in components
    )


def since(
    tx: Tx, components: Iterable[ComponentInput], needs: frozenset[Need], content: Content
) -> tuple[ComponentInput, ...]:
    """The components, each scan of them with since when the fixes of its findings are known."""
    if Need.FIXES not in needs:
        return tuple(components)
    return tuple(
        msgspec.structs.replace(one, scans=tuple(_since(tx, scan, content) for scan in one.scans))
        for one in components
    )


def _since(tx: Tx, scan: ScanInput, content: Content) -> ScanInput:
    if scan.findings is None:
        return scan
    found = read_states(content(scan.findings)).findings
    fixes: dict[str, dict[str, str]] = {}
    for (vulnerability, purl), at in fixes_since(
        tx, ((one.id, one.purl) for one in found if one.fixed)
    ).items():
        fixes.setdefault(vulnerability, {})[purl] = at
    return msgspec.structs.replace(scan, fixes=fixes)


def _told(scan: ScanInput, needs: frozenset[Need], content: Content) -> ScanInput:
    if scan.sbom is None:
        return scan
    more: dict[str, Any] = {}
    if Need.LICENCES in needs and scan.licences is msgspec.UNSET:
        licences = licences_of_sbom(content(scan.sbom))
        more |= {} if licences is None else {"licences": licences}
    if Need.PARTIAL in needs and scan.partial is msgspec.UNSET:
        more["partial"] = _partial(content(scan.sbom))
    return msgspec.structs.replace(scan, **more)


def _partial(sbom: bytes) -> PartialInput:
    gaps = parse_cyclonedx(sbom).partial
    return PartialInput(
        len(gaps), tuple(GapInput(one.path, one.reason) for one in gaps[:_EXAMPLES_MAX])
    )
