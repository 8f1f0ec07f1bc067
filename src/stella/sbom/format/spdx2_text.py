"""SPDX 2 as tag and value -> the same as SPDX 2 JSON. What has no place there stays in the text alone."""

import re
from collections.abc import Iterator
from typing import Any

from stella.sbom.format.refusals import malformed

_LINE = re.compile(r"(?P<tag>[A-Za-z]+):[ \t]*(?P<value>.*)")
_Node = dict[str, Any]
_DOCUMENT = {
    "SPDXVersion": "spdxVersion",
    "DataLicense": "dataLicense",
    "SPDXID": "SPDXID",
    "DocumentName": "name",
    "DocumentNamespace": "documentNamespace",
    "DocumentComment": "comment",
}
_CREATION = {
    "Created": "created",
    "LicenseListVersion": "licenseListVersion",
    "CreatorComment": "comment",
}
_PACKAGE = {
    "SPDXID": "SPDXID",
    "PackageVersion": "versionInfo",
    "PackageFileName": "packageFileName",
    "PackageSupplier": "supplier",
    "PackageOriginator": "originator",
    "PackageDownloadLocation": "downloadLocation",
    "PackageHomePage": "homepage",
    "PackageSourceInfo": "sourceInfo",
    "PackageLicenseConcluded": "licenseConcluded",
    "PackageLicenseDeclared": "licenseDeclared",
    "PackageLicenseComments": "licenseComments",
    "PackageCopyrightText": "copyrightText",
    "PackageSummary": "summary",
    "PackageDescription": "description",
    "PackageComment": "comment",
    "PrimaryPackagePurpose": "primaryPackagePurpose",
    "BuiltDate": "builtDate",
    "ReleaseDate": "releaseDate",
    "ValidUntilDate": "validUntilDate",
}
_FILE = {
    "SPDXID": "SPDXID",
    "LicenseConcluded": "licenseConcluded",
    "LicenseComments": "licenseComments",
    "FileCopyrightText": "copyrightText",
    "FileComment": "comment",
    "FileNotice": "noticeText",
}
_LISTS = {
    "PackageChecksum": "checksums",
    "FileChecksum": "checksums",
    "ExternalRef": "externalRefs",
    "FileType": "fileTypes",
    "FileContributor": "fileContributors",
    "LicenseInfoInFile": "licenseInfoInFiles",
    "PackageLicenseInfoFromFiles": "licenseInfoFromFiles",
}


def read_tag_values(content: bytes) -> _Node:
    """The document as SPDX 2 JSON values. Raises MalformedSbom with the line."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise malformed(f"it is no UTF-8: {error}") from None
    reader = _Reader()
    for tag, value, line in _pairs(text):
        reader.take(tag, value, line)
    return reader.document


class _Reader:
    """Puts each value to what was named last: the document, a package or a file."""

    def __init__(self) -> None:
        self._creation: _Node = {"creators": []}
        self.document: _Node = {"creationInfo": self._creation}
        self._part, self._names = self.document, _DOCUMENT

    def take(self, tag: str, value: str, line: int) -> None:
        if tag in {"PackageName", "FileName", "SnippetSPDXID", "LicenseID"}:
            self._begin(tag, value)
        elif tag == "Relationship":
            self.document.setdefault("relationships", []).append(_relationship(value, line))
        elif tag == "Creator":
            self._creation["creators"].append(value)
        elif tag in _CREATION:
            self._creation[_CREATION[tag]] = value
        elif tag in self._names:
            if self._names[tag] in self._part:
                raise malformed(f"{tag} stands twice - at line {line}")
            self._part[self._names[tag]] = value
        elif tag == "FilesAnalyzed":
            self._part["filesAnalyzed"] = value.strip().lower() == "true"
        elif tag in _LISTS and self._part is not self.document:
            self._part.setdefault(_LISTS[tag], []).append(_entry(tag, value, line))

    def _begin(self, tag: str, value: str) -> None:
        if tag == "PackageName":
            self._part, self._names = {"name": value}, _PACKAGE
            self.document.setdefault("packages", []).append(self._part)
        elif tag == "FileName":
            self._part, self._names = {"fileName": value, "checksums": []}, _FILE
            self.document.setdefault("files", []).append(self._part)
        else:
            self._part, self._names = {}, {}  # kept in the text alone


def _pairs(text: str) -> Iterator[tuple[str, str, int]]:
    """Tag, value and line; a value in <text> may have several lines."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        number, line = at + 1, lines[at].strip()
        at += 1
        if not line or line.startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            raise malformed(f"it is no tag and value - at line {number}")
        value = found["value"]
        if value.startswith("<text>"):
            parts = [value.removeprefix("<text>")]
            while "</text>" not in parts[-1]:
                if at >= len(lines):
                    raise malformed(f"<text> does not end - at line {number}")
                parts.append(lines[at])
                at += 1
            value = "\n".join(parts).partition("</text>")[0]
        yield found["tag"], value, number


def _relationship(value: str, line: int) -> _Node:
    parts = value.split()
    if len(parts) != 3:
        raise malformed(f"a relationship has three parts - at line {line}")
    return dict(
        zip(("spdxElementId", "relationshipType", "relatedSpdxElement"), parts, strict=True)
    )


def _entry(tag: str, value: str, line: int) -> Any:
    if tag.endswith("Checksum"):
        algorithm, _, content = value.partition(":")
        return {"algorithm": algorithm.strip(), "checksumValue": content.strip()}
    if tag != "ExternalRef":
        return value
    parts = value.split(maxsplit=2)
    if len(parts) != 3:
        raise malformed(f"an external reference has three parts - at line {line}")
    return dict(zip(("referenceCategory", "referenceType", "referenceLocator"), parts, strict=True))
