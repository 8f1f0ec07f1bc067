"""What is kept on the agent's host of a job between two orders: where it is, and how it was left."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from stella.sdk import Host, Json, canonical_json, digest_of
from stella_connectors.nomad.settings import Place, Wanted, counts_of

_NAME = "stella.nomad.json"
# What Nomad counts and judges by itself: the same job has others each time it is registered.
_NOT_OF_THE_JOB = frozenset(
    {
        "ConsulToken",
        "CreateIndex",
        "JobModifyIndex",
        "ModifyIndex",
        "NomadTokenID",
        "Stable",
        "Status",
        "StatusDescription",
        "Stop",
        "SubmitTime",
        "VaultToken",
        "Version",
        "VersionTag",
    }
)


@dataclass(frozen=True, slots=True)
class Kept:
    """shapes: of the job as we left it, and as we tried to; empty before the first order ended.

    counts: group -> how many allocations there shall be.
    """

    place: Place
    tasks: Mapping[tuple[str, str], str]
    preserves_counts: bool
    shapes: tuple[str, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


def shape_of(job: Mapping[str, Any], *, preserves_counts: bool) -> str:
    """The digest of what a job says, as Nomad has it; the counts aside where an autoscaler sets them."""
    content = {name: value for name, value in job.items() if name not in _NOT_OF_THE_JOB}
    if preserves_counts:
        groups = content.get("TaskGroups") or ()
        content["TaskGroups"] = [{**group, "Count": None} for group in groups]
    # Numbers that are no integers stand in a job too, which canonical JSON does not take.
    return digest_of(json.dumps(content, sort_keys=True)).text


def read(host: Host) -> Kept | None:
    """What the last order left; None where there was none."""
    kept: Any = json.loads(host.read(_NAME) or b"null")
    if kept is None:
        return None
    return Kept(
        Place(**kept["place"]),
        {(group, task): component for group, task, component in kept["tasks"]},
        kept["preserves_counts"],
        tuple(kept["shapes"]),
        kept["counts"],
    )


def write(
    host: Host, wanted: Wanted, shapes: tuple[str, ...], job: Mapping[str, Any] | None
) -> None:
    """Keep it. job: as Nomad has it; None where it says nothing yet."""
    content: dict[str, Json] = {
        "place": asdict(wanted.place),
        "tasks": [[*where, component] for where, component in sorted(wanted.tasks.items())],
        "preserves_counts": wanted.preserves_counts,
        "shapes": [*shapes],
        "counts": {**counts_of(job or {})},
    }
    host.write(_NAME, canonical_json(content))
