"""A declarative document -> an integration. Every fault is named at once."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from urllib.parse import urlsplit

import msgspec

from stella.hub.errors import MalformedIntegration, MalformedReference
from stella.hub.guard import is_network
from stella.hub.model import Integration
from stella.hub.reference import FILE, parse_reference
from stella.identity.model import Role
from stella.kernel import Json, Remedy
from stella.kernel.names import BAD_NAME, NAME, nearest
from stella.plugin.contract.core import CONNECTED, USABLE, Contribution, Kind
from stella.plugin.manifest import HOST_PATTERN

_PLACE = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?\Z"
)
_DIRECTORY = re.compile(r"file:///[A-Za-z0-9._/@+=,~-]{1,1000}\Z")
_KINDS = frozenset(one.value for one in CONNECTED)
_LIST_MAX = 100
BOUND = frozenset({Kind.REGISTRY, Kind.NOTIFIER, Kind.SECRET_STORE}) | USABLE
"""What is used for an environment: other kinds are asked for no one in particular."""
_BY_PROXY = frozenset({"http", "https"})
_TIMEOUT_S_MAX = 600
_REQUESTS_MAX = 100_000
_CA_CHARACTERS_MAX = 200_000


class _Spec(msgspec.Struct, forbid_unknown_fields=True, rename="camel"):
    kind: str
    connector: str
    endpoint: str = ""
    config: dict[str, Any] = {}
    credentials: dict[str, str] = {}
    hosts: list[str] = []
    networks: list[str] = []
    roles: list[str] = []
    environments: list[str] = []
    ca: str | None = None
    proxy: str | None = None
    timeout_s: int = 30
    requests_per_s: int = 0
    rotate_by: str | None = None
    enabled: bool = True


_KEYS = frozenset(one.encode_name for one in msgspec.structs.fields(_Spec))


def parse_integration(
    name: str, spec: Mapping[str, Json], brought: Mapping[tuple[Kind, str], Contribution]
) -> Integration:
    """brought: what plugins bring. Raises MalformedIntegration with every reason."""
    unknown = sorted(set(spec) - _KEYS)
    if unknown:
        raise malformed(name, [f"unknown key spec.{one}{nearest(one, _KEYS)}" for one in unknown])
    try:
        read = msgspec.convert(spec, type=_Spec)
    except msgspec.ValidationError as error:
        raise malformed(name, [str(error)[:200]]) from None
    reasons = [*_faults(name, read), *_of_connector(read, brought)]
    if reasons:
        raise malformed(name, reasons)
    return Integration(
        name=name,
        kind=Kind(read.kind),
        connector=read.connector,
        endpoint=read.endpoint,
        config=read.config,
        credentials=dict(sorted(read.credentials.items())),
        hosts=_sorted(read.hosts),
        networks=_sorted(read.networks),
        roles=_sorted(read.roles),
        environments=_sorted(read.environments),
        ca=read.ca,
        proxy=read.proxy,
        timeout_s=read.timeout_s,
        requests_per_s=read.requests_per_s,
        rotate_by=read.rotate_by,
        enabled=read.enabled,
    )


def malformed(name: str, reasons: list[str]) -> MalformedIntegration:
    """The refusal of an integration."""
    return MalformedIntegration(
        f"Integration {name[:80]!r} cannot be applied: {'; '.join(reasons)}",
        remedy=Remedy("Correct the document; nothing of it was applied."),
        name=name[:80],
        reasons=reasons,
    )


def _faults(name: str, read: _Spec) -> Iterator[str]:
    if not NAME.match(name):
        yield BAD_NAME
    yield from _list_faults(read)
    if not 0 < read.timeout_s <= _TIMEOUT_S_MAX:
        yield f"timeoutS is {read.timeout_s}, not 1 to {_TIMEOUT_S_MAX}"
    if not 0 <= read.requests_per_s <= _REQUESTS_MAX:
        yield f"requestsPerS is {read.requests_per_s}, not 0 to {_REQUESTS_MAX}"
    if read.rotate_by is not None and not _is_day(read.rotate_by):
        yield "rotateBy is no day (2027-01-31)"
    if read.proxy is not None and not _is_url(read.proxy, {"http"}):
        yield "proxy is no http:// URL without user and path"
    if read.ca is not None and not _is_authority(read.ca):
        yield "ca is no certificate in PEM"
    for credential, text in read.credentials.items():
        try:
            parse_reference(text)
        except MalformedReference as refusal:
            yield f"credentials.{credential[:40]}: {refusal}"


def _list_faults(read: _Spec) -> Iterator[str]:
    roles = {role.value for role in Role}
    for what, words, is_good in (
        ("roles", read.roles, roles.__contains__),
        ("hosts", read.hosts, HOST_PATTERN.match),
        ("networks", read.networks, is_network),
        ("environments", read.environments, NAME.match),
    ):
        if len(words) > _LIST_MAX:
            yield f"{what} names more than {_LIST_MAX}"
        yield from (
            f"{what} names {one[:60]!r}, which is none" for one in words if not is_good(one)
        )


def _of_connector(read: _Spec, brought: Mapping[tuple[Kind, str], Contribution]) -> Iterator[str]:
    if read.kind not in _KINDS:
        known = ", ".join(sorted(_KINDS))
        yield f"there is no kind {read.kind[:40]!r} (known: {known})"
        return
    kind = Kind(read.kind)
    if read.environments and kind not in BOUND:
        known = ", ".join(sorted(BOUND))
        yield f"environments: a {kind.value} is used for no one in particular ({known} are)"
    contribution = brought.get((kind, read.connector))
    if contribution is None:
        known = ", ".join(sorted(name for one, name in brought if one is kind))
        what = f"the {kind.value} connector {read.connector[:40]!r}"
        yield f"no plugin brings {what} (known: {known or 'none'})"
        return
    if kind is Kind.REGISTRY:
        if not _PLACE.match(read.endpoint) or not _is_url(f"https://{read.endpoint}", {"https"}):
            yield "its endpoint is no host or host:port, as it stands in image references"
    else:
        yield from _endpoint_faults(read.endpoint, contribution.schemes)
        yield from _proxy_faults(read)
    yield from config_faults(read.config, contribution)
    names = {one.name for one in contribution.credentials}
    for strange in sorted(read.credentials.keys() - names):
        yield f"it takes no credential {strange[:40]!r}{nearest(strange, names)}"
    for one in contribution.credentials:
        if one.required and one.name not in read.credentials:
            yield f"it needs the credential {one.name!r} ({one.title})"


def _proxy_faults(read: _Spec) -> Iterator[str]:
    """What is not spoken by HTTP would go past the proxy, which is the opposite of what was asked."""
    scheme = read.endpoint.partition("://")[0]
    if read.proxy is None or scheme in _BY_PROXY:
        return
    if scheme:
        yield (
            f"proxy: {scheme[:20]}:// is not spoken through an HTTP proxy, and {read.connector[:40]} "
            "would go past it: leave it out, and let the network itself lead there"
        )
    else:
        yield "proxy: nothing is reached, so leave it out"


def _endpoint_faults(endpoint: str, schemes: tuple[str, ...]) -> Iterator[str]:
    if not schemes:
        if endpoint:
            yield "it has no endpoint, for nothing is reached: leave it out"
    elif schemes == (FILE,):
        if not _is_directory(endpoint):
            yield "its endpoint is no file:///PATH of a directory: absolute, without .. and //"
    elif not _is_url(endpoint, set(schemes)):
        kinds = " or ".join(f"{one}://" for one in sorted(schemes))
        yield f"its endpoint is no {kinds} URL without user"


def config_faults(
    config: Mapping[str, Json], against: Contribution | Mapping[str, Json]
) -> Iterator[str]:
    """What a schema, or that of a contribution, has against ``config``; nothing where it takes it."""
    import jsonschema_rs

    schema = against.config_schema if isinstance(against, Contribution) else against
    validator = jsonschema_rs.Draft202012Validator(dict(schema))
    for error in validator.iter_errors(dict(config)):
        place = ".".join(map(str, ("config", *error.instance_path)))
        yield f"{place}: {error.message[:200]}"


def _sorted(words: list[str]) -> tuple[str, ...]:
    return tuple(sorted(set(words)))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_url(text: str, schemes: set[str]) -> bool:
    try:
        parts = urlsplit(text)
        is_place = parts.port != 0
    except ValueError:
        return False
    is_plain = not parts.username and not parts.password and not parts.query and not parts.fragment
    return (
        parts.scheme in schemes
        and bool(parts.hostname)
        and is_plain
        and is_place
        and text.isprintable()
    )


def _is_directory(text: str) -> bool:
    return bool(_DIRECTORY.match(text)) and not {"", ".", ".."} & set(text[8:].split("/"))


def _is_authority(text: str) -> bool:
    from cryptography.x509 import load_pem_x509_certificates

    if len(text) > _CA_CHARACTERS_MAX:
        return False
    try:
        return bool(load_pem_x509_certificates(text.encode()))
    except ValueError:
        return False
