"""What a target's configuration says of its job, and the job with images by digest."""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stella.sdk import (
    BadTargetConfig,
    Json,
    Remedy,
    TargetIntent,
    UnknownService,
    digest_of,
    is_secret_reference,
)
from stella_connectors.docker.settings import schema_of, validated
from stella_connectors.nomad import strict

SPEC = "stella.spec"
DEPLOYMENT = "stella.deployment"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the job is, as it is kept on the agent's host between two orders."""

    job: str
    address: str
    token: str | None
    ca: str | None
    plain_http: bool
    namespace: str
    region: str | None

    @property
    def flags(self) -> tuple[str, ...]:
        """For the command line of people."""
        region = (f"-region={self.region}",) if self.region else ()
        return (f"-namespace={self.namespace}", *region)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The job as it shall be, but for who deploys it. images: task -> image, by digest.

    tasks: (group, task) -> component. has_canaries: some group waits to be promoted; promotes_itself:
    the groups whose canaries Nomad promotes.
    """

    place: Place
    job: Mapping[str, Any]
    tasks: Mapping[tuple[str, str], str]
    has_canaries: bool
    promotes_itself: frozenset[str]
    replaces: bool
    preserves_counts: bool
    watch_timeout_s: int

    @property
    def spec(self) -> str:
        """The digest of all but who deploys it."""
        return str(self.job["Meta"][SPEC])

    def of(self, deployment: str) -> dict[str, Any]:
        """The job as that deployment registers it."""
        meta = {**self.job["Meta"], DEPLOYMENT: deployment}
        return {**self.job, "Meta": meta}


def wanted(intent: TargetIntent) -> Wanted:
    """The job of the intent. Raises BadTargetConfig, UnknownService."""
    what = f"target {intent.target}"
    config = validated(intent.config, schema_of(__package__, "nomad"), what)
    job = _job(config["job"], what)
    tasks = _tasks(job, config, intent)
    images = {one.component: one for one in intent.services}
    for group, task in _all_tasks(job):
        component = tasks.get((group["Name"], task["Name"]))
        if component is not None:
            settings: Any = images[component].settings
            task.setdefault("Config", {})["image"] = images[component].image
            task["Env"] = {**(task.get("Env") or {}), **settings.get("env", {})} or None
        _refuse_secrets(group["Name"], task)
    # Who deploys it is added when it is registered: other words each time are no part of the plan.
    meta = {**(job.get("Meta") or {}), **_sticker(intent)}
    job["Meta"] = {
        **meta,
        SPEC: digest_of(json.dumps([job, _lasting(intent)], sort_keys=True)).text,
    }
    place = Place(
        job=job["ID"],
        address=config.get("address", "env://NOMAD_ADDR"),
        token=config.get("token"),
        ca=config.get("ca"),
        plain_http=config.get("plain_http", False),
        namespace=config.get("namespace", "default"),
        region=config.get("region"),
    )
    return Wanted(
        place,
        job,
        tasks,
        any((_update(job, group).get("Canary") or 0) > 0 for group in job["TaskGroups"]),
        frozenset(
            group["Name"] for group in job["TaskGroups"] if _update(job, group).get("AutoPromote")
        ),
        config.get("changed_by_others") == "replace",
        config.get("preserve_counts", False),
        config.get("watch_timeout_s", 3600),
    )


def images_of(job: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """(group, task) -> its image, of a job as Nomad has it."""
    return {
        (str(group.get("Name")), str(task.get("Name"))): str((task.get("Config") or {})["image"])
        for group, task in _all_tasks(job)
        if (task.get("Config") or {}).get("image")
    }


def counts_of(job: Mapping[str, Any]) -> dict[str, int]:
    """Group -> how many allocations it shall have."""
    found = {}
    for group in job.get("TaskGroups") or ():
        count = group.get("Count")
        found[str(group.get("Name"))] = 1 if count is None else int(count)
    return found


def _sticker(intent: TargetIntent) -> dict[str, str]:
    return {
        "stella.project": intent.project,
        "stella.release": intent.release,
        "stella.version": intent.version,
        "stella.environment": intent.environment,
        "stella.target": intent.target,
    }


def _lasting(intent: TargetIntent) -> Json:
    return {one.component: one.digest.text for one in intent.services}


def _job(given: Json, what: str) -> dict[str, Any]:
    read: Any = given
    if isinstance(given, str):
        try:
            read = json.loads(given)
        except ValueError:
            raise _bad(
                what,
                "its job is no JSON",
                Remedy("Write what Nomad makes of it.", "nomad job run -output FILE.nomad.hcl"),
            ) from None
    if isinstance(read, dict) and isinstance(read.get("Job"), dict):
        read = read["Job"]
    if not isinstance(read, dict):
        raise _bad(what, "its job is no object")
    job = copy.deepcopy(read)
    job["ID"] = job.get("ID") or job.get("Name")
    faults = [*_faults(job)] or [*strict.faults(job)]
    if faults:
        raise _bad(what, "; ".join(faults))
    return job


def _faults(job: Mapping[str, Any]) -> Iterator[str]:
    groups = job.get("TaskGroups")
    if not isinstance(job["ID"], str) or not job["ID"]:
        yield "its job has no ID"
    if job.get("Type") not in {None, "service"}:
        yield f"its job is of type {job['Type']!r}; only a service is deployed and watched"
    if not isinstance(groups, list) or not groups:
        yield "its job has no TaskGroups"
        return
    for group in groups:
        if not isinstance(group, dict) or not group.get("Name") or not group.get("Tasks"):
            yield "a group of its job lacks Name or Tasks"
            continue
        if not all(isinstance(one, dict) and one.get("Name") for one in group["Tasks"]):
            yield f"a task of the group {group['Name']} has no Name"
        if _update(job, group).get("MaxParallel") == 0:
            yield f"the group {group['Name']} has MaxParallel 0: Nomad makes no deployment of it"


def _update(job: Mapping[str, Any], group: Mapping[str, Any]) -> Mapping[str, Any]:
    """The update stanza that counts: the group's own values before those of the job."""
    own = {name: value for name, value in (group.get("Update") or {}).items() if value is not None}
    return {**(job.get("Update") or {}), **own}


