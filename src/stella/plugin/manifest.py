"""A plugin's manifest, read as data: none of the plugin's code runs, and every fault is named."""

import importlib.util
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from stella.kernel import Remedy
from stella.kernel.names import BAD_NAME, NAME
from stella.plugin.contract.core import (
    SDK_VERSION,
    USABLE,
    Capability,
    Contribution,
    Kind,
    Limits,
    Manifest,
    Need,
)
from stella.plugin.refusals import MalformedManifest
from stella.plugin.wire import from_wire, known_keys, wire_faults

T = TypeVar("T")
MANIFEST_FILE = "stella-plugin.json"
_BYTES_MAX = 512 * 1024
_CONTRIBUTIONS_MAX = 200
_FAULTS_MAX = 100
_TIMEOUT_S_MAX = 24 * 3600
_MEMORY_BYTES_MAX = 8 * 1024**3
_ATTEMPTS_MAX = 20
_VERSION_CHARACTERS_MAX = 80
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){0,3}[a-z0-9]*(?:[-+.][a-z0-9]+)*\Z")
HOST_PATTERN = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?\Z")
"""A host, or ``*.name`` for all below one."""


def manifest_beside(module: str) -> Manifest:
    """The manifest in the package ``module``. Raises MalformedManifest, also where there is none."""
    folder = _folder(module)
    if folder is None:
        raise _malformed(f"there is no package {module[:100]!r}")
    return read_manifest(folder / MANIFEST_FILE)


def read_manifest(file: Path) -> Manifest:
    """Raises MalformedManifest: what cannot be read at all, or every fault of what can."""
    try:
        with file.open("rb") as opened:
            content = opened.read(_BYTES_MAX + 1)
    except OSError as error:
        raise _malformed(f"{file.name} cannot be read: {error.strerror}") from error
    return parse_manifest(content)


def parse_manifest(content: bytes) -> Manifest:
    """The manifest that the bytes say. Raises MalformedManifest with every fault at once."""
    if len(content) > _BYTES_MAX:
        raise _malformed(f"it has more than {_BYTES_MAX >> 10} KiB")
    try:
        read = json.loads(content)
        json.dumps(read, ensure_ascii=False).encode()  # half of a surrogate is no text
    except (ValueError, RecursionError) as error:
        raise _malformed("it is no JSON") from error
    faults = tuple(islice(_told(read), _FAULTS_MAX))
    if faults:
        raise _malformed(*faults)
    return from_wire(Manifest, read)


def _told(read: object) -> Iterator[str]:
    """Every fault: what cannot be read, and what is wrong with all that can."""
    strange = list(islice(wire_faults(Manifest, read), _FAULTS_MAX))
    given = read if isinstance(read, dict) else {}
    if not isinstance(read, dict):
        yield from strange
        return
    faults = [*strange, *_faults(_readable(given))]
    sdk = given.get("sdk")
    if faults and type(sdk) is int and sdk != SDK_VERSION:
        # Whoever made it speaks of things that this host has not heard of: that is why.
        yield _other_sdk(sdk)
    yield from faults


def _readable(given: Mapping[str, object]) -> Manifest:
    """What can be read of it; in place of the rest stands something that nobody objects to."""

    def texts(name: str, instead: str) -> str:
        found = given.get(name)
        return found if isinstance(found, str) else instead

    def each(name: str, kind: type[T]) -> tuple[T, ...]:
        found = given.get(name)
        whole = [_known(kind, one) for one in (found if isinstance(found, list) else ())]
        return tuple(from_wire(kind, one) for one in whole if not any(wire_faults(kind, one)))

    limits = {
        key: value
        for key, value in _known(Limits, given.get("limits")).items()
        if not any(wire_faults(Limits, {key: value}))
    }
    return Manifest(
        name=texts("name", "unknown"),
        version=texts("version", "0"),
        publisher=texts("publisher", "unknown"),
        sdk=SDK_VERSION,
        title=texts("title", "Unknown"),
        needs=each("needs", Need),
        contributes=each("contributes", Contribution),
        limits=from_wire(Limits, limits),
    )


