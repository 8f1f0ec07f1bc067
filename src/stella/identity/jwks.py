"""The public keys of an issuer (JWK Set, RFC 7517), and when they are fetched anew."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import Any, TypeAlias

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from stella.identity.errors import UnusableKeys
from stella.kernel import Now, Remedy, StellaError

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "EdDSA")
"""Never ``none``, and never one with a shared secret (HS256): a public key is no secret."""

KEYS_MAX = 100
SET_BYTES_MAX = 256 * 1024
RSA_BITS = range(2048, 8193)
FRESH_FOR = timedelta(minutes=10)
PAUSE = timedelta(seconds=30)
GOOD_FOR = timedelta(hours=1)
"""How long keys are believed while their issuer does not answer."""

_FITTING: Mapping[str, tuple[str, str | None]] = {
    "RS256": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "EdDSA": ("OKP", "Ed25519"),
}
_KINDS: Mapping[str, Any] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_Key: TypeAlias = RSAKey | ECKey | OKPKey


@dataclass(frozen=True, slots=True)
class IssuerKey:
    """One key. algorithm: the only one it is for; None for each that its type can."""

    kid: str | None
    kind: str
    curve: str | None
    algorithm: str | None
    key: _Key


@dataclass(frozen=True, slots=True)
class KeySet:
    """Those keys of an issuer that can verify what we accept."""

    keys: tuple[IssuerKey, ...]

    def fitting(self, algorithm: str, kid: str | None) -> list[_Key]:
        """Keys that may have signed with that algorithm; of that id, where one is named."""
        kind, curve = _FITTING[algorithm]
        return [
            one.key
            for one in self.keys
            if one.kind == kind
            and (curve is None or one.curve == curve)
            and one.algorithm in {None, algorithm}
            and (kid is None or one.kid == kid)
        ]


def parse_keys(text: str) -> KeySet:
    """Keys of other kinds and uses are left out. Raises UnusableKeys where none is left."""
    if len(text) > SET_BYTES_MAX:
        raise _unusable(f"they are larger than {SET_BYTES_MAX >> 10} KiB")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise _unusable("they are no JSON") from None
    listed = value.get("keys") if isinstance(value, dict) else None
    if not isinstance(listed, list):
        raise _unusable('they are no JWK Set: {"keys": [...]}')
    if len(listed) > KEYS_MAX:
        raise _unusable(f"there are more than {KEYS_MAX}")
    keys = tuple(_read(listed))
    if not keys:
        raise _unusable(f"none of them verifies {', '.join(ALGORITHMS)}")
    return KeySet(keys)


def _read(listed: list[Any]) -> Iterator[IssuerKey]:
    for one in listed:
        if not isinstance(one, dict):
            raise _unusable("one of them is no JSON object")
        if _PRIVATE & one.keys() and _text(one.get("kty")) in _KINDS:
            raise _unusable("one of them is a private key, which no other may know")
        made = _key(one)
        if made is not None:
            yield made


def _key(jwk: Mapping[str, Any]) -> IssuerKey | None:
    kind, kid, algorithm = _text(jwk.get("kty")), jwk.get("kid"), jwk.get("alg")
    if kind not in _KINDS or not _is_for_verifying(jwk):
        return None
    bare = {name: jwk[name] for name in ("kty", "n", "e", "crv", "x", "y") if name in jwk}
    try:
        key: _Key = _KINDS[str(kind)].import_key(bare)
        if isinstance(key, RSAKey):
            is_sized = key.public_key.key_size in RSA_BITS
            return IssuerKey(_text(kid), "RSA", None, algorithm, key) if is_sized else None
        return IssuerKey(_text(kid), str(kind), str(key.curve_name), algorithm, key)
    except (JoseError, ValueError, TypeError, KeyError):
        return None


def _is_for_verifying(jwk: Mapping[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        return False
    return jwk.get("use", "sig") == "sig" and jwk.get("alg", ALGORITHMS[0]) in ALGORITHMS


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


@dataclass(slots=True)
class _Kept:
    keys: KeySet | None
    refusal: StellaError | None
    asked_at: datetime
    good_at: datetime


class KeyBook:
    """The keys of issuers, kept for a while. Safe for threads; one asks, the others wait for that.

    fetch: name of the issuer's integration -> the JSON of its keys. A key that is not there makes
    them be fetched anew, but no issuer is asked more often than every PAUSE, whatever arrives here:
    anybody may send a token that names a key which nobody has.
    """

    def __init__(self, fetch: Callable[[str], str], now: Now) -> None:
        self._fetch = fetch
        self._now = now
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._locks: dict[tuple[str, str], Lock] = {}
        self._lock = Lock()

    def keys(self, integration: str, issuer: str, algorithm: str, kid: str | None) -> KeySet:
        """The keys, fetched anew where none of those that are kept can be meant.

        Raises UnusableKeys, and what the fetch raises.
        """
        place = (integration, issuer)
        with self._lock:
            mine = self._locks.setdefault(place, Lock())
        with mine:
            kept, now = self._kept.get(place), self._now()
            if kept is None or self._is_due(kept, now, algorithm, kid):
                kept = self._kept[place] = self._ask(integration, kept, now)
        if kept.keys is not None:
            return kept.keys
        assert kept.refusal is not None
        raise kept.refusal

    def _is_due(self, kept: _Kept, now: datetime, algorithm: str, kid: str | None) -> bool:
        age = now - kept.asked_at
        if age < PAUSE:
            return False
        if kept.keys is None or age >= FRESH_FOR:
            return True
        return not kept.keys.fitting(algorithm, kid)

    def _ask(self, integration: str, kept: _Kept | None, now: datetime) -> _Kept:
        try:
            return _Kept(parse_keys(self._fetch(integration)), None, now, now)
        except StellaError as refusal:
            old = kept if refusal.retry_may_help else None
            if old is not None and old.keys is not None and now - old.good_at < GOOD_FOR:
                return _Kept(old.keys, None, now, old.good_at)
            return _Kept(None, refusal, now, now)


def _unusable(why: str) -> UnusableKeys:
    return UnusableKeys(
        f"the keys of an issuer cannot be used: {why}",
        remedy=Remedy("See that the address is the issuer's, or that its keys were copied whole."),
    )
