"""AWS Signature Version 4.

Source: AWS General Reference, "Create a signed AWS API request". Tests compare it with botocore's.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"
_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Keys:
    """What signs. session_token: of short-lived keys, else empty."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a signature counts."""

    region: str
    service: str


def signed_headers(
    method: str,
    url: str,
    headers: Mapping[str, str],
    content: bytes,
    *,
    keys: Keys,
    scope: Scope,
    now: datetime,
) -> dict[str, str]:
    """``headers`` with the signature's own: all of them signed, and the host.

    url: with a path that is escaped as it is to be sent for S3, and as it is for all others.
    """
    parts = urlsplit(url)
    at = now.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    sent = {**headers, "X-Amz-Date": at}
    body = hashlib.sha256(content).hexdigest()
    if scope.service == "s3":  # which alone asks for it as a header, too
        sent["X-Amz-Content-SHA256"] = body
    if keys.session_token:
        sent["X-Amz-Security-Token"] = keys.session_token
    signed = {name.lower(): " ".join(text.split()) for name, text in sent.items()}
    signed["host"] = _host(url)
    names = ";".join(sorted(signed))
    canonical = "\n".join(
        (
            method,
            quote(parts.path or "/", safe="/~%" if scope.service == "s3" else "/~"),
            _canonical_query(parts.query),
            *(f"{name}:{signed[name]}" for name in sorted(signed)),
            "",
            names,
            body,
        )
    )
    place = f"{at[:8]}/{scope.region}/{scope.service}/aws4_request"
    wanted = "\n".join((_ALGORITHM, at, place, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{keys.secret_key}".encode()
    for word in place.split("/"):
        key = _mac(key, word)
    sent["Authorization"] = (
        f"{_ALGORITHM} Credential={keys.access_key}/{place}, "
        f"SignedHeaders={names}, Signature={_mac(key, wanted).hex()}"
    )
    return sent


def _canonical_query(query: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    escaped = sorted((quote(name, safe="~"), quote(text, safe="~")) for name, text in pairs)
    return "&".join(f"{name}={text}" for name, text in escaped)


def _host(url: str) -> str:
    """As the header ``Host`` has it: with its port where that is not the usual one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    return (
        host if parts.port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{host}:{parts.port}"
    )


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
