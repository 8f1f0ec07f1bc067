"""What buckets answer in XML. A document with a DOCTYPE, which alone could bring entities, is none."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import unquote_plus
from xml.etree import ElementTree as ET

from stella.kernel import StellaError, parse_time
from stella.plugin.contract.object_store import StoredObject
from stella.sdk.object_keys import is_key


@dataclass(frozen=True, slots=True)
class Page:
    """token: of the page that follows; empty where there is none."""

    objects: tuple[StoredObject, ...]
    token: str


def error_code(body: bytes) -> str:
    """``Code`` of an error; empty where it is none. Compared, never shown."""
    root = _root(body) if body.lstrip().startswith(b"<") else None
    return (_child(root, "Code") or "") if root is not None and _tag(root) == "Error" else ""


def parse_page(body: bytes, folder: str) -> Page | None:
    """The objects below ``folder``, with keys that begin after it. None for what is no list."""
    root = _root(body)
    if root is None or _tag(root) != "ListBucketResult":
        return None
    objects: list[StoredObject] = []
    for entry in root:
        if _tag(entry) != "Contents":
            continue
        name = unquote_plus(_child(entry, "Key") or "")
        size, at = _child(entry, "Size") or "", _time(_child(entry, "LastModified") or "")
        if not name.startswith(folder) or at is None or not size.isdigit() or len(size) > 18:
            return None
        if is_key(name[len(folder) :]):
            objects.append(StoredObject(name[len(folder) :], int(size), at))
    more = _child(root, "IsTruncated") == "true"
    token = _child(root, "NextContinuationToken") or ""
    if more and not (token and token.isascii() and token.isprintable() and len(token) <= 4096):
        return None
    return Page(tuple(objects), token if more else "")


def parse_blobs(body: bytes, folder: str) -> Page | None:
    """The same of a list of Azure's. None for what is no list."""
    root = _root(body)
    if root is None or _tag(root) != "EnumerationResults":
        return None
    objects: list[StoredObject] = []
    for entry in (one for blobs in root if _tag(blobs) == "Blobs" for one in blobs):
        told = next((one for one in entry if _tag(one) == "Properties"), None)
        name = _child(entry, "Name") or ""
        if _tag(entry) != "Blob" or told is None or not name.startswith(folder):
            return None
        size, at = _child(told, "Content-Length") or "", _child(told, "Last-Modified") or ""
        modified_at = http_time(at)
        if modified_at is None or not size.isdigit() or len(size) > 18:
            return None
        if is_key(name[len(folder) :]):
            objects.append(StoredObject(name[len(folder) :], int(size), modified_at))
    token = _child(root, "NextMarker") or ""
    if token and not (token.isascii() and token.isprintable() and len(token) <= 4096):
        return None
    return Page(tuple(objects), token)


def http_time(text: str) -> datetime | None:
    """``Last-Modified``; None where it is no time."""
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except (TypeError, ValueError, IndexError, OverflowError):
        return None


def _root(body: bytes) -> ET.Element | None:
    if b"<!" in body:
        return None
    try:
        return ET.fromstring(body)  # noqa: S314 - bounded, and without entities
    except (ET.ParseError, ValueError, LookupError):
        return None


def _tag(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]


def _children(element: ET.Element, name: str) -> Iterator[str]:
    return (one.text or "" for one in element if _tag(one) == name)


def _child(element: ET.Element, name: str) -> str | None:
    return next(_children(element, name), None)


def _time(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except StellaError:
        return None
