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
