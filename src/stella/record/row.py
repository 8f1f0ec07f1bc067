"""A flat value and its row: columns named as the fields are, and the tenant beside them."""

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def columns_of(value: "DataclassInstance", **instead: Any) -> dict[str, Any]:
    """Column -> what it holds; ``instead``: the fields that are stored in another form."""
    return {field.name: getattr(value, field.name) for field in fields(value)} | instead


def fields_of(row: Mapping[Any, Any]) -> dict[str, Any]:
    """What the row of a value holds, by field: everything but its tenant."""
    return {name: held for name, held in row.items() if name != "tenant"}