def _known(kind: type[object], one: object) -> Mapping[str, object]:
    """Without the keys that an object of that kind has not."""
    found = one if isinstance(one, dict) else {}
    return {key: value for key, value in found.items() if key in known_keys(kind)}


def checked_name(name: str) -> str:
    """``name``, where a plugin may have it. Raises MalformedManifest."""
    if not NAME.match(name):
        raise _malformed(BAD_NAME)
    return name


def reasons_against(manifest: Manifest, granted: Iterable[Need]) -> tuple[str, ...]:
    """Every reason why a host that grants this much does not load it; empty means it may."""
    allowed = {one.capability: one.hosts for one in granted}
    reasons = [reason for need in manifest.needs for reason in _ungranted(need, allowed)]
    if manifest.sdk != SDK_VERSION:
        reasons.append(_other_sdk(manifest.sdk))
    return tuple(reasons)


def hosts_left_out(needs: Iterable[Need], granted: Iterable[Need]) -> tuple[str, ...]:
    """Every host that is needed of a capability that is granted for others alone."""
    allowed = {one.capability: one.hosts for one in granted}
    return tuple(
        reason
        for need in needs
        if need.capability in allowed
        for reason in _ungranted(need, allowed)
    )


def narrowed(manifest: Manifest, granted: Iterable[Need]) -> Manifest:
    """Asking for what it is granted: for hosts of its connections, where those were named."""
    allowed = {one.capability: one.hosts for one in granted}
    needs = tuple(
        replace(need, hosts=need.hosts or allowed.get(need.capability, ()))
        for need in manifest.needs
    )
    return replace(manifest, needs=needs)


def covers(pattern: str, host: str) -> bool:
    """Whether ``pattern`` (a name, or ``*.name`` for all below it) means ``host`` as well."""
    if pattern.startswith("*."):
        return host.endswith(pattern[1:]) and len(host) > len(pattern) - 1
    return host == pattern


def _other_sdk(sdk: int) -> str:
    return f"speaks SDK {sdk}, this host speaks {SDK_VERSION}"


def _ungranted(need: Need, allowed: Mapping[Capability, tuple[str, ...]]) -> Iterator[str]:
    if need.capability not in allowed:
        hosts = f" to {', '.join(need.hosts)}" if need.hosts else ""
        yield f"needs {need.capability.value}{hosts}, which is not granted"
        return
    patterns = allowed[need.capability]
    for host in need.hosts if patterns else ():
        if not any(covers(pattern, host) for pattern in patterns):
            yield f"needs {need.capability.value} to {host}, which is not granted"


def _faults(manifest: Manifest) -> Iterator[str]:
    if not NAME.match(manifest.name):
        yield BAD_NAME
    if len(manifest.version) > _VERSION_CHARACTERS_MAX or not _VERSION.match(manifest.version):
        yield f"{manifest.version[:40]!r} is no version"
    for what, text in (("publisher", manifest.publisher), ("title", manifest.title)):
        if not _is_line(text):
            yield f"its {what} has not 1 to 200 characters that can be shown"
    yield from _limit_faults(manifest.limits)
    for need in manifest.needs:
        for host in need.hosts:
            if not HOST_PATTERN.match(host):
                yield f"needs.hosts names {host[:60]!r}, which is no host"
    yield from _twice("needs", (one.capability.value for one in manifest.needs))
    if len(manifest.contributes) > _CONTRIBUTIONS_MAX:
        yield f"it contributes more than {_CONTRIBUTIONS_MAX} things"
        return
    yield from _twice("contributes", (f"{c.kind.value} {c.name}" for c in manifest.contributes))
    for one in manifest.contributes:
        yield from (f"{one.kind.value} {one.name[:60]}: {why}" for why in _contribution(one))


