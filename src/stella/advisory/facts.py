"""What happens to feeds that a server syncs."""

from dataclasses import dataclass

from stella.kernel import Fact


@dataclass(frozen=True, slots=True)
class FeedSynced(Fact):
    """It was brought up to date, and something was other. subject: the integration. items: it holds."""

    changed: int
    removed: int
    items: int


@dataclass(frozen=True, slots=True)
class FeedFailed(Fact):
    """It could not be brought up to date; what was known of it stays. Told once until it is otherwise."""

    code: str
    detail: str
