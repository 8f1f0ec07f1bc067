"""Layers' facts and the image's configuration -> its traits."""

import re
from collections.abc import Iterator, Mapping, Sequence

from stella.image.manifest import WireConfig, WireRun
from stella.sbom.catalogue import Catalogue, owners_of
from stella.sbom.entry.resolve import paths_of, resolve_entry, with_packages
from stella.sbom.facts import Accounts, LayerFacts
from stella.sbom.package_purl import SYSTEM_TYPES
from stella.sbom.secret.places import Place
from stella.sbom.secret.rules import find_secrets
from stella.sbom.stack import Stack
from stella.sbom.traits import (
    NO_DISTRO,
    Answer,
    Base,
    EntryPoint,
    Privileged,
    RunUser,
    Secret,
    Traits,
    Where,
)

_BASE = "org.opencontainers.image.base."
_SECRET = "[secret]"
_PASSWD = "etc/passwd"
_DIGITS_MAX = 10
_CONFIG_ENTRIES_MAX = 2000


def observe(
    layers: Sequence[LayerFacts],
    found: Catalogue,
    config: WireConfig,
    annotations: Mapping[str, str],
) -> Traits:
    """The traits of the image made of ``layers``, bottom first. found: their catalogue.

    annotations: of its manifest. What hangs beside the image is not among them.
    """
    stack = Stack(layers)
    run = config.config or WireRun()
    return Traits(
        user=run_user(without_secret(run.user or ""), found),
        privileged=_privileged(layers, stack, found),
        secrets=_secrets(layers, stack, found, config),
        entry=_entry(stack, found, run),
        base=_base(annotations, run.labels or {}),
        layers=tuple(layer.diff_id for layer in layers),
        distro=found.distro or ("" if _has_system(found) else NO_DISTRO),
    )


def _has_system(found: Catalogue) -> bool:
    """Whether packages of some distribution are in it, or a list of them that could not be read."""
    return bool(found.partial) or any(one.type in SYSTEM_TYPES for one in found.components)


def _base(annotations: Mapping[str, str], labels: Mapping[str, str]) -> Base | None:
    """As the builder says. Source: image-spec, "Pre-Defined Annotation Keys"."""
    for said, how in ((annotations, "annotation of the manifest"), (labels, "label")):
        name, digest = said.get(f"{_BASE}name", ""), said.get(f"{_BASE}digest", "")
        if name or digest:
            return Base(without_secret(name)[:500], without_secret(digest)[:100], how)
    return None


def without_secrets(words: Sequence[str]) -> tuple[str, ...]:
    """Words of ENTRYPOINT and CMD as they may be written down."""
    return tuple(without_secret(word) for word in words)


def without_secret(text: str) -> str:
    """The text as it may be written down."""
    return _SECRET if _rules(text) else text


def labels_without_secrets(labels: Mapping[str, str]) -> dict[str, str]:
    """Labels as they may be written down, by name."""
    return {
        name: _SECRET if _rules(f"{name}={value}") else value
        for name, value in sorted(labels.items())
    }


def _rules(text: str) -> list[str]:
    return [rule for _, rule in find_secrets(text.encode(), Place.ENVIRONMENT)]


def _entry(stack: Stack, found: Catalogue, run: WireRun) -> EntryPoint:
    entry = resolve_entry(
        stack,
        entrypoint=run.entrypoint or [],
        command=run.command or [],
        environment=run.environment or [],
        directory=run.directory or "/",
    )
    packages = owners_of(found, paths_of(entry))
    return with_packages(entry, packages, _brought_by(entry, found))


def _brought_by(entry: EntryPoint, found: Catalogue) -> str:
    """The package of a language that the program is, where exactly one can be; else empty."""
    name = (entry.module.partition(".")[0] or entry.program.rpartition("/")[2]).lower()
    is_python = "python" in entry.interpreter or "pypy" in entry.interpreter
    purls = {
        one.purl
        for one in found.components
        if any(place.path == entry.program for place in one.occurrences)
        or (is_python and one.type == "pypi" and _same_name(one.name, name))
    }
    return purls.pop() if len(purls) == 1 else ""


def _same_name(one: str, other: str) -> bool:
    return re.sub(r"[-_.]+", "-", one).lower() == re.sub(r"[-_.]+", "-", other)


