"""The native formats of feeds, one module each, and the one table that tells them apart."""

from stella.advisory.format.item import (
    Assessment,
    Entry,
    Exploited,
    Item,
    Likelihood,
    Withdrawn,
)
from stella.advisory.format.table import read_document

__all__ = [
    "Assessment",
    "Entry",
    "Exploited",
    "Item",
    "Likelihood",
    "Withdrawn",
    "read_document",
]
