"""What a verified body says: bounded JSON, and texts that can be stored and shown."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from stella.sdk import (
    Digest,
    MalformedDigest,
    PushedImage,
    Remedy,
    WebhookMalformed,
)

BODY_BYTES_MAX = 1024 * 1024
TEXT_MAX = 500
ITEMS_MAX = 1000

_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECONDS_MAX = 253_402_300_799  # the year 9999


def read_json(body: bytes | str) -> dict[str, Any]:
    """The object that it is. Raises WebhookMalformed."""
    if len(body) > BODY_BYTES_MAX:
        raise malformed(f"its body is larger than {BODY_BYTES_MAX >> 20} MiB")
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        raise malformed("its body is no JSON") from None
    if not isinstance(read, dict):
        raise malformed("its body is no JSON object")
    return read


def malformed(why: str) -> WebhookMalformed:
    """The refusal of what is signed and says nothing that can be used."""
    return WebhookMalformed(why, remedy=Remedy("See that the right service sends to this webhook."))


def part(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The object under ``key``. Raises WebhookMalformed."""
    found = value.get(key)
    if not isinstance(found, dict):
        raise malformed(f"{key} is no object")
    return found


def parts(value: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The objects of the list under ``key``, which may be missing. Raises WebhookMalformed."""
    found = value.get(key)
    if found is None:
        return []
    if not isinstance(found, list) or len(found) > ITEMS_MAX:
        raise malformed(f"{key} is no list of up to {ITEMS_MAX}")
    if not all(isinstance(one, dict) for one in found):
        raise malformed(f"{key} holds what is no object")
    return found


def text(value: Mapping[str, Any], key: str, *, most: int = TEXT_MAX) -> str:
    """The text under ``key``. Raises WebhookMalformed where there is none that can be shown."""
    found = value.get(key)
    if isinstance(found, int) and not isinstance(found, bool) and abs(found) < 2**63:
        return str(found)
    if not isinstance(found, str) or not found or len(found) > most or not found.isprintable():
        raise malformed(f"{key} is no text of 1 to {most} characters")
    return found


def maybe_text(value: Mapping[str, Any], key: str, *, most: int = TEXT_MAX) -> str:
    """The text under ``key``, empty where there is none. Raises WebhookMalformed."""
    return "" if value.get(key) in (None, "") else text(value, key, most=most)


def commit(value: Mapping[str, Any], key: str) -> str:
    """The object name under ``key``. Raises WebhookMalformed."""
    found = text(value, key).lower()
    if not _COMMIT.match(found):
        raise malformed(f"{key} is no commit")
    return found


def maybe_commit(value: Mapping[str, Any], key: str) -> str:
    """The object name under ``key``, empty where there is none. Raises WebhookMalformed."""
    return "" if value.get(key) in (None, "") else commit(value, key)


def seconds(value: object) -> datetime | None:
    """A time as seconds since 1970; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < _SECONDS_MAX:
        return None
    return _EPOCH + timedelta(seconds=value)


def moment(value: object) -> datetime | None:
    """A time as RFC 3339 writes it; None for what is none."""
    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo is not None else None


def image(host: str, repository: str, tag: str, digest: str, at: datetime | None) -> PushedImage:
    """A pushed image whose parts can be used. Raises WebhookMalformed."""
    try:
        named = Digest(digest)
    except MalformedDigest:
        raise malformed("an image's digest is none") from None
    if not _TAG.match(tag):
        raise malformed("an image's tag is none")
    return PushedImage(host, repository, tag, named.text, at)


__all__ = [
    "commit",
    "image",
    "malformed",
    "maybe_commit",
    "maybe_text",
    "moment",
    "part",
    "parts",
    "read_json",
    "seconds",
    "text",
]
