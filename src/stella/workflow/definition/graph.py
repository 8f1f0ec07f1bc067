"""Which steps come before which."""

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from stella.workflow.definition.model import Step


def circle(steps: Mapping[str, Step]) -> tuple[str, ...]:
    """Steps that need each other in a circle, the first one twice; none where there is no circle."""
    sorter = TopologicalSorter({name: [*_known(steps, name)] for name in steps})
    try:
        sorter.prepare()
    except CycleError as error:
        return tuple(reversed(error.args[1]))
    return ()


def in_order(steps: Mapping[str, Step]) -> tuple[str, ...]:
    """Names, each after those that it needs. There is no circle."""
    return tuple(TopologicalSorter({name: [*_known(steps, name)] for name in steps}).static_order())


def ancestors(steps: Mapping[str, Step], name: str) -> set[str]:
    """Every step that ends before that one comes."""
    found: set[str] = set()
    left = [*_known(steps, name)]
    while left:
        one = left.pop()
        if one not in found:
            found.add(one)
            left += _known(steps, one)
    return found


def _known(steps: Mapping[str, Step], name: str) -> tuple[str, ...]:
    return tuple(one for one in steps[name].needs if one in steps)