def _uses(one: Contribution) -> Iterator[str]:
    if one.uses and one.kind is not Kind.STEP:
        yield f"a {one.kind.value} uses no integrations: only steps do"
    inputs = one.config_schema.get("properties")
    for name, kind in one.uses.items():
        if kind not in USABLE:
            known = ", ".join(sorted(USABLE))
            yield f"uses.{name[:60]}: no step uses a {kind.value} (but {known})"
        schema = inputs.get(name) if isinstance(inputs, dict) else None
        if not isinstance(schema, dict) or schema.get("type") != "string":
            yield f"uses.{name[:60]}: its configSchema has no such input of the type string"


def _is_line(text: str) -> bool:
    return 0 < len(text.strip()) <= 200 and text.isprintable()


def _limit_faults(limits: Limits) -> Iterator[str]:
    for what, value, most in (
        ("timeoutS", limits.timeout_s, _TIMEOUT_S_MAX),
        ("memoryBytes", limits.memory_bytes, _MEMORY_BYTES_MAX),
        ("attemptsMax", limits.attempts_max, _ATTEMPTS_MAX),
    ):
        if not 0 < value <= most:
            yield f"limits.{what} is {value}, not 1 to {most}"


def _contribution(one: Contribution) -> Iterator[str]:
    if not NAME.match(one.name):
        yield BAD_NAME
    if not _is_line(one.title):
        yield "it has no title of 1 to 200 characters that can be shown"
    for given in one.credentials:
        if not _is_line(given.name) or not _is_line(given.title):
            yield f"its credential {given.name[:60]!r} has no name or title that can be shown"
    yield from _twice("credentials", (given.name for given in one.credentials))
    yield from schema_faults(one.config_schema)
    yield from _uses(one)
    if one.output_schema:
        faults = schema_faults(one.output_schema)
        yield from (why.replace("configSchema", "outputSchema") for why in faults)


def schema_faults(schema: object) -> Iterator[str]:
    """Why it is no JSON Schema (2020-12) of a configuration; nothing where it is one."""
    import jsonschema_rs

    if not isinstance(schema, dict) or schema.get("type") != "object":
        yield "its configSchema is not of the type object"
        return
    if any(not text.startswith("#") for text in _references(schema)):
        yield "its configSchema refers to something outside of it"
        return
    for name in _secrets_in(schema):
        yield f"its configSchema asks for a secret ({name}): list it under credentials, by reference"
    try:
        jsonschema_rs.Draft202012Validator(schema)
    except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
        yield f"its configSchema is no JSON Schema: {str(error).splitlines()[0][:200]}"


def _references(schema: object) -> Iterator[str]:
    waiting = [schema]
    while waiting:
        at = waiting.pop()
        if isinstance(at, dict):
            found = at.get("$ref", at.get("$dynamicRef"))
            if isinstance(found, str):
                yield found
            waiting += at.values()
        elif isinstance(at, list):
            waiting += at


def _secrets_in(schema: object, name: str = "config") -> Iterator[str]:
    """The names of what is not to be read again: a configuration is shown to everybody who may look."""
    if isinstance(schema, list):
        for one in schema:
            yield from _secrets_in(one, name)
    elif isinstance(schema, dict):
        if schema.get("writeOnly") is True or schema.get("format") == "password":
            yield name[:60]
        for key, one in schema.items():
            named = key in {"properties", "$defs", "patternProperties"} and isinstance(one, dict)
            for below, inner in one.items() if named else [(name, one)]:
                yield from _secrets_in(inner, below)


def _twice(what: str, names: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{what} names {name[:80]} {count} times"


def _folder(module: str) -> Path | None:
    """Where the package lies. Only its first part is looked for, which imports nothing."""
    top, *rest = module.split(".")
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place, *rest)
        if folder.is_dir():
            return folder
    return None


def _malformed(*faults: str) -> MalformedManifest:
    return MalformedManifest(
        f"the manifest cannot be used: {'; '.join(faults)}",
        remedy=Remedy("Mend it; `stella plugin check` names every fault."),
        faults=list(faults),
    )
