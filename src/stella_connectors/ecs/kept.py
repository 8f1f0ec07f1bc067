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

    counts: how many tasks there shall be, likewise; empty where an autoscaler says it.
    """

    place: Place
    containers: Mapping[str, str]
    arns: tuple[str, ...]
    counts: tuple[int, ...]


def read(host: Host) -> Kept | None:
    """What the last order left; None where there was none."""
    kept: Any = json.loads(host.read(_NAME) or b"null")
    if kept is None:
        return None
    return Kept(
        Place(**kept["place"]),
        kept["containers"],
        tuple(kept["arns"]),
        tuple(kept.get("counts", ())),
    )


def write(
    host: Host, wanted: Wanted, arns: tuple[str | None, ...], counts: tuple[int | None, ...]
) -> None:
    """Keep it; None: there was none."""
    content: dict[str, Json] = {
        "place": asdict(wanted.place),
        "containers": {**wanted.containers},
        "arns": [one for one in arns if one is not None],
        "counts": [one for one in counts if one is not None and not wanted.preserves_count],
    }
    host.write(_NAME, canonical_json(content))
