"""The documents of variables: applied, kept, and chosen for a release."""

import json
from collections.abc import Mapping

from sqlalchemy import Column, String, Table, Text, delete, select

from stella.kernel import Json, digest_of
from stella.kernel.change import Change, changed
from stella.record.owners import forget_owner
from stella.record.tables import metadata
from stella.record.transaction import Tx
from stella.release.facts import VariablesApplied, VariablesDeleted
from stella.release.variables.model import (
    KIND,
    Variable,
    malformed,
    parse_variables,
    spec_of,
    stored_variables,
)

_SETS_MAX = 200
_CHOSEN_BYTES_MAX = 1024 * 1024

variable_set = Table(
    "variable_set",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
)


def apply_variables(tx: Tx, name: str, spec: Mapping[str, Json]) -> Change:
    """Make or change a document; releases that are sealed keep what they have.

    Raises MalformedVariables.
    """
    value = spec_of(parse_variables(name, spec))
    known = {one: spec_of(found) for one, found in list_variable_sets(tx).items()}
    if name not in known and len(known) >= _SETS_MAX:
        raise malformed(name, [f"there are {_SETS_MAX} of them already"])
    change = changed(KIND, name, known.get(name), value)
    if change.change == "unchanged":
        return change
    text = json.dumps(value, sort_keys=True)
    if sum(len(json.dumps(one)) for one in known.values()) + len(text) > _CHOSEN_BYTES_MAX:
        raise malformed(
            name, [f"all variables together have more than {_CHOSEN_BYTES_MAX >> 10} KiB"]
        )
    tx.put(variable_set, {"name": name}, {"spec": text})
    tx.add(VariablesApplied(name, change.change, digest_of(value).text))
    return change


def delete_variables(tx: Tx, name: str) -> None:
    """End a document; releases that are sealed keep what they have."""
    table = variable_set.c
    tx.connection.execute(delete(variable_set).where(table.tenant == tx.tenant, table.name == name))
    forget_owner(tx, KIND, name)
    tx.add(VariablesDeleted(name))


def variables_naming(tx: Tx, key: str, word: str) -> list[str]:
    """The documents with a variable that counts in ``word``; key: of its scope, as "target"."""
    return [
        name
        for name, listed in list_variable_sets(tx).items()
        if any(word in getattr(one.when, key) for one in listed)
    ]


def list_variable_sets(tx: Tx) -> dict[str, tuple[Variable, ...]]:
    """Name of a document -> its variables, by name."""
    query = select(variable_set).where(variable_set.c.tenant == tx.tenant)
    rows = tx.rows(query.order_by(variable_set.c.name))
    return {row["name"]: stored_variables(row["name"], json.loads(row["spec"])) for row in rows}


def chosen_for(tx: Tx, release: str, channel: str) -> tuple[Variable, ...]:
    """What counts for releases of that name and channel now: by document, then in its order."""
    return tuple(
        one
        for listed in list_variable_sets(tx).values()
        for one in listed
        if (not one.when.release or release in one.when.release)
        and (not one.when.channel or channel in one.when.channel)
    )
