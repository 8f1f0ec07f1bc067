"""Which format is it? A document is recognised by the keys it has, never by the name of its feed."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import msgspec

from stella.advisory.format.csaf import read_csaf
from stella.advisory.format.debian import read_debian
from stella.advisory.format.epss import is_epss, read_epss
from stella.advisory.format.ghsa import read_ghsa, read_ghsa_single
from stella.advisory.format.item import Exploited, Item
from stella.advisory.format.kev import is_kev_table, parse_kev, parse_kev_table
from stella.advisory.format.node import read_node
from stella.advisory.format.nvd import read_nvd
from stella.advisory.format.osv import read_osv
from stella.advisory.format.php import read_php
from stella.advisory.format.plain_yaml import UnreadableYaml, plain_yaml
from stella.advisory.format.retire import read_retire, read_retire_combined
from stella.advisory.format.rubysec import read_rubysec
from stella.advisory.format.secdb import read_secdb
from stella.advisory.model import Skipped
from stella.kernel.twice import key_said_twice

_NO_FORMAT = "not an advisory format that is read"
_NO_PACKAGE = "a record that names no affected package"

_raw = msgspec.json.Decoder(dict[str, msgspec.Raw])
_list = msgspec.json.Decoder(list[msgspec.Raw])

Head = Mapping[str, msgspec.Raw]
Reader = Callable[[str, bytes], Iterator[Item]]


@dataclass(frozen=True, slots=True)
class Format:
    """One format in JSON. fits: told by the keys of the document and of its first value."""

    name: str
    fits: Callable[[Head, frozenset[str]], bool]
    read: Reader


def _read_kev(_: str, content: bytes) -> Iterator[Item]:
    yield Exploited(parse_kev(content))


def _nothing(reason: str) -> Reader:
    return lambda where, _: iter([Skipped(where, reason)])


FORMATS: tuple[Format, ...] = (
    Format("CISA KEV", lambda head, _: "catalogVersion" in head, _read_kev),
    Format("Alpine secdb", lambda head, _: "reponame" in head, read_secdb),
    Format("OSV", lambda head, _: "id" in head and "affected" in head, read_osv),
    Format("CSAF 2.0", lambda head, _: _is_csaf(head), read_csaf),
    Format("NVD JSON 2.0", lambda head, _: {"vulnerabilities", "format"} <= set(head), read_nvd),
    Format("GHSA GraphQL", lambda _, first: "securityVulnerabilities" in first, read_ghsa),
    Format("GHSA advisory", lambda head, _: "ghsaId" in head, read_ghsa_single),
    Format(
        "Node Security WG",
        lambda head, _: {"module_name", "vulnerable_versions"} <= set(head),
        read_node,
    ),
    Format(
        "Node Security WG, Node.js itself",
        lambda head, _: {"vulnerable", "patched"} <= set(head),
        _nothing("Node.js itself, which is no package of npm"),
    ),
    Format("OpenVEX", lambda head, _: "statements" in head, _nothing("OpenVEX, no advisory")),
    Format("SARIF", lambda head, _: "runs" in head, _nothing("SARIF, no advisory")),
    Format(
        "OSV without packages",
        lambda head, _: {"id", "modified"} <= set(head),
        _nothing(_NO_PACKAGE),
    ),
    Format("Retire.js, combined", lambda head, _: "advisories" in head, read_retire_combined),
    Format(
        "Retire.js",
        lambda head, first: "vulnerabilities" in first and _is_all_objects(head),
        read_retire,
    ),
    Format(
        "Debian tracker",
        lambda head, first: _is_tracker(first) and _is_all_objects(head),
        read_debian,
    ),
)
"""The first that fits reads the document."""


def read_document(where: str, content: bytes) -> Iterator[Item]:
    """Everything the document says. What cannot be read is Skipped, with the place and a reason.

    where: file and member; its ending tells YAML and tables from JSON. Nothing is raised.
    """
    try:
        yield from _read(where, content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, UnreadableYaml) as error:
        yield Skipped(where, f"malformed: {str(error)[:150]}")


def _read(where: str, content: bytes) -> Iterator[Item]:
    lower = where.lower()
    if lower.endswith(".csv"):
        yield from _table(where, content)
    elif lower.endswith((".yml", ".yaml")):
        yield from _yaml(where, content)
    else:
        content = content.strip()
        if content.startswith(b"["):
            for number, part in enumerate(_list.decode(content)):
                yield from read_document(f"{where}[{number}]", bytes(part))
        elif content:
            yield from _json(where, content)


def _json(where: str, content: bytes) -> Iterator[Item]:
    twice = key_said_twice(content)
    if twice is not None:
        yield Skipped(where, f"malformed: one object has the key {twice[:80]!r} twice")
        return
    head = _raw.decode(content)
    first: frozenset[str] = frozenset()
    for value in head.values():
        if bytes(memoryview(value)[:1]) == b"{":
            first = frozenset(_raw.decode(value))
            break
    for one in FORMATS:
        if one.fits(head, first):
            yield from one.read(where, content)
            return
    yield Skipped(where, _NO_FORMAT)


def _is_csaf(head: Head) -> bool:
    return "document" in head and bool({"product_tree", "vulnerabilities"} & set(head))


def _is_all_objects(head: Head) -> bool:
    return all(bytes(memoryview(value)[:1]) == b"{" for value in head.values())


def _is_tracker(first: frozenset[str]) -> bool:
    """Packages of CVEs (and Debian's own ``TEMP-``), and nothing else."""
    return bool(first) and all(name.startswith(("CVE-", "TEMP-")) for name in first)


def _table(where: str, content: bytes) -> Iterator[Item]:
    if is_kev_table(content):
        yield Exploited(parse_kev_table(content))
    elif is_epss(content):
        scores, broken = read_epss(content)
        yield scores
        if broken:
            yield Skipped(where, f"malformed: {broken} lines that are no scores")
    else:
        yield Skipped(where, _NO_FORMAT)


def _yaml(where: str, content: bytes) -> Iterator[Item]:
    document = plain_yaml(content)
    if not isinstance(document, dict):
        yield Skipped(where, _NO_FORMAT)
    elif "reference" in document and "branches" in document:
        yield from read_php(where, document)
    elif ("gem" in document or "engine" in document) and "title" in document:
        yield from read_rubysec(where, document)
    else:
        yield Skipped(where, _NO_FORMAT)
