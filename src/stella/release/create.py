"""Seal a release: tags are resolved to digests once, here, and never again."""

import re
from collections.abc import Callable, Mapping

from sqlalchemy.exc import IntegrityError

from stella.blob import Blobs
from stella.image import ImageSource, parse_reference, resolve
from stella.kernel import Remedy, time_text
from stella.kernel.names import NAME
from stella.record.transaction import Tx
from stella.release.components.platforms import refuse_missing_platforms
from stella.release.components.store import list_components
from stella.release.errors import MalformedRelease, ReleaseExists
from stella.release.facts import ReleaseSealed
from stella.release.lifecycle import RELEASE
from stella.release.model import (
    Platform,
    Release,
    ReleaseComponent,
    Revision,
    release_digest,
    sealed_manifest,
    variables_digest,
)
from stella.release.store import exists, insert_release, insert_revision, see_tag
from stella.release.variables.sets import chosen_for

_VERSION = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._+-]{0,62}[A-Za-z0-9])?\Z")
_COMPONENTS_MAX = 256


def checked_release(
    name: str, version: str, components: Mapping[str, str], channel: str = ""
) -> None:
    """Return where a release may be called so. Raises MalformedRelease."""
    if not NAME.match(name):
        raise _malformed(f"the name {name[:80]!r}", "Use lower-case letters, digits and hyphens.")
    if not _VERSION.match(version):
        raise _malformed(f"the version {version[:80]!r}", "Use something like 1.4.0 or 1.4.0-rc.1.")
    if not 0 < len(components) <= _COMPONENTS_MAX:
        raise _malformed(
            f"{len(components)} components",
            f"Give between 1 and {_COMPONENTS_MAX}: name=reference.",
        )
    if channel and not NAME.match(channel):
        raise _malformed(
            f"the channel {channel[:80]!r}", "Use lower-case letters, digits and hyphens."
        )
    for component in components:
        if not NAME.match(component):
            raise _malformed(
                f"the component name {component[:80]!r}",
                "Use lower-case letters, digits and hyphens.",
            )


def resolve_components(
    open_source: Callable[[str], ImageSource], components: Mapping[str, str]
) -> tuple[ReleaseComponent, ...]:
    """What each reference names right now, by name. No transaction is open.

    open_source: registry host -> connector. Raises what ``image.resolve`` raises.
    """
    resolved = []
    for name, text in sorted(components.items()):
        reference = parse_reference(text)
        image = resolve(open_source(reference.host), reference)
        resolved.append(
            ReleaseComponent(
                name=name,
                reference=str(reference),
                host=reference.host,
                repository=reference.repository,
                tag=None if reference.digest else reference.tag,
                digest=image.digest.text,
                media_type=image.media_type,
                platforms=tuple(Platform(one.platform, one.digest.text) for one in image.platforms),
            )
        )
    return tuple(resolved)


def create_release(
    tx: Tx,
    blobs: Blobs,
    *,
    name: str,
    version: str,
    components: tuple[ReleaseComponent, ...],
    channel: str = "",
) -> Release:
    """Seal ``components`` under a name and a version that are not taken yet. channel: empty for none.

    Raises MalformedRelease, ReleaseExists, PlatformMissing.
    """
    checked_release(name, version, {one.name: one.reference for one in components}, channel)
    if exists(tx, name, version):
        raise taken(name, version)
    refuse_missing_platforms(components, list_components(tx))
    digests = {one.name: one.digest for one in components}
    variables = chosen_for(tx, name, channel)
    value = Release(
        id=tx.new_id("rel"),
        name=name,
        version=version,
        digest=release_digest(digests).text,
        manifest=blobs.put(sealed_manifest(name, version, components, variables, channel)).text,
        state=RELEASE.start,
        created_at=time_text(tx.now),
        created_by=tx.actor,
        components=components,
        variables=variables,
        channel=channel,
    )
    digest = variables_digest(variables).text if variables else None
    try:
        with tx.connection.begin_nested():
            insert_release(tx, value)
    except IntegrityError as error:  # another request sealed it at the same moment
        raise taken(name, version) from error
    for one in components:
        if one.tag is not None:
            see_tag(tx, f"{one.host}/{one.repository}", one.tag, one.digest)
    if digest is not None:
        first = Revision(1, len(variables), digest, value.created_at, tx.actor, "")
        insert_revision(tx, value.id, first, variables)
    tx.add(
        ReleaseSealed(
            value.id,
            name,
            version,
            value.digest,
            value.manifest,
            digests,
            digest,
            channel or None,
        )
    )
    return value


def taken(name: str, version: str) -> ReleaseExists:
    """The refusal of a version that somebody sealed before."""
    return ReleaseExists(
        f"{name} {version} is sealed already",
        remedy=Remedy("Choose another version.", command=f"stella release get {name}@{version}"),
        name=name,
        version=version,
    )


def _malformed(what: str, advice: str) -> MalformedRelease:
    return MalformedRelease(f"a release cannot have {what}", remedy=Remedy(advice))
