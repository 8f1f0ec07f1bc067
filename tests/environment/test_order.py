"""Environments are listed way by way, from the first to the last."""

from itertools import permutations

import pytest

from stella.environment.model import Environment
from stella.environment.store import in_order


@pytest.mark.parametrize(
    ("follows", "listed"),
    [
        ({"dev": None, "stage": "dev", "prod": "stage"}, "dev stage prod"),
        ({"dev": None, "stage": "dev", "prod": "stage", "eve": None}, "dev stage prod eve"),
        ({"dev": None, "qa": "dev", "prod": "qa", "load": "dev"}, "dev load qa prod"),
        ({"b": "a", "a": "b", "c": "b", "d": None}, "d a b c"),
        ({"alone": "alone"}, "alone"),
        ({"after-what-is-gone": "gone"}, "after-what-is-gone"),
        ({}, ""),
    ],
)
def test_a_way_stays_together_whatever_the_order_they_came_in(
    follows: dict[str, str | None], listed: str
) -> None:
    made = [Environment(name, after) for name, after in follows.items()]
    for given in permutations(made):
        assert " ".join(one.name for one in in_order(given)) == listed
