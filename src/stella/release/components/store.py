"""The tables of components, of templates, and of how far their releases are counted."""

import json
from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec
from sqlalchemy import Column, Index, Integer, String, Table, Text, delete, select
from sqlalchemy.exc import IntegrityError

from stella.kernel import Fact, Json, Remedy, digest_of
from stella.kernel.change import Change, changed
from stella.record.owners import forget_owner
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.release.components.model import (
    COMPONENT,
    TEMPLATE,
    Component,
    Template,
    malformed,
    parse_component,
    parse_template,
    spec_of,
)
from stella.release.errors import UnknownComponent
from stella.release.facts import (
    ComponentApplied,
    ComponentDeleted,
    ReleaseTemplateApplied,
    ReleaseTemplateDeleted,
)

_KEPT_MAX = 1000

component = Table(
    "component",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
)

release_template = Table(
    "release_template",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
)

release_counter = Table(
    "release_counter",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("form", String(200), primary_key=True),
    Column("count", Integer, nullable=False),
)

told_version = Table(
    "told_version",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("component", String(80), primary_key=True),
    Column("channel", String(80), primary_key=True),
    Column("version", String(80), primary_key=True),
    Column("image", String(512), nullable=False),
    Column("digest", String(71), nullable=False),
    Column("commit", String(64), nullable=False),
    Column("build", String(200), nullable=False),
    Column("url", Text, nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", String(27), nullable=False),
    Index(None, "tenant", "component", "at"),
)

_Kept = TypeVar("_Kept", Component, Template)


def apply_component(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change a component. Raises MalformedComponent."""
    value = parse_component(name, spec)
    known = {one: spec_of(found) for one, found in list_components(tx).items()}
    return _apply(
        tx, component, name, spec_of(value), kind=COMPONENT, known=known, fact=ComponentApplied
    )


def apply_template(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change a template, of components that are there. Raises MalformedComponent."""
    value = parse_template(name, spec)
    there = list_components(tx)
    reasons = []
    for wanted, pick in value.components.items():
        if wanted not in there:
            reasons.append(f"there is no component {wanted[:80]!r}")
        elif pick.channel and pick.channel not in there[wanted].channels:
            reasons.append(f"{wanted} has no channel {pick.channel[:80]!r}")
    if reasons:
        raise malformed(TEMPLATE, name, reasons)
    known = {one: spec_of(found) for one, found in list_templates(tx).items()}
    return _apply(
        tx,
        release_template,
        name,
        spec_of(value),
        kind=TEMPLATE,
        known=known,
        fact=ReleaseTemplateApplied,
    )


def delete_component(tx: Tx, name: str) -> None:
    """End it. Raises UnknownComponent."""
    find_component(tx, name)
    # First the component: that waits for who tells a version of it at this moment.
    _delete(tx, component, COMPONENT, name, ComponentDeleted(name))
    told = told_version.c
    tx.connection.execute(
        delete(told_version).where(told.tenant == tx.tenant, told.component == name)
    )


def delete_template(tx: Tx, name: str) -> None:
    """End it. Raises UnknownComponent."""
    find_template(tx, name)
    _delete(tx, release_template, TEMPLATE, name, ReleaseTemplateDeleted(name))


def templates_of(tx: Tx, name: str) -> list[str]:
    """The templates that take the component ``name``."""
    return [one for one, found in list_templates(tx).items() if name in found.components]


def list_components(tx: Tx) -> dict[str, Component]:
    """By name."""
    return _list(tx, component, Component)


def list_templates(tx: Tx) -> dict[str, Template]:
    """By name."""
    return _list(tx, release_template, Template)


def find_component(tx: Tx, name: str) -> Component:
    """Raises UnknownComponent."""
    return _found(list_components(tx), name, "component", "stella component list")


def keep_component(tx: Tx, name: str) -> Component:
    """The same, which stays until this transaction ends; others may keep it as well."""
    mine = (component.c.tenant == tx.tenant, component.c.name == name)
    tx.row(select(component.c.name).where(*mine).with_for_update(read=True))
    return find_component(tx, name)


def find_template(tx: Tx, name: str) -> Template:
    """Raises UnknownComponent."""
    return _found(list_templates(tx), name, "template of releases", "stella release templates")


def next_count(tx: Tx, form: str) -> int:
    """1, 2, 3, ... for each ``form``: a number is given to nobody twice, however many ask at once."""
    where = (release_counter.c.tenant == tx.tenant, release_counter.c.form == form)
    more = release_counter.update().where(*where).values(count=release_counter.c.count + 1)
    if not tx.connection.execute(more).rowcount:
        first = release_counter.insert().values(tenant=tx.tenant, form=form, count=1)
        try:
            with tx.connection.begin_nested():
                tx.connection.execute(first)
        except IntegrityError:  # somebody else was first, at the same moment
            tx.connection.execute(more)
    row = tx.row(select(release_counter.c.count).where(*where))
    assert row is not None, "it was just counted"
    return int(row["count"])


def count_so_far(tx: Tx, form: str) -> int:
    """The last number that was given; 0 for none. Whoever asks next may be another."""
    row = tx.row(
        select(release_counter.c.count).where(
            release_counter.c.tenant == tx.tenant, release_counter.c.form == form
        )
    )
    return 0 if row is None else int(row["count"])


def _apply(
    tx: Tx,
    table: Table,
    name: str,
    value: dict[str, Json],
    *,
    kind: str,
    known: Mapping[str, dict[str, Json]],
    fact: Callable[[str, str, str], Fact],
) -> Change:
    if name not in known and len(known) >= _KEPT_MAX:
        raise malformed(kind, name, [f"there are {_KEPT_MAX} of them already"])
    change = changed(kind, name, known.get(name), value)
    if change.change == "unchanged":
        return change
    tx.put(table, {"name": name}, {"spec": json.dumps(value, sort_keys=True)})
    tx.add(fact(name, change.change, digest_of(value).text))
    return change


def _delete(tx: Tx, table: Table, kind: str, name: str, fact: Fact) -> None:
    tx.connection.execute(delete(table).where(table.c.tenant == tx.tenant, table.c.name == name))
    forget_owner(tx, kind, name)
    tx.add(fact)


def _list(tx: Tx, table: Table, form: type[_Kept]) -> dict[str, _Kept]:
    """What was taken once: rules that came later do not judge it again."""
    query = select(table).where(table.c.tenant == tx.tenant).order_by(table.c.name)
    return {row["name"]: msgspec.json.decode(row["spec"], type=form) for row in tx.rows(query)}


def _found(known: Mapping[str, _Kept], name: str, what: str, command: str) -> _Kept:
    if name in known:
        return known[name]
    raise UnknownComponent(
        f"there is no {what} {name[:80]!r}",
        remedy=Remedy("Apply it, or list those that are there.", command=command),
        name=name[:80],
    )
