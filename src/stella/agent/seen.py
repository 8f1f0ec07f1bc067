"""What a connector says of this host: as it was promised, or refused; whatever the connector does."""

from collections.abc import Callable
from typing import TypeVar

from stella.agent.errors import BrokenConnector
from stella.kernel import Remedy, StellaError
from stella.sdk import Host, Running, TargetConnector

T = TypeVar("T")


def running_of(
    kind: str, connector: TargetConnector, project: str, host: Host
) -> tuple[Running, ...]:
    """What runs of a project. Raises BrokenConnector, and what the connector refuses with."""
    running = unbroken(kind, lambda: tuple(connector.inspect(project, host)))
    strangers = [type(one).__name__ for one in running if not isinstance(one, Running)]
    if strangers:
        raise broken(kind, f"it told of a {strangers[0]}, not of what runs")
    return running


def engine_of(kind: str, connector: TargetConnector, host: Host) -> str:
    """The version of its engine. Raises BrokenConnector, and what the connector refuses with."""
    version: object = unbroken(kind, lambda: connector.engine(host))
    if not isinstance(version, str):
        raise broken(kind, f"its engine's version is a {type(version).__name__}")
    return version


def unbroken(kind: str, ask: Callable[[], T]) -> T:
    """What it answers. Raises BrokenConnector for a bug, without its words: they may hold a secret.

    ``Stopped`` and what else ends a program passes through.
    """
    try:
        return ask()
    except StellaError:
        raise
    except Exception as bug:  # noqa: BLE001 - a plugin's bug ends what was asked, not the agent
        raise broken(kind, type(bug).__name__) from None


def broken(kind: str, why: str) -> BrokenConnector:
    """The refusal of a connector that did what it must not."""
    return BrokenConnector(
        f"the connector {kind} broke: {why}",
        remedy=Remedy("Report it to who made the connector."),
    )
