"""What in a job would run bytes that nobody approved, beside its tasks' own drivers and images.

Sources: Nomad's documentation, "JSON Job Specification", "sidecar_task", "artifact"; go-getter's README.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

DRIVER = "docker"
_PINNED = re.compile(r"[^\s$]+@sha256:[0-9a-f]{64}\Z")
_CHECKSUM = re.compile(r"(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})\Z")
_FORCED = re.compile(r"\A[A-Za-z0-9]+::")
_FILE_SOURCE = re.compile(r"(?:(?:s3|gcs)::)?https?\Z")
# Go reads the names of a structure without regard to case. These are what we judge a job by.
_KNOWN = {
    name.casefold(): name
    for name in (
        "Artifacts",
        "AutoPromote",
        "Canary",
        "Config",
        "Connect",
        "Count",
        "Driver",
        "Env",
        "Gateway",
        "GetterMode",
        "GetterOptions",
        "GetterSource",
        "ID",
        "MaxParallel",
        "Meta",
        "Name",
        "Services",
        "SidecarService",
        "SidecarTask",
        "TaskGroups",
        "Tasks",
        "Type",
        "Update",
    )
}
_KNOWN_IN_CONFIG = {"image": "image", "auth": "auth"}
# Their names are anybody's, and not read by Go as a structure's.
_FREE = frozenset(
    {
        "CanaryMeta",
        "CanaryTaggedAddresses",
        "Config",
        "Env",
        "GetterHeaders",
        "GetterOptions",
        "Header",
        "Meta",
        "Parameters",
        "TaggedAddresses",
    }
)


def is_pinned(image: object) -> bool:
    """Whether the image is named by its digest, with nothing that a node fills in."""
    return isinstance(image, str) and _PINNED.match(image) is not None


def tasks_of(job: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """(group, task) -> its driver and its image, of every task that is written in the job."""
    return {
        (str(group.get("Name")), str(task.get("Name"))): (
            str(task.get("Driver")),
            str((task.get("Config") or {}).get("image")),
        )
        for group in _objects(job.get("TaskGroups"))
        for task in _objects(group.get("Tasks"))
    }


def approved_of(job: Mapping[str, Any]) -> dict[tuple[str, str], tuple[str, str]]:
    """The same, with the sidecars that Nomad adds to a job without faults."""
    found = tasks_of(job)
    for group in _objects(job.get("TaskGroups")):
        for service in _objects(group.get("Services")):
            connect = service.get("Connect") or {}
            kind = _kind(connect)
            if kind:
                where = (str(group.get("Name")), f"connect-{kind}-{service['Name']}")
                found[where] = (DRIVER, connect["SidecarTask"]["Config"]["image"])
    return found


def faults(job: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a job whose groups and tasks are named."""
    yield from _spelling(job, "its job")
    for group in _objects(job.get("TaskGroups")):
        for service in _objects(group.get("Services")):
            yield from _connect(service, f"a service of the group {group['Name']}")
        for task in _objects(group.get("Tasks")):
            for service in _objects(task.get("Services")):
                yield from _connect(service, f"a service of the task {task['Name']}")
            for one in _objects(task.get("Artifacts")):
                yield from _artifact(one, f"an artifact of the task {task['Name']}")


def _spelling(value: object, what: str) -> Iterator[str]:
    if isinstance(value, list):
        for one in value:
            yield from _spelling(one, what)
    if not isinstance(value, dict):
        return
    yield from _names(value, _KNOWN, what)
    for name, inner in value.items():
        if name == "Config" and isinstance(inner, dict):
            yield from _names(inner, _KNOWN_IN_CONFIG, f"Config in {what}")
        if name not in _FREE:
            yield from _spelling(inner, f"{name} in {what}")


def _names(value: Mapping[str, Any], known: Mapping[str, str], what: str) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name in value:
        folded = name.casefold()
        if folded in seen:
            yield f"{what} has {seen[folded]} and {name}, which Nomad takes for the same"
        elif known.get(folded, name) != name:
            yield f"{what} has {name}, which Nomad reads as {known[folded]}: write it so"
        seen[folded] = name


def _connect(service: Mapping[str, Any], what: str) -> Iterator[str]:
    """Nomad makes a task of it, with an image of its own choice unless one is written there."""
    connect = service.get("Connect") or {}
    if not isinstance(connect, dict):
        yield f"{what} has a Connect that is no object"
        return
    asked = [
        one for one in ("SidecarService", "SidecarTask", "Gateway") if connect.get(one) is not None
    ]
    if not asked:
        return
    if not all(isinstance(connect[one], dict) for one in asked):
        yield f"{what} has a Connect whose {asked[0]} is no object"
        return
    name, task = service.get("Name"), connect.get("SidecarTask")
    if not isinstance(name, str) or not name or "$" in name:
        yield f"{what} has {asked[0]} and no Name that is written out"
    own = task if isinstance(task, dict) else {}
    config = own.get("Config")
    image = config.get("image") if isinstance(config, dict) else None
    if own.get("Driver") not in (None, "", DRIVER):
        yield f"{what} has a SidecarTask of the driver {own['Driver']!r}: only docker's has a digest"
    elif not is_pinned(image):
        yield f"{what} has {asked[0]}, and no SidecarTask whose Config names an image by digest"


def _kind(connect: Mapping[str, Any]) -> str:
    """What Nomad calls the task that it makes of it; empty where it makes none."""
    gateway = connect.get("Gateway")
    if gateway is not None:
        kinds = ("Ingress", "Terminating", "Mesh")
        return next((one.lower() for one in kinds if gateway.get(one) is not None), "ingress")
    return "proxy" if connect.get("SidecarService") is not None else ""


def _artifact(one: Mapping[str, Any], what: str) -> Iterator[str]:
    """A checksum counts for one file alone: trees are fetched without looking at it."""
    source, options = str(one.get("GetterSource") or ""), one.get("GetterOptions") or {}
    try:
        parts = urlsplit(_FORCED.sub("", source))
    except ValueError:
        parts = urlsplit("")
    is_file = _FILE_SOURCE.match(source[: source.find("://")]) and not parts.path.endswith("/")
    if not is_file or one.get("GetterMode") not in (None, "", "any", "file"):
        yield f"{what} is no single file at an http or https URL ({source[:100]})"
    given = parse_qsl(parts.query, keep_blank_values=True)
    given += [*options.items()] if isinstance(options, dict) else []
    sums = [str(text) for name, text in given if name == "checksum"]
    if not sums or not all(map(_CHECKSUM.match, sums)):
        yield f"{what} has no checksum sha256:... or sha512:... ({source[:100]})"


def _objects(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        yield from (one for one in value if isinstance(one, dict))
