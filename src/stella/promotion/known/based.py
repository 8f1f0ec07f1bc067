"""What each image is built on, of the images that were scanned here, and how old that is."""

from collections.abc import Callable, Iterable

import msgspec

from stella.finding.chain import base_by_layers, newer_than
from stella.policy import Need
from stella.promotion.model import BaseInput, ComponentInput, MadeInput, ScanInput
from stella.record.transaction import Tx
from stella.sbom import traits_of_sbom

Content = Callable[[str], bytes]
"""Handed in: the document of a digest."""


def based(
    tx: Tx, components: Iterable[ComponentInput], needs: frozenset[Need], content: Content
) -> tuple[ComponentInput, ...]:
    """The components, each scan of them with the scanned image that it is built on, by its layers.

    What a label says of the base is the word of who built it, and proves no age.
    """
    if Need.BASE not in needs:
        return tuple(components)
    return tuple(
        msgspec.structs.replace(
            one, scans=tuple(_based(tx, one.reference, scan, content) for scan in one.scans)
        )
        for one in components
    )


def _based(tx: Tx, reference: str, scan: ScanInput, content: Content) -> ScanInput:
    traits = None if scan.sbom is None else traits_of_sbom(content(scan.sbom))
    if traits is None or not traits.layers:  # a scan of before, which does not say
        return scan
    found = base_by_layers(tx, traits.layers, of=reference)
    if found is None:
        return msgspec.structs.replace(scan, base=None)
    newer = newer_than(tx, found)
    return msgspec.structs.replace(
        scan,
        base=BaseInput(
            found.reference,
            found.digest,
            found.created,
            None if newer is None else MadeInput(newer.reference, newer.digest, newer.created),
        ),
    )
