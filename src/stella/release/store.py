"""The tables of releases, and of what each tag was last seen to name."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Index, Integer, String, Table, Text, UniqueConstraint, select

from stella.kernel import Remedy, time_text
from stella.record.parts import in_parts
from stella.record.row import columns_of
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.release.errors import UnknownRelease
from stella.release.lifecycle import ReleaseState
from stella.release.model import Platform, Release, ReleaseComponent, Revision
from stella.release.variables.model import Variable, variables_of, variables_text

release = Table(
    "release",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("name", String(80), nullable=False),
    Column("version", String(80), nullable=False),
    Column("digest", String(71), nullable=False),
    Column("manifest", String(71), nullable=False),
    Column("state", String(20), nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("variables", Text),
    Column("channel", String(80), nullable=False, server_default=""),
    UniqueConstraint("tenant", "name", "version"),
    Index(None, "digest"),
)

release_component = Table(
    "release_component",
    metadata,
    Column("release", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("position", Integer, nullable=False),
    Column("reference", String(1024), nullable=False),
    Column("host", String(255), nullable=False),
    Column("repository", String(255), nullable=False),
    Column("tag", String(128)),
    Column("digest", String(71), nullable=False),
    Column("media_type", String(200), nullable=False),
    Column("platforms", Text, nullable=False),
    Index(None, "digest"),
)

release_revision = Table(
    "release_revision",
    metadata,
    Column("release", String(40), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("variables", Text, nullable=False),
    Column("count", Integer, nullable=False),
    Column("digest", String(71), nullable=False),
    Column("at", String(27), nullable=False),
    Column("by", String(80), nullable=False),
    Column("reason", Text, nullable=False),
)

tag_seen = Table(
    "tag_seen",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("repository", String(512), primary_key=True),
    Column("tag", String(128), primary_key=True),
    Column("digest", String(71), nullable=False),
    Column("at", String(27), nullable=False),
)


@dataclass(frozen=True, slots=True)
class TagSeen:
    """What a tag was last seen to name."""

    tag: str
    digest: str
    at: str


def insert_release(tx: Tx, value: Release) -> None:
    """The release and its components."""
    tx.connection.execute(
        release.insert(),
        {
            "id": value.id,
            "tenant": tx.tenant,
            "name": value.name,
            "version": value.version,
            "digest": value.digest,
            "manifest": value.manifest,
            "state": value.state.value,
            "created_at": value.created_at,
            "created_by": value.created_by,
            "revision": value.revision,
            "variables": variables_text(value.variables) if value.variables else None,
            "channel": value.channel,
        },
    )
    for position, one in enumerate(value.components):
        platforms = [[platform.platform, platform.digest] for platform in one.platforms]
        tx.connection.execute(
            release_component.insert(),
            {
                "release": value.id,
                "name": one.name,
                "tenant": tx.tenant,
                "position": position,
                "reference": one.reference,
                "host": one.host,
                "repository": one.repository,
                "tag": one.tag,
                "digest": one.digest,
                "media_type": one.media_type,
                "platforms": json.dumps(platforms),
            },
        )


def set_release_state(tx: Tx, release_id: str, state: ReleaseState) -> None:
    """Move a release; its lifecycle was asked before."""
    tx.connection.execute(
        release.update().where(release.c.tenant == tx.tenant, release.c.id == release_id),
        {"state": state.value},
    )


def insert_revision(
    tx: Tx, release_id: str, value: Revision, variables: tuple[Variable, ...]
) -> None:
    """A new row; revisions are never changed."""
    tx.connection.execute(
        release_revision.insert(),
        {
            "release": release_id,
            "tenant": tx.tenant,
            "variables": variables_text(variables),
            **columns_of(value),
        },
    )


def set_revision(tx: Tx, release_id: str, number: int, variables: tuple[Variable, ...]) -> None:
    """The revision that a release is deployed with from now on; the caller holds its row."""
    tx.connection.execute(
        release.update().where(release.c.tenant == tx.tenant, release.c.id == release_id),
        {"revision": number, "variables": variables_text(variables)},
    )


def list_revisions(
    tx: Tx, release_id: str, *, before: int | None = None, limit: int = 100
) -> tuple[Revision, ...]:
    """The last first, from ``before`` on; one that was sealed without variables has no first."""
    table = release_revision.c
    query = select(table.number, table.count, table.digest, table.at, table.by, table.reason).where(
        table.tenant == tx.tenant, table.release == release_id
    )
    if before is not None:
        query = query.where(table.number < before)
    rows = tx.rows(query.order_by(table.number.desc()).limit(limit))
    return tuple(Revision(**row) for row in rows)


def variables_of_revision(tx: Tx, release_id: str, number: int) -> tuple[Variable, ...] | None:
    """Those that a revision has; None where there is no such revision with any."""
    row = tx.row(
        select(release_revision.c.variables).where(
            release_revision.c.tenant == tx.tenant,
            release_revision.c.release == release_id,
            release_revision.c.number == number,
        )
    )
    return None if row is None else variables_of(row["variables"])


def releases_with(tx: Tx, images: Collection[str]) -> tuple[str, ...]:
    """Ids of the releases that hold one of these images, by the digest that a reference resolved to."""
    found: set[str] = set()
    for part in in_parts(images):
        query = select(release_component.c.release).where(
            release_component.c.tenant == tx.tenant,
            release_component.c.digest.in_(part),
        )
        found |= {str(row["release"]) for row in tx.rows(query)}
    return tuple(sorted(found))


def find_release(tx: Tx, name: str, *, lock: bool = False) -> Release:
    """By id, or by ``name@version``. Raises UnknownRelease. lock: hold its row."""
    condition = release.c.id == name
    if "@" in name:
        plain, _, version = name.partition("@")
        condition = (release.c.name == plain) & (release.c.version == version)
    query = select(release).where(release.c.tenant == tx.tenant, condition)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownRelease(
            f"there is no release {name[:120]!r}",
            remedy=Remedy("Give its id, or name@version.", command="stella release list"),
            release=name[:120],
        )
    return _release(tx, row)


def keep_release(tx: Tx, release_id: str) -> None:
    """It stays as it is until this transaction ends; others may keep it as well."""
    query = select(release.c.id).where(release.c.tenant == tx.tenant, release.c.id == release_id)
    tx.row(query.with_for_update(read=True))


def exists(tx: Tx, name: str, version: str) -> bool:
    """Whether that name and version are taken."""
    query = select(release.c.id).where(
        release.c.tenant == tx.tenant, release.c.name == name, release.c.version == version
    )
    return tx.row(query) is not None


def list_releases(
    tx: Tx,
    *,
    name: str | None = None,
    part: str | None = None,
    component: str | None = None,
    after: str | None = None,
    limit: int = 100,
) -> tuple[Release, ...]:
    """The newest first; ``after`` is the last id of the page before. part: of "name version".

    component: name of one that it holds.
    """
    query = select(release).where(release.c.tenant == tx.tenant)
    if name is not None:
        query = query.where(release.c.name == name)
    if part is not None:
        names = release.c.name + " " + release.c.version
        query = query.where(names.icontains(part, autoescape=True))
    if component is not None:
        holding = select(release_component.c.release).where(
            release_component.c.tenant == tx.tenant, release_component.c.name == component
        )
        query = query.where(release.c.id.in_(holding))
    if after is not None:
        query = query.where(release.c.id < after)
    rows = tx.rows(query.order_by(release.c.id.desc()).limit(limit))
    return tuple(_release(tx, row) for row in rows)


def see_tag(tx: Tx, repository: str, tag: str, digest: str, at: str | None = None) -> str | None:
    """Note what ``tag`` names, since ``at`` or now; what it named before, None where that is new or
    the same.
    """
    known = tag_names(tx, repository, tag)
    values = {"digest": digest, "at": at or time_text(tx.now)}
    if known is None:
        tx.connection.execute(
            tag_seen.insert(),
            {
                "tenant": tx.tenant,
                "repository": repository,
                "tag": tag,
                **values,
            },
        )
        return None
    tx.connection.execute(
        tag_seen.update().where(
            tag_seen.c.tenant == tx.tenant,
            tag_seen.c.repository == repository,
            tag_seen.c.tag == tag,
        ),
        values,
    )
    return known.digest if known.digest != digest else None


def tag_names(tx: Tx, repository: str, tag: str) -> TagSeen | None:
    """What ``tag`` of ``host/repository`` was last seen to name."""
    row = tx.row(
        select(tag_seen).where(
            tag_seen.c.tenant == tx.tenant,
            tag_seen.c.repository == repository,
            tag_seen.c.tag == tag,
        )
    )
    return None if row is None else TagSeen(row["tag"], row["digest"], row["at"])


def _release(tx: Tx, row: Any) -> Release:
    query = (
        select(release_component)
        .where(release_component.c.release == row["id"])
        .order_by(release_component.c.position)
    )
    components = tuple(_component(one) for one in tx.rows(query))
    return Release(
        id=row["id"],
        name=row["name"],
        version=row["version"],
        digest=row["digest"],
        manifest=row["manifest"],
        state=ReleaseState(row["state"]),
        created_at=row["created_at"],
        created_by=row["created_by"],
        components=components,
        revision=row["revision"],
        variables=variables_of(row["variables"]) if row["variables"] else (),
        revised_by=_revised_by(tx, row["id"], row["revision"]),
        channel=row["channel"],
    )


def _revised_by(tx: Tx, release_id: str, number: int) -> str | None:
    """Who made that revision; the first one was sealed with the release."""
    if number == 1:
        return None
    row = tx.row(
        select(release_revision.c.by).where(
            release_revision.c.tenant == tx.tenant,
            release_revision.c.release == release_id,
            release_revision.c.number == number,
        )
    )
    assert row is not None, "a later revision has a row"
    return str(row["by"])


def _component(row: Any) -> ReleaseComponent:
    return ReleaseComponent(
        name=row["name"],
        reference=row["reference"],
        host=row["host"],
        repository=row["repository"],
        tag=row["tag"],
        digest=row["digest"],
        media_type=row["media_type"],
        platforms=tuple(Platform(name, digest) for name, digest in json.loads(row["platforms"])),
    )
