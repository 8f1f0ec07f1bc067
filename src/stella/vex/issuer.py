"""Whose word counts, and how much."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from stella.trust import PublicKey

WEIGHT_MAX = 100
WEIGHTS: Mapping[str, int] = {"trusted": 100, "known": 50, "unknown": 0}
"""The words for weights. Whose weight is 0 is shown and never decides."""


class Basis(StrEnum):
    """Why a document is taken to be its issuer's."""

    SIGNATURE = "signature"  # it is signed with a key of theirs
    VOUCHED = "vouched"  # somebody who may said so when handing it in
    NONE = "none"  # nobody says so: an unknown issuer's


@dataclass(frozen=True, slots=True)
class Issuer:
    """One issuer. weight: 0 to 100. keys: what they sign with; none where others vouch for them.

    feeds: whose documents are theirs where no signature says whose they are.
    """

    name: str
    weight: int
    keys: "tuple[PublicKey, ...]" = ()
    feeds: tuple[str, ...] = ()


UNKNOWN = Issuer("", 0)


def weight_of(value: object) -> int | None:
    """``trusted``, ``known``, ``unknown`` or 0 to 100 as a number; None for anything else."""
    if isinstance(value, str):
        return WEIGHTS.get(value)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return value if is_number and 0 <= value <= WEIGHT_MAX else None  # type: ignore[return-value,operator]


def weight_text(weight: int) -> str:
    """For people: the word where there is one."""
    words = {number: word for word, number in WEIGHTS.items()}
    return words.get(weight, str(weight))
