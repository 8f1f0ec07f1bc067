"""Which machines are let in: issuer, audience and claims, mapped to roles. Declarative documents."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import lru_cache
from typing import Any

import msgspec

from stella.identity.errors import MalformedLogin, UnusableKeys
from stella.identity.jwks import KeySet, parse_keys
from stella.identity.model import Role
from stella.kernel import Json, Remedy, StellaError, canonical_json
from stella.kernel.names import BAD_NAME, NAME, nearest

KIND = "MachineLogin"
IDENTIFYING = frozenset(
    {
        "sub",
        "repository",
        "repository_id",
        "project_path",
        "project_id",
        "pipeline_id",
        "repositoryUuid",
        "oidc.circleci.com/project-id",
    }
)
"""Claims that name one repository, project or job among all that an issuer speaks for."""

ROLES = (Role.VIEWER, Role.DEVELOPER)
"""What a machine may be. Approving is for people; who changes the installation logs in."""

MINUTES_DEFAULT = 15
MINUTES_MAX = 60
_CLAIMS_MAX = 30
_WORDS_MAX = 50
_TEXT_MAX = 255
_OWN = frozenset({"iss", "aud", "exp", "nbf", "iat", "jti"})
_SEGMENT = re.compile(r"[/:]")


class _Spec(msgspec.Struct, forbid_unknown_fields=True):
    audience: str
    claims: dict[str, str | list[str]]
    roles: list[str]
    integration: str = ""
    issuer: str = ""
    keys: dict[str, Any] = {}
    identity: str = "sub"
    minutes: int = MINUTES_DEFAULT
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class MachineLogin:
    """One document.

    integration: of the kind identity_provider, whose endpoint is the issuer; or issuer and keys
    (the text of a JWK Set), for a server that reaches no issuer. claims: name -> patterns, one of
    which the claim must match; every claim that is named must be there. identity: the claim by
    which one machine is told from another. minutes: how long what is given for a token lasts.
    """

    name: str
    audience: str
    claims: Mapping[str, tuple[str, ...]]
    roles: tuple[Role, ...]
    integration: str = ""
    issuer: str = ""
    keys: Mapping[str, Json] = field(default_factory=dict)
    identity: str = "sub"
    minutes: int = MINUTES_DEFAULT
    enabled: bool = True

    @property
    def span(self) -> timedelta:
        """How long a session of a machine lasts."""
        return timedelta(minutes=self.minutes)

    @property
    def pinned(self) -> KeySet | None:
        """The keys that stand in the document; None where its integration has them."""
        return _pinned(canonical_json(dict(self.keys))) if self.keys else None

    def spec(self) -> dict[str, Json]:
        """As it stands in a declarative document."""
        return {
            "integration": self.integration,
            "issuer": self.issuer,
            "keys": dict(self.keys),
            "audience": self.audience,
            "claims": {name: list(patterns) for name, patterns in self.claims.items()},
            "identity": self.identity,
            "roles": [role.value for role in self.roles],
            "minutes": self.minutes,
            "enabled": self.enabled,
        }

    def strange(self, claims: Mapping[str, Json]) -> tuple[str, ...]:
        """Those that it names and that are not there, or match none of its patterns; none where it
        takes the token.
        """
        return tuple(
            name
            for name, patterns in self.claims.items()
            if not any(
                _matches(pattern, text) for pattern in patterns for text in _texts(claims, name)
            )
        )


def parse_machine_login(name: str, spec: Mapping[str, Json]) -> MachineLogin:
    """Raises MalformedLogin with every reason."""
    unknown = sorted(set(spec) - _KEYS)
    if unknown:
        reasons = [f"unknown key spec.{one[:60]}{nearest(one, _KEYS)}" for one in unknown[:10]]
        raise malformed_login(KIND, name, reasons)
    try:
        read = msgspec.convert(spec, type=_Spec)
    except msgspec.ValidationError as error:
        raise malformed_login(KIND, name, [str(error)[:200]]) from None
    claims = {
        claim: (given,) if isinstance(given, str) else tuple(given)
        for claim, given in sorted(read.claims.items())
    }
    reasons = [*_faults(name, read), *_claim_faults(claims), *_issuer_faults(read)]
    if reasons:
        raise malformed_login(KIND, name, reasons)
    return MachineLogin(
        name=name,
        audience=read.audience,
        claims=claims,
        roles=tuple(role for role in ROLES if role.value in read.roles),
        integration=read.integration,
        issuer=read.issuer,
        keys=read.keys,
        identity=read.identity,
        minutes=read.minutes,
        enabled=read.enabled,
    )


def malformed_login(kind: str, name: str, reasons: list[str]) -> MalformedLogin:
    """The refusal of a document of logins."""
    return MalformedLogin(
        f"{kind} {name[:80]!r} cannot be applied: {'; '.join(reasons)}",
        remedy=Remedy("Correct the document; nothing of it was applied."),
        kind=kind,
        name=name[:80],
        reasons=reasons,
    )


def is_https(text: str) -> bool:
    """Whether that may be an issuer: an URL without user, query and fragment, by TLS."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        return False
    is_plain = not parts.username and not parts.query and not parts.fragment
    return parts.scheme == "https" and bool(parts.hostname) and is_plain and text.isprintable()


