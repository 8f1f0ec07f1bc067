"""CISA's catalogue of known exploited vulnerabilities, https://www.cisa.gov/known-exploited-vulnerabilities-catalog."""

import re

import msgspec

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}\Z")


class _Entry(msgspec.Struct, frozen=True):
    cve: str = msgspec.field(name="cveID")


class _Catalogue(msgspec.Struct, frozen=True):
    vulnerabilities: list[_Entry]


_decoder = msgspec.json.Decoder(_Catalogue)


def parse_kev(content: bytes) -> frozenset[str]:
    """The CVE ids of the catalogue. Raises msgspec.DecodeError."""
    return frozenset(
        entry.cve for entry in _decoder.decode(content).vulnerabilities if _CVE.match(entry.cve)
    )


def is_kev_table(content: bytes) -> bool:
    """Whether the columns are those of the catalogue as a table."""
    return content[:200].lstrip(b"\xef\xbb\xbf").startswith(b"cveID,")


def parse_kev_table(content: bytes) -> frozenset[str]:
    """The CVE ids of the catalogue as CSV: what each line begins with."""
    ids = (line.partition(b",")[0].strip(b'"') for line in content.splitlines())
    return frozenset(text for one in ids if _CVE.match(text := one[:40].decode("ascii", "replace")))
