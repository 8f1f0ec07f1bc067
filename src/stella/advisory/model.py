"""What is known to be bad: records as they are matched, whatever feed they came from."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import msgspec

from stella.kernel import Digest

SEVERITIES = ("unknown", "none", "low", "medium", "high", "critical")
"""From "nobody said" upwards; ``unknown`` is no number and never compared."""


class Span(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """Versions from ``introduced`` on (``0``: from the first), up to a bound.

    fixed: the first version that is not affected. last: the last one that is. Both empty: every
    later version is affected. after: in the place of ``introduced``, the last one that is not yet.
    """

    introduced: str = "0"
    fixed: str = ""
    last: str = ""
    after: str = ""

    def __str__(self) -> str:
        if self.fixed and self.introduced == "0" and not self.after:
            return f"< {self.fixed}"
        if self.last and self.last == self.introduced:
            return f"= {self.last}"
        text = "" if self.introduced == "0" else f">= {self.introduced}"
        text = f"> {self.after}" if self.after else text
        bound = f"< {self.fixed}" if self.fixed else f"<= {self.last}" if self.last else ""
        return ", ".join(part for part in (text, bound) if part) or "every version"


class Rating(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """How bad one source says it is. severity: one of ``SEVERITIES``. cvss: its vector, or ""."""

    source: str
    severity: str = "unknown"
    cvss: str = ""


class Import(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """One package of a module that a vulnerability lies in, by its import path.

    symbols: functions (``Type.Method``, ``Function``), sorted; none of them: all of the package.
    systems, architectures: GOOS and GOARCH that it is limited to; none: every one.
    """

    path: str
    symbols: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    architectures: tuple[str, ...] = ()


FIXES = ("", "pending", "deferred", "will_not_fix", "end_of_life")
"""Whether the publisher will mend what is not mended: "" where it does not say."""


class Record(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True, omit_defaults=True):
    """What one advisory says of one package.

    scheme: how its versions compare, a key of ``stella.advisory.versions.SCHEMES``; "" where nobody
        knows. versions: affected ones that no span holds. severity: one of ``SEVERITIES``.
    cvss: the vector the severity comes from, or "". kev: an id of it is in CISA's catalogue.
    ratings: what others say of the same vulnerability, where they say something else, by source.
    fix: one of ``FIXES``. note: what the publisher adds ("no DSA: Minor issue"). epss_ppm:
        likelihood of exploitation in the next 30 days, parts in a million; None where not scored.
    dissent: ranges that other sources give under the same id, as "source: range".
    is_unaffected: the publisher says of this package that it is not affected at all.
    imports: what of it is vulnerable, by path; empty where the publisher does not say, None where
        nobody asked: of other languages, and of what was read before this was.
    """

    id: str
    aliases: tuple[str, ...] = ()
    scheme: str = ""
    spans: tuple[Span, ...] = ()
    versions: tuple[str, ...] = ()
    severity: str = "unknown"
    cvss: str = ""
    kev: bool = False
    summary: str = ""
    ratings: tuple[Rating, ...] = ()
    fix: str = ""
    note: str = ""
    epss_ppm: int | None = None
    dissent: tuple[str, ...] = ()
    is_unaffected: bool = False
    imports: tuple[Import, ...] | None = None


@dataclass(frozen=True, slots=True, order=True)
class Package:
    """A package as advisories name it: ``Debian:12`` and ``openssl``."""

    ecosystem: str
    name: str


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something in a feed that was not taken, and why. where: file, member or line."""

    where: str
    reason: str


class FeedAge(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How new a feed is. at: when it was fetched last, ISO 8601 in UTC. documents: it holds."""

    name: str
    at: str
    documents: int


@dataclass(frozen=True, slots=True)
class SnapshotInfo:
    """A snapshot that was made.

    records: ecosystem -> records of packages in it. kev: known exploited CVEs. skipped: reason ->
    how many; examples: the first few of them with their place.
    """

    path: Path
    digest: Digest
    records: Mapping[str, int]
    kev: int
    skipped: Mapping[str, int]
    examples: tuple[Skipped, ...] = ()


class Snapshot(Protocol):
    """Frozen advisories: a whole snapshot file, or the slice of one that an evidence packet holds."""

    @property
    def digest(self) -> Digest:
        """The snapshot's name; a slice keeps that of the snapshot it was cut from."""

    @property
    def ecosystems(self) -> frozenset[str]:
        """Every ecosystem that it holds records of."""

    def feeds(self) -> tuple[FeedAge, ...]:
        """How new each feed was, sorted by name; empty where nobody knows."""

    def candidates(
        self, ecosystem: str, names: Collection[str]
    ) -> Mapping[str, tuple[Record, ...]]:
        """Package name -> its records in order of id; names without one are left out."""

    def slice(self, packages: Iterable[Package]) -> bytes:
        """Canonical JSON of all that matching these packages can see of the snapshot."""