def _faults(name: str, read: _Spec) -> Iterator[str]:
    if not NAME.match(name):
        yield BAD_NAME
    if not 0 < len(read.audience) <= _TEXT_MAX or not read.audience.isprintable():
        yield f"audience is no text of 1 to {_TEXT_MAX} characters"
    allowed = [role.value for role in ROLES]
    if not read.roles:
        yield f"it gives no role (possible: {', '.join(allowed)})"
    for role in sorted(set(read.roles) - set(allowed)):
        known = "is for people" if role in {one.value for one in Role} else "is no role"
        yield f"the role {role[:40]!r} {known}; a machine can be {' or '.join(allowed)}"
    if not 0 < read.minutes <= MINUTES_MAX:
        yield f"minutes is {read.minutes}, not 1 to {MINUTES_MAX}"
    if read.identity != "sub" and read.identity not in read.claims:
        yield f"identity names {read.identity[:60]!r}, which is none of its claims, nor sub"


def _claim_faults(claims: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    if len(claims) > _CLAIMS_MAX:
        yield f"claims names more than {_CLAIMS_MAX}"
        return
    for name, patterns in claims.items():
        if name in _OWN:
            yield f"claims.{name} is looked at in any case: leave it out"
        elif not 0 < len(name) <= _TEXT_MAX or not 0 < len(patterns) <= _WORDS_MAX:
            yield f"claims.{name[:60]} has no name, no value, or more than {_WORDS_MAX} values"
        elif not all(0 < len(one) <= _TEXT_MAX and one.isprintable() for one in patterns):
            yield f"claims.{name[:60]} has values that are no text of 1 to {_TEXT_MAX} characters"
        elif name in IDENTIFYING:
            yield from (
                f"claims.{name}: {one!r} would let in too many: write out where it begins, as in "
                f"{_EXAMPLES.get(name, 'shop')!r}"
                for one in patterns
                if _is_wide(name, one)
            )
    if not IDENTIFYING & claims.keys():
        known = ", ".join(sorted(IDENTIFYING))
        yield f"it is too wide: anybody at that issuer would get in; name one of {known}"


_EXAMPLES = {"sub": "repo:acme/*:**", "repository": "acme/*", "project_path": "acme/*"}


def _is_wide(name: str, pattern: str) -> bool:
    """Whether what is fixed in it does not even say whose it is."""
    if "*" not in pattern:
        return False
    parts = [part for part in _SEGMENT.split(pattern) if part]
    # What a subject begins with is a word that all have: repo:, project_path:, https:.
    fixed = 2 if name == "sub" else 1
    return len(parts) <= fixed or any("*" in part for part in parts[:fixed])


def _issuer_faults(read: _Spec) -> Iterator[str]:
    if bool(read.integration) == bool(read.issuer):
        yield "it names either integration (of an identity provider), or issuer with keys"
        return
    if read.integration:
        if not NAME.match(read.integration):
            yield "integration is no name"
        if read.keys:
            yield "keys are the integration's: leave them out, or name issuer instead"
        return
    if not is_https(read.issuer) or len(read.issuer) > _TEXT_MAX:
        yield "issuer is no https:// URL"
    if not read.keys:
        yield "issuer stands there without keys (a JWK Set)"
        return
    try:
        parse_keys(canonical_json(read.keys).decode())
    except UnusableKeys as refusal:
        yield str(refusal)
    except StellaError:
        yield "keys are no JWK Set"


def _texts(claims: Mapping[str, Json], name: str) -> Iterator[str]:
    """A claim as texts: of a list, each; an empty one is none."""
    value = claims.get(name)
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, bool):
            yield "true" if one else "false"
        elif isinstance(one, str | int) and one != "":
            yield str(one)


def _matches(pattern: str, text: str) -> bool:
    if "*" not in pattern:
        return pattern == text
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1000)
def _compiled(pattern: str) -> re.Pattern[str]:
    """``*``: whatever has no / and no : in it. ``**``: whatever."""
    parts = re.split(r"(\*+)", pattern)
    return re.compile("".join(_part(part) for part in parts), re.DOTALL)


def _part(part: str) -> str:
    if not part.startswith("*"):
        return re.escape(part)
    return "[^/:]*" if part == "*" else ".*"


@lru_cache(maxsize=100)
def _pinned(content: bytes) -> KeySet:
    return parse_keys(content.decode())


_KEYS = frozenset(_Spec.__struct_fields__)
