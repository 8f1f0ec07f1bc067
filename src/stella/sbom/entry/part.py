"""What a package has to do with the program that is run."""

from collections.abc import Sequence
from enum import StrEnum

from stella.sbom.traits import Confidence, EntryPoint


class Part(StrEnum):
    """It is what is run, stands on the way to it, lies beside it, or nobody can tell.

    Beside it says nothing of whether the program uses it.
    """

    PROGRAM = "program"
    WAY = "way"
    BESIDE = "beside"
    UNKNOWN = "unknown"


def part_in(entry: EntryPoint | None, purl: str, paths: Sequence[str]) -> Part:
    """Of the package ``purl``, seen at ``paths``. entry: of its image, None where nobody looked."""
    if entry is None or entry.confidence is Confidence.UNKNOWN:
        return Part.UNKNOWN
    if entry.package == purl or (entry.program and entry.program in paths):
        return Part.PROGRAM
    is_passed = any(step.package == purl or step.path in paths for step in entry.steps)
    return Part.WAY if is_passed else Part.BESIDE
