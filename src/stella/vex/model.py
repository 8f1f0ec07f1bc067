"""Who says what about a vulnerability in a product: documents, their statements, what they are about."""

from dataclasses import dataclass
from enum import StrEnum

from stella.kernel import Digest


class Status(StrEnum):
    """OpenVEX's four states. What other formats say is said in these."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"


class State(StrEnum):
    """What all statements together come to: the four, and what they cannot say."""

    NOT_AFFECTED = "not_affected"
    AFFECTED = "affected"
    FIXED = "fixed"
    UNDER_INVESTIGATION = "under_investigation"
    CONFLICT = "conflict"
    NONE = "none"


SETTLED = frozenset({State.NOT_AFFECTED, State.FIXED})
"""The states in which a finding does not count."""


class Justification(StrEnum):
    """Why a product is not affected, as OpenVEX words it."""

    COMPONENT_NOT_PRESENT = "component_not_present"
    VULNERABLE_CODE_NOT_PRESENT = "vulnerable_code_not_present"
    VULNERABLE_CODE_NOT_IN_EXECUTE_PATH = "vulnerable_code_not_in_execute_path"
    VULNERABLE_CODE_CANNOT_BE_CONTROLLED_BY_ADVERSARY = (
        "vulnerable_code_cannot_be_controlled_by_adversary"
    )
    INLINE_MITIGATIONS_ALREADY_EXIST = "inline_mitigations_already_exist"


class Format(StrEnum):
    """In which format a document came."""

    OPENVEX = "openvex"
    CSAF = "csaf"
    CYCLONEDX = "cyclonedx"


@dataclass(frozen=True, slots=True, order=True)
class Target:
    """One thing a statement names. purls and digests are compared; the rest is only shown.

    purls: of a component or an image. digests: ``sha256:`` and 64 hex digits, of an image.
    others: CPEs, plain names, references: too vague to hang a verdict on.
    """

    purls: tuple[str, ...] = ()
    digests: tuple[str, ...] = ()
    others: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """How people name it."""
        return next(iter((*self.purls, *self.digests, *self.others)), "?")


@dataclass(frozen=True, slots=True, order=True)
class Product:
    """What a statement is about. subcomponents: the parts of it that are meant; none means all of it."""

    target: Target
    subcomponents: tuple[Target, ...] = ()


@dataclass(frozen=True, slots=True)
class Statement:
    """One claim. names: the vulnerability's, the main one first. at: RFC 3339 UTC, or "" if untold.

    expires: from when it no longer counts, or "". justification: one of Justification, or "".
    """

    names: tuple[str, ...]
    products: tuple[Product, ...]
    status: Status
    justification: str = ""
    impact: str = ""
    action: str = ""
    notes: str = ""
    at: str = ""
    expires: str = ""

    @property
    def is_reasoned(self) -> bool:
        """A ``not_affected`` says why; the others need not."""
        return self.status is not Status.NOT_AFFECTED or bool(self.justification or self.impact)


@dataclass(frozen=True, slots=True, order=True)
class Gap:
    """A part of a document that could not be used. Reported, never a silent miss."""

    place: str
    reason: str


@dataclass(frozen=True, slots=True)
class Document:
    """One revision of a VEX document. digest: of its bytes. id, author, role: as it says itself.

    version: its revision as numbers, ``(1, 2)``; () where it names none. at: RFC 3339 UTC, or "".
    """

    digest: Digest
    format: Format
    id: str
    author: str
    role: str
    at: str
    version: tuple[int, ...]
    statements: tuple[Statement, ...]
    gaps: tuple[Gap, ...] = ()
