"""The table of followed repositories: applied, ended, and how each of them stands."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, Integer, String, Table, Text, delete, select

from stella.environment.document import malformed
from stella.environment.errors import UnknownRepository
from stella.environment.facts import RepositoryFollowed, RepositoryLeft
from stella.environment.followed.document import parse_followed
from stella.environment.followed.model import (
    KIND,
    Counted,
    Followed,
    Head,
    Known,
    Standing,
    SyncOutcome,
)
from stella.kernel import Json, Remedy, digest_of
from stella.kernel.change import Change, changed
from stella.record.owners import forget_owner
from stella.record.row import columns_of, fields_of
from stella.record.tables import metadata
from stella.record.transaction import Tx

_KEPT_MAX = 200

followed_repository = Table(
    "followed_repository",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("outcome", String(20), nullable=False),
    Column("checked_at", String(27)),
    Column("head", Text),
    Column("applied", String(64)),
    Column("applied_at", String(27)),
    Column("accepted", String(64)),
    Column("asked", Boolean, nullable=False),
    Column("code", String(20), nullable=False),
    Column("message", Text, nullable=False),
    Column("advice", Text, nullable=False),
    Column("asks", Integer, nullable=False),
    Column("counted", Text, nullable=False),
)


def apply_followed(
    tx: Tx, name: str, spec: Mapping[str, Json], beside: frozenset[str], known_scms: frozenset[str]
) -> Change:
    """Make or change one; it is looked at anew then.

    beside: the kinds that it may be allowed. known_scms: the integrations of kind ``scm``. Raises
    MalformedDocument.
    """
    value = parse_followed(name, spec, beside)
    known = list_followed(tx, lock=True)  # a look that ends now is not undone
    if value.integration not in known_scms:
        raise malformed(KIND, name, f"there is no integration of an SCM {value.integration!r}")
    if name not in known and len(known) >= _KEPT_MAX:
        raise malformed(KIND, name, f"there are {_KEPT_MAX} of them already")
    before = known.get(name)
    change = changed(KIND, name, before.followed.spec() if before else None, value.spec())
    if change.change == "unchanged":
        return change
    standing = Standing()
    if before is not None and before.followed.place == value.place:
        was = before.standing
        standing = Standing(
            applied=was.applied,
            applied_at=was.applied_at,
            accepted=was.accepted,
            counted=was.counted,
        )
    put_standing(tx, value, standing)
    tx.add(RepositoryFollowed(name, change.change, digest_of(value.spec()).text))
    return change


def put_standing(tx: Tx, value: Followed, standing: Standing) -> None:
    """Insert or replace."""
    head = None if standing.head is None else _text(standing.head)
    columns = columns_of(
        standing, outcome=standing.outcome.value, head=head, counted=_text(standing.counted)
    )
    columns["spec"] = json.dumps(value.spec(), sort_keys=True)
    tx.put(followed_repository, {"name": value.name}, columns)


def delete_followed(tx: Tx, name: str) -> None:
    """It is followed no more; what it brought stays, under the same owner."""
    table = followed_repository.c
    tx.connection.execute(
        delete(followed_repository).where(table.tenant == tx.tenant, table.name == name)
    )
    forget_owner(tx, KIND, name)
    tx.add(RepositoryLeft(name))


def ask_for_look(tx: Tx, name: str) -> Known:
    """It is to be looked at now. Raises UnknownRepository."""
    known = find_followed(tx, name, lock=True)
    known = known.asked_for()
    put_standing(tx, known.followed, known.standing)
    return known


def list_followed(tx: Tx, *, lock: bool = False) -> dict[str, Known]:
    """By name."""
    table = followed_repository
    query = select(table).where(table.c.tenant == tx.tenant).order_by(table.c.name)
    rows = tx.rows(query.with_for_update() if lock else query)
    return {row["name"]: _known(row) for row in rows}


def find_followed(tx: Tx, name: str, *, lock: bool = False) -> Known:
    """Raises UnknownRepository."""
    table = followed_repository
    query = select(table).where(table.c.tenant == tx.tenant, table.c.name == name)
    row = tx.row(query.with_for_update() if lock else query)
    if row is None:
        raise UnknownRepository(
            f"no repository is followed as {name[:80]!r}",
            remedy=Remedy("Apply one, or list them.", command="stella repository list"),
            repository=name[:80],
        )
    return _known(row)


def repositories_by(tx: Tx, integration: str) -> list[str]:
    """Those that are read by that integration."""
    known = list_followed(tx).items()
    return [name for name, one in known if one.followed.integration == integration]


def _text(value: Head | tuple[Counted, ...]) -> str:
    return json.dumps(msgspec.to_builtins(value), sort_keys=True)


def _known(row: Mapping[Any, Any]) -> Known:
    held = fields_of(row)
    name, spec, head = held.pop("name"), json.loads(held.pop("spec")), held.pop("head")
    standing = Standing(
        **held
        | {
            "outcome": SyncOutcome(held["outcome"]),
            "head": None if head is None else msgspec.json.decode(head, type=Head),
            "asked": bool(held["asked"]),
            "counted": msgspec.json.decode(held["counted"], type=tuple[Counted, ...]),
        }
    )
    return Known(msgspec.convert({"name": name, **spec}, type=Followed), standing)
