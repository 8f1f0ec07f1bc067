"""Tokens that others signed (JWT, RFC 7519): read without belief, then verified.

The order of belief, and nothing is used before its turn:

1. The text is bounded, of three parts, and its header names an algorithm of ours.
2. The issuer is read only to know whose keys to ask for; it is compared again afterwards.
3. A key of that issuer, fit for that algorithm, has signed it. What the header says about keys
   (``jku``, ``jwk``, ``x5u``) is never followed.
4. Times, then issuer and audience, exactly.

A refusal says what is wrong, never a part of the token.
"""

import json
import math
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jws import JWSRegistry

from stella.identity.errors import (
    AssertionNotForUs,
    AssertionOutOfTime,
    MalformedAssertion,
    UntrustedAssertion,
)
from stella.identity.jwks import ALGORITHMS, KeySet
from stella.kernel import Json, Remedy, time_text
from stella.kernel.storable import refuse_unstorable

TOKEN_BYTES_MAX = 16 * 1024
LEEWAY = timedelta(seconds=60)
LIFE_MAX = timedelta(hours=25)
"""From now on. A job's token may last as long as the longest job."""

_PART = re.compile(r"[A-Za-z0-9_-]+\Z")
_TYPES = frozenset({"jwt"})
_TEXT_MAX = 255
_KID_MAX = 400
_AUDIENCES_MAX = 20


@dataclass(frozen=True, slots=True)
class Unverified:
    """What a token says of itself. Nothing of it is true yet."""

    issuer: str
    algorithm: str
    kid: str | None


@dataclass(frozen=True, slots=True)
class Verified:
    """What an issuer has said. claims: all of them. id: ``jti``, where it has one."""

    issuer: str
    subject: str
    audiences: tuple[str, ...]
    expires_at: datetime
    claims: Mapping[str, Json]

    @property
    def id(self) -> str | None:
        """``jti``, where the token has one."""
        found = self.claims.get("jti")
        return found if isinstance(found, str) and found else None


def read_unverified(text: str) -> Unverified:
    """Whom to ask for keys. Raises MalformedAssertion, UntrustedAssertion."""
    header, claims = _parts(text)
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise _untrusted(f"its algorithm is none of {', '.join(ALGORITHMS)}")
    if "crit" in header or "b64" in header:
        raise _untrusted("its header asks for an extension that is not known here")
    kind = header.get("typ")
    if kind is not None and not (isinstance(kind, str) and kind.lower() in _TYPES):
        raise _untrusted("it is no ID token: its header names another type")
    if kid is not None and not (isinstance(kid, str) and 0 < len(kid) <= _KID_MAX):
        raise _malformed("its key id is no text of a usable length")
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not 0 < len(issuer) <= _TEXT_MAX:
        raise _malformed("it names no issuer")
    assert isinstance(algorithm, str)
    return Unverified(issuer, algorithm, kid)


def verify(text: str, keys: KeySet, *, issuer: str, audience: str, now: datetime) -> Verified:
    """What ``issuer`` says to ``audience``, signed with one of ``keys``.

    Raises MalformedAssertion, UntrustedAssertion, AssertionOutOfTime, AssertionNotForUs.
    """
    told = read_unverified(text)
    _refuse_signature(text, keys, told)
    _, claims = _parts(text)
    expires_at = _in_time(claims, now)
    if told.issuer != issuer:
        raise AssertionNotForUs("it is of another issuer", remedy=_AUDIENCE)
    audiences = _audiences(claims)
    if audience not in audiences:
        raise AssertionNotForUs("it was made for another audience", remedy=_AUDIENCE)
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _TEXT_MAX:
        raise _malformed("it names no subject, or one that is too long")
    return Verified(issuer, subject, audiences, expires_at, claims)


def _refuse_signature(text: str, keys: KeySet, told: Unverified) -> None:
    """Return where one of ``keys`` has signed it. Raises UntrustedAssertion."""
    fitting = keys.fitting(told.algorithm, told.kid)
    if not fitting:
        raise _untrusted("none of its issuer's keys is the one that it names")
    if told.kid is None and len(fitting) > 1:
        raise _untrusted("it does not say which of its issuer's keys it was signed with")
    for key in fitting:
        try:
            jws.deserialize_compact(text, key, registry=_REGISTRY)
        except (JoseError, ValueError, TypeError):
            continue
        return
    raise _untrusted("its signature is not its issuer's")


