"""Shared Key of Azure Storage. Source: "Authorize with Shared Key", Blob service, version 2015-02-21 on."""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

_SIGNED = (
    "content-encoding",
    "content-language",
    "content-length",
    "content-md5",
    "content-type",
    "date",
    "if-modified-since",
    "if-match",
    "if-none-match",
    "if-unmodified-since",
    "range",
)


def authorization(
    method: str, url: str, headers: Mapping[str, str], content: bytes, *, account: str, key: bytes
) -> str:
    """The header ``Authorization`` of a request. headers: with ``x-ms-date`` and ``x-ms-version``."""
    named = {name.lower(): text.strip() for name, text in headers.items()}
    named["content-length"] = str(len(content)) if content else ""
    ours = sorted(name for name in named if name.startswith("x-ms-"))
    parts = urlsplit(url)
    query: dict[str, list[str]] = {}
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        query.setdefault(name.lower(), []).append(text)
    lines = [
        method,
        *(named.get(name, "") for name in _SIGNED),
        *(f"{name}:{named[name]}" for name in ours),
        f"/{account}{parts.path or '/'}",
        *(f"{name}:{','.join(sorted(query[name]))}" for name in sorted(query)),
    ]
    made = hmac.new(key, "\n".join(lines).encode(), hashlib.sha256).digest()
    return f"SharedKey {account}:{base64.b64encode(made).decode()}"