def _tasks(
    job: Mapping[str, Any], config: Mapping[str, Any], intent: TargetIntent
) -> dict[tuple[str, str], str]:
    """(group, task) -> component; every component has a task, every other task a digest."""
    given: Mapping[str, str] = config.get("tasks", {})
    components = {one.component for one in intent.services}
    named = {
        tuple(place.partition("/")[::2]) if "/" in place else ("", place): component
        for component, place in given.items()
    }
    found: dict[tuple[str, str], str] = {}
    for group, task in _all_tasks(job):
        where = (str(group["Name"]), str(task["Name"]))
        other = task["Name"] if task["Name"] not in given else ""
        component = named.get(where) or named.get(("", where[1])) or other
        image = (task.get("Config") or {}).get("image")
        if task.get("Driver") != strict.DRIVER:
            raise _bad(
                f"target {intent.target}",
                f"the task {where[1]} has the driver {task.get('Driver')!r}: only docker's has a digest",
            )
        if component in components:
            found[where] = component
        elif not strict.is_pinned(image):
            raise UnknownService(
                f"the task {where[0]}/{where[1]} belongs to no component of the release, and names"
                " its image by no digest",
                remedy=Remedy("Name its component under tasks, or write its image with a digest."),
                task=where[1],
            )
    missing = sorted(components - set(found.values()))
    if missing:
        raise UnknownService(
            f"the component {missing[0]} has no task in the job {job['ID']}",
            remedy=Remedy("Call the task as the component, or name it under tasks."),
            component=missing[0],
        )
    return found


def _all_tasks(job: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    for group in job.get("TaskGroups") or ():
        for task in group.get("Tasks") or ():
            yield group, task


def _refuse_secrets(group: str, task: Mapping[str, Any]) -> None:
    """Everybody who may read the job would read them."""
    values = [*(task.get("Env") or {}).values()]
    values += [*((task.get("Config") or {}).get("auth") or {}).values()]
    if any(isinstance(one, str) and is_secret_reference(one) for one in values):
        raise _bad(
            f"the task {group}/{task['Name']}",
            "it wants a secret in its job, where everybody who may read the job reads it",
            Remedy("Let Nomad bring it: a template of the task, with a Nomad variable or Vault."),
        )


def _bad(what: str, why: str, remedy: Remedy | None = None) -> BadTargetConfig:
    return BadTargetConfig(
        f"the configuration of {what} cannot be used: {why}",
        remedy=remedy or Remedy("Change it in the YAML and apply that.", "stella apply -f FILE"),
        reasons=[why],
    )
