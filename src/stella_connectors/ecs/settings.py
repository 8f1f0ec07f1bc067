"""What a target's configuration says of its service, and the task definition with images by digest."""

import copy
import json
import re
from collections.abc import Mapping
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

SPEC, PROJECT, DEPLOYMENT = "stella.spec", "stella.project", "stella.deployment"
# What a tag of AWS may hold; everything else is replaced.
_NO_TAG = re.compile(r"[^A-Za-z0-9 +=._:/@-]")
_TAG_LENGTH_MAX = 256
_NOT_OF_CREATE = frozenset({"cluster", "serviceName", "taskDefinition"})
_PINNED = re.compile(r"\S+@sha256:[0-9a-f]{64}\Z")


@dataclass(frozen=True, slots=True)
class Place:
    """Where the service is and how one signs, as it is kept on the agent's host between two orders."""

    region: str
    cluster: str
    service: str
    endpoint: str
    access_key_id: str
    secret_access_key: str
    session_token: str
    ca: str | None
    plain_http: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """The service as it shall be. task: what is registered, but for its tags.

    containers: name -> component. digests: container, of every one -> what its image may be called by.
    """

    place: Place
    task: Mapping[str, Any]
    tags: Mapping[str, str]
    containers: Mapping[str, str]
    digests: Mapping[str, frozenset[str]]
    desired_count: int
    preserves_count: bool
    rollout: Mapping[str, Any]
    create: Mapping[str, Any]
    is_blue_green: bool
    replaces: bool
    watch_timeout_s: int

    @property
    def family(self) -> str:
        """Of the task definition's revisions."""
        return str(self.task["family"])


def wanted(intent: TargetIntent) -> Wanted:
    """The service of the intent. Raises BadTargetConfig, UnknownService."""
    what = f"target {intent.target}"
    config = validated(intent.config, schema_of(__package__, "ecs"), what)
    task = _task(config["task"], what)
    elsewhere = sorted({*config.get("create", {})} & _NOT_OF_CREATE)
    if elsewhere:
        raise _bad(what, f"its create has {elsewhere[0]}, which is said elsewhere in the target")
    containers = _containers(task, config, intent)
    planned = {one.component: one for one in intent.services}
    approved: dict[str, tuple[object, ...]] = {}
    for one in task["containerDefinitions"]:
        component = containers.get(one["name"])
        approved[one["name"]] = (str(one.get("image")).rpartition("@")[2],)
        if component is not None:
            approved[one["name"]] = (
                planned[component].digest,
                *planned[component].platform_digests,
            )
            settings: Any = planned[component].settings
            one["image"] = planned[component].image
            one["environment"] = _environment(one, settings.get("env", {}))
        values = [pair.get("value") for pair in one.get("environment") or ()]
        if any(isinstance(value, str) and is_secret_reference(value) for value in values):
            raise _bad(
                f"the container {one['name']}",
                "it wants a secret in its task definition, where everybody who may read it reads it",
                Remedy("Let ECS bring it: secrets with valueFrom, of Secrets Manager or SSM."),
            )
    tags = {
        PROJECT: intent.project,
        "stella.release": intent.release,
        "stella.version": intent.version,
        "stella.environment": intent.environment,
        "stella.target": intent.target,
    }
    spec = digest_of(json.dumps([task, intent.project, intent.release], sort_keys=True)).text
    return Wanted(
        _place(config),
        task,
        {name: _tag(text) for name, text in {**tags, SPEC: spec}.items()},
        containers,
        {name: frozenset(map(str, digests)) for name, digests in approved.items()},
        config.get("desired_count", 1),
        config.get("preserve_count", False),
        _rollout(config),
        config.get("create", {}),
        config.get("strategy") == "blue_green",
        config.get("changed_by_others") == "replace",
        config.get("watch_timeout_s", 3600),
    )


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """As the API has them."""
    return [{"key": name, "value": text} for name, text in sorted(tags.items())]


def tags_of(thing: Mapping[str, Any]) -> dict[str, str]:
    """The tags of what the API tells."""
    return {one["key"]: one.get("value", "") for one in thing.get("tags") or ()}


