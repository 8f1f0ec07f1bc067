"""FriendsOfPHP's database, https://github.com/FriendsOfPHP/security-advisories: branches of Composer."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from stella.advisory.constraint import UnreadableConstraint, listed_spans
from stella.advisory.format.item import Entry, Item, is_name, one_line
from stella.advisory.model import Package, Record, Skipped, Span
from stella.advisory.versions import package_name

_PREFIX = "composer://"
_NAME = re.compile(r"([^/:]+)\.ya?ml\Z")


class Branch(msgspec.Struct, frozen=True):
    """Comparators that all hold. time: when it was mended."""

    versions: list[str]
    time: str = ""


class PhpRecord(msgspec.Struct, frozen=True):
    """One vulnerability of one package. reference: ``composer://vendor/name``."""

    reference: str
    branches: dict[str, Branch]
    title: str = ""
    cve: str = ""


def read_php(where: str, document: Mapping[str, object]) -> Iterator[Item]:
    """The record, every branch a span. Raises msgspec.ValidationError."""
    found = msgspec.convert({key: one for key, one in document.items() if one != ""}, PhpRecord)
    name = package_name("Packagist", found.reference.removeprefix(_PREFIX))
    if not found.reference.startswith(_PREFIX) or not is_name(name):
        yield Skipped(where, "a record without a usable name")
        return
    spans: list[Span] = []
    note = ""
    try:
        for branch in found.branches.values():
            spans += listed_spans("composer", branch.versions)
    except UnreadableConstraint as error:
        spans, note = [], f"range not understood: {str(error)[:80]}"
    if not spans and not note:
        yield Skipped(where, "a range that holds no version")
        return
    own = _NAME.search(where)
    cve = found.cve if is_name(found.cve) and found.cve.startswith("CVE-") else ""
    times = sorted(branch.time[:10] for branch in found.branches.values() if branch.time)
    yield Entry(
        Package("Packagist", name),
        Record(
            id=cve or f"FOPHP-{name}-{own[1] if own else 'unnamed'}",
            scheme="composer",
            spans=tuple(dict.fromkeys(spans)),
            summary=one_line(found.title),
            note=note,
        ),
        f"{times[-1]}T00:00:00Z" if times else "",
        "FriendsOfPHP",
    )