def run_user(text: str, found: Catalogue) -> RunUser:
    """Who ``USER`` is: by number, or by the image's own list of accounts.

    Source: Docker's reference of USER; no user is root, and what follows a colon is a group.
    """
    name = text.partition(":")[0].strip()
    if not name:
        return RunUser(text, 0, Answer.YES)
    if name.isascii() and name.isdecimal() and len(name) <= _DIGITS_MAX:
        return _numbered(text, int(name))
    # Every system knows this one without a list.
    uid = _uid(name, found) if name != "root" or _PASSWD in found.files else 0
    return (
        RunUser(text, None, Answer.UNKNOWN, uid) if isinstance(uid, str) else _numbered(text, uid)
    )


def _uid(name: str, found: Catalogue) -> int | str:
    """The number of the account, or why it is not known."""
    seen = found.files.get(_PASSWD)
    if seen is None:
        return "the image has no /etc/passwd that names it"
    if not isinstance(seen.facts, Accounts):
        return "its /etc/passwd cannot be read"
    is_whole = seen.facts.is_whole
    missing = "is not in /etc/passwd" if is_whole else "/etc/passwd is too long"
    return seen.facts.users.get(name, missing)


def _numbered(text: str, uid: int) -> RunUser:
    return RunUser(text, uid, Answer.YES if uid == 0 else Answer.NO)


def _privileged(
    layers: Sequence[LayerFacts], stack: Stack, found: Catalogue
) -> tuple[Privileged, ...]:
    replaced = stack.replaced([layer.privileged for layer in layers])
    last = {path: number for number, layer in enumerate(layers) for path in layer.privileged}
    places = [(path, number) for path, number in last.items() if path not in replaced[number]]
    owners = owners_of(found, {path for path, _ in places})
    return tuple(
        Privileged(
            path=f"/{path}",
            mode=f"{said.mode:04o}",
            uid=said.uid,
            gid=said.gid,
            capabilities=said.capabilities,
            package=owners.get(path, ""),
            layer=layers[number].diff_id,
            layer_index=number,
        )
        for path, number in sorted(places)
        for said in (layers[number].privileged[path],)
    )


def _secrets(
    layers: Sequence[LayerFacts], stack: Stack, found: Catalogue, config: WireConfig
) -> tuple[Secret, ...]:
    owners = owners_of(found, {one.path for layer in layers for one in layer.secrets})
    replaced = stack.replaced([[one.path for one in layer.secrets] for layer in layers])
    listed = [
        Secret(
            rule=one.rule,
            where=Where.FILE,
            path=f"/{one.path}",
            line=one.line,
            layer=layer.diff_id,
            layer_index=number,
            deleted=one.path in replaced[number],
        )
        for number, layer in enumerate(layers)
        for one in layer.secrets
        # What a system package brings is published with it: a test's key, a snake oil certificate.
        if one.path not in owners
    ]
    listed += _told(config)
    return tuple(sorted(set(listed), key=_secret_order))


def _told(config: WireConfig) -> Iterator[Secret]:
    """Secrets in the configuration: in its variables and labels, and in what the builder wrote down."""
    run = config.config or WireRun()
    words = [*(run.entrypoint or []), *(run.command or [])]
    for number, word in enumerate(words[:_CONFIG_ENTRIES_MAX]):
        yield from (_in_config(rule, Where.COMMAND, str(number)) for rule in _rules(word))
    for text in (run.environment or [])[:_CONFIG_ENTRIES_MAX]:
        # Searched as a whole: some rules know a value by the name before it.
        name = text.partition("=")[0][:100]
        yield from (_in_config(rule, Where.ENVIRONMENT, name) for rule in _rules(text))
    for name, value in sorted((run.labels or {}).items())[:_CONFIG_ENTRIES_MAX]:
        found = _rules(f"{name}={value}")
        yield from (_in_config(rule, Where.LABEL, name[:100]) for rule in found)
    yield from (_in_config(rule, Where.USER, "") for rule in _rules(run.user or ""))
    for number, step in enumerate((config.history or [])[:_CONFIG_ENTRIES_MAX]):
        found = _rules(step.created_by or "")
        yield from (_in_config(rule, Where.HISTORY, str(number)) for rule in found)


def _in_config(rule: str, where: Where, path: str) -> Secret:
    return Secret(rule, where, path, 0, "", None, deleted=False)


def _secret_order(one: Secret) -> tuple[str, str, int, str, int]:
    index = -1 if one.layer_index is None else one.layer_index
    return (one.where.value, one.path, one.line, one.rule, index)
