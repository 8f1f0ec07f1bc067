"""Versions of a component that somebody told, a CI job mostly: each is one digest for good."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from stella.advisory.versions import version_key
from stella.image import parse_reference
from stella.kernel import Remedy, time_text
from stella.kernel.names import COMMIT_ID
from stella.record.row import columns_of, fields_of
from stella.record.transaction import Tx
from stella.release.components.choose import SCHEME, Version, rule_of
from stella.release.components.model import Component, Pick
from stella.release.components.places import OpenTagged, images_of
from stella.release.components.platforms import refuse_missing_platforms
from stella.release.components.store import keep_component, told_version
from stella.release.create import resolve_components
from stella.release.errors import MalformedVersion, VersionTaken
from stella.release.facts import ComponentVersionTold
from stella.release.model import ReleaseComponent

_SHOWN_MAX = 1000
_NUMBER = r"(?:0|[1-9][0-9]*)"
_IDENTIFIER = rf"(?:{_NUMBER}|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(rf"{_NUMBER}(?:\.{_NUMBER}){{2}}(?:-{_IDENTIFIER}(?:\.{_IDENTIFIER})*)?\Z")
"""As Semantic Versioning 2.0.0 writes it, so that one version has one form."""
_VERSION_CHARACTERS_MAX = 60
_BUILD_CHARACTERS_MAX = 200
_URL_CHARACTERS_MAX = 2000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where it was built, as who told it says; each empty where that says nothing."""

    commit: str = ""
    build: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class ToldVersion:
    """channel: empty for the component's own rule. image: the repository. by: a user's id."""

    component: str
    channel: str
    version: str
    image: str
    digest: str
    commit: str
    build: str
    url: str
    by: str
    at: str


def resolve_told(
    open_registry: OpenTagged, component: Component, name: str, channel: str, text: str
) -> ReleaseComponent:
    """What the reference names now. No transaction is open.

    Raises MalformedVersion where it lies elsewhere than the component's images, NoSuchVersion for a
    channel that is not there, PlatformMissing, and what a registry refuses.
    """
    rule = rule_of(component, Pick(channel=channel), name)
    given = parse_reference(text)
    _refuse_elsewhere(f"{given.host}/{given.repository}", images_of(component, rule))
    (found,) = resolve_components(open_registry, {name: text})
    refuse_missing_platforms((found,), {name: component})
    return found


def tell_version(
    tx: Tx,
    name: str,
    version: str,
    image: ReleaseComponent,
    *,
    channel: str = "",
    origin: Origin = Origin(),
) -> ToldVersion:
    """Keep that ``version`` is this image. The same again changes nothing.

    Raises UnknownComponent, MalformedVersion, VersionTaken where it is another image already.
    """
    component = keep_component(tx, name)
    rule = rule_of(component, Pick(channel=channel), name)
    _refuse_malformed(version, origin)
    _refuse_elsewhere(f"{image.host}/{image.repository}", images_of(component, rule))
    value = ToldVersion(
        component=name,
        channel=channel,
        version=version,
        image=f"{image.host}/{image.repository}",
        digest=image.digest,
        commit=origin.commit,
        build=origin.build,
        url=origin.url,
        by=tx.actor,
        at=time_text(tx.now),
    )
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(told_version.insert(), {**columns_of(value), "tenant": tx.tenant})
    except IntegrityError:
        return _same(tx, value)
    reference = f"{value.image}@{value.digest}"
    tx.add(
        ComponentVersionTold(
            name, version, channel, reference, origin.commit, origin.build, origin.url
        )
    )
    return value


def told_versions(tx: Tx, name: str) -> tuple[ToldVersion, ...]:
    """The last thousand of a component, the last first. None is ever forgotten."""
    table = told_version.c
    query = select(told_version).where(table.tenant == tx.tenant, table.component == name)
    query = query.order_by(table.at.desc(), table.version).limit(_SHOWN_MAX)
    return tuple(_told(row) for row in tx.rows(query))


def told_among(told: Iterable[ToldVersion], channel: str, images: Iterable[str]) -> list[Version]:
    """Those of one channel, empty for the component's own rule, as they are chosen from.

    images: where the component's lie now; what was told of another place counts no more.
    """
    places = {_place(one) for one in images}
    return [
        Version("", one.version, f"{one.image}@{one.digest}")
        for one in told
        if one.channel == channel and _place(one.image) in places
    ]


def _place(image: str) -> tuple[str, str]:
    reference = parse_reference(image)
    return reference.host, reference.repository


def _refuse_elsewhere(image: str, images: Sequence[str]) -> None:
    """Raises MalformedVersion."""
    if _place(image) not in {_place(one) for one in images}:
        raise _malformed(
            f"{image} is none of {', '.join(images)}",
            "Tell an image of the component, or name its repository in the component.",
        )


def _same(tx: Tx, value: ToldVersion) -> ToldVersion:
    table = told_version.c
    row = tx.row(
        select(told_version).where(
            table.tenant == tx.tenant,
            table.component == value.component,
            table.channel == value.channel,
            table.version == value.version,
        )
    )
    assert row is not None  # it was in the way of another
    there = _told(row)
    if there.digest == value.digest:
        return there
    raise VersionTaken(
        f"{value.component} {value.version} is {there.digest[:19]} since {there.at}",
        remedy=Remedy("A version is one image for good: tell another version."),
        component=value.component,
        version=value.version,
        digest=there.digest,
    )


def _refuse_malformed(version: str, origin: Origin) -> None:
    is_short = len(version) <= _VERSION_CHARACTERS_MAX
    if not is_short or not _VERSION.match(version) or version_key(SCHEME, version) is None:
        raise _malformed(f"{version[:80]!r} is no version", "Tell one like 1.4.0 or 1.4.0-rc.1.")
    if origin.commit and not COMMIT_ID.match(origin.commit):
        raise _malformed(f"{origin.commit[:80]!r} is no commit", "Tell its whole id.")
    for text, most in ((origin.build, _BUILD_CHARACTERS_MAX), (origin.url, _URL_CHARACTERS_MAX)):
        if len(text) > most or not (text or "-").isprintable():
            raise _malformed(
                f"build and url have up to {_BUILD_CHARACTERS_MAX} and {_URL_CHARACTERS_MAX} characters",
                "Tell less of it.",
            )
    if origin.url and not origin.url.startswith(("https://", "http://")):
        raise _malformed("the url is none", "Tell one that begins with https://.")


def _malformed(what: str, advice: str) -> MalformedVersion:
    return MalformedVersion(f"this version cannot be told: {what}", remedy=Remedy(advice))


def _told(row: Mapping[Any, Any]) -> ToldVersion:
    return ToldVersion(**fields_of(row))
