"""What is kept on the agent's host of a service between two orders: where it is, and how it was left."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from stella.sdk import Host, Json, canonical_json
from stella_connectors.ecs.settings import Place, Wanted

_NAME = "stella.ecs.json"


@dataclass(frozen=True, slots=True)
class Kept:
    """arns: of task definitions that we brought the service to, the one that was left first.

    count: how many tasks there shall be; None where an autoscaler says it.
    """

    place: Place
    containers: Mapping[str, str]
    arns: tuple[str, ...]
    count: int | None


def read(host: Host) -> Kept | None:
    """What the last order left; None where there was none."""
    kept: Any = json.loads(host.read(_NAME) or b"null")
    if kept is None:
        return None
    return Kept(Place(**kept["place"]), kept["containers"], tuple(kept["arns"]), kept["count"])


def write(host: Host, wanted: Wanted, arns: tuple[str, ...]) -> None:
    """Keep it."""
    content: dict[str, Json] = {
        "place": asdict(wanted.place),
        "containers": {**wanted.containers},
        "arns": [*arns],
        "count": None if wanted.preserves_count else wanted.desired_count,
    }
    host.write(_NAME, canonical_json(content))
