"""GitHub's advisories as its GraphQL API answers: ``securityVulnerabilities``."""

from collections.abc import Iterator
from pathlib import PurePosixPath

import msgspec

from stella.advisory.constraint import UnreadableConstraint, plain_spans
from stella.advisory.format.item import Entry, Item, Withdrawn, is_name, one_line
from stella.advisory.join import with_versions_of
from stella.advisory.model import Package, Record, Skipped, Span
from stella.advisory.severity import severity_of_vector, severity_of_word
from stella.advisory.versions import package_name, scheme_of, version_key

_ECOSYSTEMS = {
    "COMPOSER": "Packagist",
    "ERLANG": "Hex",
    "GO": "Go",
    "MAVEN": "Maven",
    "NPM": "npm",
    "NUGET": "NuGet",
    "PIP": "PyPI",
    "PUB": "Pub",
    "RUBYGEMS": "RubyGems",
    "RUST": "crates.io",
    "SWIFT": "SwiftURL",
}
# An answer to a question for one ecosystem does not repeat it: the file's name then does.
_FILES = {"CARGO": "RUST", "GEM": "RUBYGEMS", "GOLANG": "GO", "PYPI": "PIP"}


class Identifier(msgspec.Struct, frozen=True):
    """GHSA or CVE; its beginning says which."""

    value: str


class Score(msgspec.Struct, frozen=True, rename="camel"):
    """A CVSS score with its vector."""

    vector_string: str | None = None


class Advisory(msgspec.Struct, frozen=True, rename="camel"):
    """What is said of the vulnerability."""

    identifiers: list[Identifier]
    summary: str = ""
    severity: str = ""
    updated_at: str = ""
    published_at: str = ""
    withdrawn_at: str | None = None
    cvss: Score | None = None


class Named(msgspec.Struct, frozen=True):
    """Which package. ecosystem: where the question asked for it."""

    name: str
    ecosystem: str = ""


class First(msgspec.Struct, frozen=True):
    """The first version that mends it."""

    identifier: str = ""


class Range(msgspec.Struct, frozen=True, rename="camel"):
    """One range of one package, within its advisory."""

    package: Named
    vulnerable_version_range: str
    first_patched_version: First | None = None


class Node(msgspec.Struct, frozen=True, rename="camel"):
    """One range of one package."""

    advisory: Advisory
    package: Named
    vulnerable_version_range: str
    first_patched_version: First | None = None


class _Edge(msgspec.Struct, frozen=True):
    node: Node


class _Page(msgspec.Struct, frozen=True):
    edges: list[_Edge] | None = None
    nodes: list[Node] | None = None


class _Ranges(msgspec.Struct, frozen=True):
    nodes: list[Range]


class Single(Advisory, frozen=True, kw_only=True, rename="camel"):
    """One advisory with all its ranges."""

    vulnerabilities: _Ranges


class _Data(msgspec.Struct, frozen=True):
    page: _Page = msgspec.field(name="securityVulnerabilities")


class _Answer(msgspec.Struct, frozen=True):
    data: _Data


_decoder = msgspec.json.Decoder(_Answer)
_single = msgspec.json.Decoder(Single)


def read_ghsa(where: str, content: bytes) -> Iterator[Item]:
    """A record for each advisory and package of the page, ranges joined. Raises msgspec.DecodeError."""
    page = _decoder.decode(content).data.page
    nodes = [*(page.nodes or []), *(edge.node for edge in page.edges or [])]
    yield from _entries(where, nodes)


def read_ghsa_single(where: str, content: bytes) -> Iterator[Item]:
    """The same of one advisory (``securityAdvisory``). Raises msgspec.DecodeError."""
    advisory = _single.decode(content)
    ranges = advisory.vulnerabilities.nodes
    yield from _entries(
        where,
        [
            Node(advisory, one.package, one.vulnerable_version_range, one.first_patched_version)
            for one in ranges
        ],
    )


def _entries(where: str, nodes: list[Node]) -> Iterator[Item]:
    file = PurePosixPath(where.rpartition(":")[2]).stem.upper()
    joined: dict[tuple[Package, str], tuple[Record, str]] = {}
    for node in nodes:
        kind = node.package.ecosystem.upper() or _FILES.get(file, file)
        ecosystem = _ECOSYSTEMS.get(kind)
        listed = [one.value for one in node.advisory.identifiers if is_name(one.value)]
        ids = {value.partition("-")[0]: value for value in reversed(listed)}
        if "GHSA" not in ids or not is_name(node.package.name):
            yield Skipped(where, "a record without a usable name")
        elif node.advisory.withdrawn_at:
            at = node.advisory.updated_at or node.advisory.withdrawn_at
            yield Withdrawn(ids["GHSA"], at, "GHSA")
            yield Skipped(where, "withdrawn")
        elif ecosystem is None:
            yield Skipped(where, "an ecosystem that is not known")
        else:
            package = Package(ecosystem, package_name(ecosystem, node.package.name))
            record, modified = _record(node, ids, scheme_of(ecosystem))
            before = joined.get((package, record.id))
            if before is not None:
                record = with_versions_of(record, [before[0], record])
            joined[package, record.id] = (record, modified)
    for (package, _), (record, modified) in joined.items():
        yield Entry(package, record, modified, "GHSA")


def _record(node: Node, ids: dict[str, str], scheme: str) -> tuple[Record, str]:
    advisory, note = node.advisory, ""
    spans: tuple[Span, ...] = ()
    try:
        spans = plain_spans(scheme, node.vulnerable_version_range)
    except UnreadableConstraint as error:
        note = f"range not understood: {str(error)[:80]}"
    first = node.first_patched_version.identifier if node.first_patched_version else ""
    if first and len(spans) == 1 and spans[0].last:
        spans = (_mended(scheme, spans[0], first),)
    vector = (advisory.cvss.vector_string if advisory.cvss else "") or ""
    record = Record(
        id=ids["GHSA"],
        aliases=tuple(sorted({value for kind, value in ids.items() if kind != "GHSA"})),
        scheme=scheme,
        spans=spans,
        severity=severity_of_vector(vector) or severity_of_word(advisory.severity) or "unknown",
        cvss=vector,
        summary=one_line(advisory.summary),
        note=note,
    )
    return record, advisory.updated_at or advisory.published_at


def _mended(scheme: str, span: Span, first: str) -> Span:
    """Up to the version that mends it, where that is said beside the last that is affected."""
    fixed, last = version_key(scheme, first), version_key(scheme, span.last)
    if fixed is None or last is None or not last < fixed:
        return span
    return Span(span.introduced, fixed=first, after=span.after)
