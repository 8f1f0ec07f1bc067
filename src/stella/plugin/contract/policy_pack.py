"""Rules that come along: documents, and nothing that runs."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PackDocument:
    """One document as ``stella apply`` takes it. name: of the file, for people."""

    name: str
    text: str


class PolicyPack(Protocol):
    """A set of policies."""

    def documents(self) -> tuple[PackDocument, ...]:
        """All of them; the same version of the plugin gives the same bytes. Nothing is reached for it,
        so it raises nothing.
        """
        ...