def tagged_deployment(deployment: str) -> dict[str, str]:
    """Who did it; no part of the plan."""
    return {DEPLOYMENT: _tag(deployment)}


def endpoint_of(region: str) -> str:
    """Of the region."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"https://ecs.{region}.{domain}"


def _rollout(config: Mapping[str, Any]) -> dict[str, Any]:
    """The deployment configuration. The circuit breaker is for rolling updates alone."""
    if config.get("strategy") == "blue_green":
        return {"strategy": "BLUE_GREEN", "bakeTimeInMinutes": config.get("bake_minutes", 5)}
    return {
        "minimumHealthyPercent": config.get("minimum_healthy_percent", 100),
        "maximumPercent": config.get("maximum_percent", 200),
        "deploymentCircuitBreaker": {"enable": True, "rollback": True},
    }


def _place(config: Mapping[str, Any]) -> Place:
    region = config["region"]
    return Place(
        region=region,
        cluster=config.get("cluster", "default"),
        service=config["service"],
        endpoint=config.get("endpoint") or endpoint_of(region),
        access_key_id=config.get("access_key_id", "env://AWS_ACCESS_KEY_ID"),
        secret_access_key=config.get("secret_access_key", "env://AWS_SECRET_ACCESS_KEY"),
        session_token=config.get("session_token", ""),
        ca=config.get("ca"),
        plain_http=config.get("plain_http", False),
    )


def _task(given: Json, what: str) -> dict[str, Any]:
    read: Any = given
    if isinstance(given, str):
        try:
            read = json.loads(given)
        except ValueError:
            raise _bad(what, "its task definition is no JSON") from None
    if not isinstance(read, dict):
        raise _bad(what, "its task definition is no object")
    task = copy.deepcopy(read)
    containers = task.get("containerDefinitions")
    if not isinstance(task.get("family"), str) or not task["family"]:
        raise _bad(what, "its task definition has no family")
    if not isinstance(containers, list) or not containers:
        raise _bad(what, "its task definition has no containerDefinitions")
    if not all(isinstance(one, dict) and one.get("name") for one in containers):
        raise _bad(what, "a container of its task definition has no name")
    if len({one["name"] for one in containers}) != len(containers):
        raise _bad(what, "two containers of its task definition have the same name")
    if "tags" in task:
        raise _bad(what, "its task definition has tags: they are those that say what runs")
    return task


def _containers(
    task: Mapping[str, Any], config: Mapping[str, Any], intent: TargetIntent
) -> dict[str, str]:
    """Container -> component; every component has one, every other container a digest."""
    given: Mapping[str, str] = config.get("containers", {})
    components = {one.component for one in intent.services}
    named = {container: component for component, container in given.items()}
    found = {}
    for one in task["containerDefinitions"]:
        name = str(one["name"])
        component = named.get(name) or (name if name not in given else "")
        if component in components:
            found[name] = component
        elif not _PINNED.match(str(one.get("image"))):
            raise UnknownService(
                f"the container {name} belongs to no component of the release, and names its image"
                " by no digest",
                remedy=Remedy(
                    "Name its component under containers, or write its image with a digest."
                ),
                container=name,
            )
    missing = sorted(components - set(found.values()))
    if missing:
        raise UnknownService(
            f"the component {missing[0]} has no container in {task['family']}",
            remedy=Remedy("Call the container as the component, or name it under containers."),
            component=missing[0],
        )
    return found


def _environment(container: Mapping[str, Any], more: Mapping[str, str]) -> list[dict[str, str]]:
    pairs = {one["name"]: one.get("value", "") for one in container.get("environment") or ()}
    return [{"name": name, "value": text} for name, text in sorted({**pairs, **more}.items())]


def _tag(text: str) -> str:
    return _NO_TAG.sub("_", text)[:_TAG_LENGTH_MAX]


def _bad(what: str, why: str, remedy: Remedy | None = None) -> BadTargetConfig:
    return BadTargetConfig(
        f"the configuration of {what} cannot be used: {why}",
        remedy=remedy or Remedy("Change it in the YAML and apply that.", "stella apply -f FILE"),
        reasons=[why],
    )
