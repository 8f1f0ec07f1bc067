"""Programs known by name whose version stands in them: few, and each one checked against a real one."""

import re
from dataclasses import dataclass

from stella.sbom.facts import LanguagePackage

_BEFORE_BYTES, _AFTER_BYTES = 64, 256


@dataclass(frozen=True, slots=True)
class Rule:
    """product: of the purl ``pkg:generic/PRODUCT``. version: one group, around where ``mark`` stands.

    The mark is looked for first: a pattern alone would cost more than unpacking the file.
    """

    product: str
    mark: bytes
    version: re.Pattern[bytes]

    def version_in(self, content: bytes) -> str:
        """The version that stands in ``content``, or ""."""
        at = content.find(self.mark)
        while at >= 0:
            near = content[max(at - _BEFORE_BYTES, 0) : at + _AFTER_BYTES]
            found = self.version.search(near)
            if found:
                return found[1].decode()
            at = content.find(self.mark, at + 1)
        return ""

    def package(self, version: str) -> LanguagePackage:
        """The package that the program stands for."""
        return LanguagePackage("generic", self.product, version)


_NUMBERS = rb"([0-9]+\.[0-9]+\.[0-9]+)"
_PYTHON = Rule("python", b"\x003.", re.compile(rb"\0(3\.[0-9]+\.[0-9]+(?:rc[0-9]+)?\+?)\0"))
_RULES = {
    "node": Rule("node", b"node.js/v", re.compile(rb"node\.js/v" + _NUMBERS)),
    "busybox": Rule("busybox", b"BusyBox v", re.compile(rb"BusyBox v" + _NUMBERS)),
    "nginx": Rule("nginx", b"nginx version: ", re.compile(rb"nginx version: nginx/" + _NUMBERS)),
    "openssl": Rule(
        "openssl", b"\0OpenSSL ", re.compile(rb"\0OpenSSL ([0-9]+\.[0-9]+\.[0-9]+[a-z]?) ")
    ),
    "redis-server": Rule("redis", b"\0c11-builtin\0", re.compile(rb"\0" + _NUMBERS + rb"\0c11-")),
    "postgres": Rule(
        "postgresql", b"(PostgreSQL) ", re.compile(rb"\(PostgreSQL\) ([0-9]+\.[0-9]+)")
    ),
}
_PYTHON_NAME = re.compile(r"python3\.[0-9]+\Z|libpython3\.[0-9]+m?\.so\.1\.0\Z")


def rule_of(name: str) -> Rule | None:
    """The rule for a program of that name."""
    rule = _RULES.get(name)
    if rule is None and "python3." in name and _PYTHON_NAME.match(name):
        return _PYTHON
    return rule