class _Registry(JWSRegistry):
    """Sizes are bounded here already, and headers looked at."""

    max_header_length = TOKEN_BYTES_MAX
    max_payload_length = TOKEN_BYTES_MAX
    max_signature_length = TOKEN_BYTES_MAX

    def get_alg(self, name: str) -> Any:
        """Ours alone, without a word about newer names: issuers write ``EdDSA``."""
        if name not in ALGORITHMS:
            raise UnsupportedAlgorithmError(name)
        return self.algorithms[name]


_REGISTRY = _Registry(algorithms=ALGORITHMS, strict_check_header=False)


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    if not text.isascii() or not 0 < len(text) <= TOKEN_BYTES_MAX:
        raise _malformed(f"it is longer than {TOKEN_BYTES_MAX} characters, or none of ASCII alone")
    parts = text.split(".")
    if len(parts) != 3:
        raise _malformed("it has not three parts")
    return _object(parts[0]), _object(parts[1])


def _object(part: str) -> dict[str, Any]:
    value = None
    if _PART.match(part):
        with suppress(ValueError, RecursionError):
            content = urlsafe_b64decode(part + "=" * (-len(part) % 4))
            value = json.loads(content, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    if not isinstance(value, dict):
        raise _malformed("a part of it is no JSON object in base64url")
    try:
        refuse_unstorable(value)
    except ValueError:
        raise _malformed("a text in it has a character that cannot be stored") from None
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Two readers of one name that stands there twice may read two values."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name stands there twice")
    return made


def _refuse_constant(_: str) -> None:
    raise ValueError("no JSON")


def _in_time(claims: Mapping[str, Json], now: datetime) -> datetime:
    expires_at, issued_at = claimed_time(claims, "exp"), claimed_time(claims, "iat")
    begins_at = claimed_time(claims, "nbf") if "nbf" in claims else issued_at
    if now >= expires_at + LEEWAY:
        raise AssertionOutOfTime(f"it expired at {time_text(expires_at)}", remedy=_FRESH)
    if now < max(begins_at, issued_at) - LEEWAY:
        raise AssertionOutOfTime("it is of a time to come", remedy=_CLOCKS)
    if expires_at > now + LIFE_MAX or expires_at <= issued_at:
        raise AssertionOutOfTime("its times make no sense, or it lasts too long", remedy=_FRESH)
    return expires_at


def claimed_time(claims: Mapping[str, Json], name: str) -> datetime:
    """Seconds since the epoch (RFC 7519 section 2), perhaps with a fraction. Raises MalformedAssertion."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_moment(value):
        raise _malformed(f"its {name} is no time")
    return datetime.fromtimestamp(value, tz=UTC)


def _is_moment(value: float) -> bool:
    # Compared first: an integer may be too large to be asked whether it is finite.
    return 0 < value < 2**36 and math.isfinite(value)


def _audiences(claims: Mapping[str, Json]) -> tuple[str, ...]:
    value = claims.get("aud")
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list) or not 0 < len(listed) <= _AUDIENCES_MAX:
        raise _malformed("it names no audience")
    named = tuple(one for one in listed if isinstance(one, str))
    if len(named) != len(listed):
        raise _malformed("it names no audience")
    return named


_FRESH = Remedy("Ask its issuer for a fresh token, right before it is used.")
_CLOCKS = Remedy("Compare the clocks of the issuer and of this server.")
_AUDIENCE = Remedy("Ask its issuer for a token with the audience that the document here names.")


def _malformed(why: str) -> MalformedAssertion:
    return MalformedAssertion(
        f"that is no token of an issuer (JWT): {why}",
        remedy=Remedy("Send the ID token as the issuer gave it, without quotes or line ends."),
    )


def _untrusted(why: str) -> UntrustedAssertion:
    return UntrustedAssertion(
        f"the token is not believed: {why}",
        remedy=Remedy("See that the issuer is the one that the document here names."),
    )
