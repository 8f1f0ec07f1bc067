"""A user's compose file as data: YAML 1.2 as Compose reads it, bounded, with known keys only."""

from collections.abc import Mapping
from typing import Any

import yaml

from stella.sdk import ComposeFileRefused, Json, Remedy

_BYTES_MAX = 1_000_000
_NODES_MAX = 50_000
_DEPTH_MAX = 50

_TOP = frozenset({"name", "version", "services", "networks", "volumes", "configs", "secrets"})
_SERVICE = frozenset(
    [
        "annotations",
        "attach",
        "blkio_config",
        "build",
        "cap_add",
        "cap_drop",
        "cgroup",
        "cgroup_parent",
        "command",
        "configs",
        "container_name",
        "cpu_count",
        "cpu_percent",
        "cpu_period",
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares",
        "cpus",
        "cpuset",
        "credential_spec",
        "depends_on",
        "deploy",
        "device_cgroup_rules",
        "devices",
        "dns",
        "dns_opt",
        "dns_search",
        "domainname",
        "entrypoint",
        "environment",
        "expose",
        "external_links",
        "extra_hosts",
        "gpus",
        "group_add",
        "healthcheck",
        "hostname",
        "image",
        "init",
        "ipc",
        "isolation",
        "labels",
        "links",
        "logging",
        "mac_address",
        "mem_limit",
        "mem_reservation",
        "mem_swappiness",
        "memswap_limit",
        "network_mode",
        "networks",
        "oom_kill_disable",
        "oom_score_adj",
        "pid",
        "pids_limit",
        "platform",
        "ports",
        "post_start",
        "pre_stop",
        "privileged",
        "profiles",
        "pull_policy",
        "read_only",
        "restart",
        "runtime",
        "scale",
        "secrets",
        "security_opt",
        "shm_size",
        "stdin_open",
        "stop_grace_period",
        "stop_signal",
        "storage_opt",
        "sysctls",
        "tmpfs",
        "tty",
        "ulimits",
        "user",
        "userns_mode",
        "uts",
        "volumes",
        "volumes_from",
        "working_dir",
    ]
)
# What would read files that are on the writer's machine and not on the host.
_ELSEWHERE: Mapping[str, str] = {
    "env_file": "write its variables under environment",
    "extends": "write the service out",
    "label_file": "write its labels under labels",
    "develop": "it is for development only",
    "provider": "only containers are deployed",
    "include": "write the included file out",
}


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema: no sexagesimal ports, no ``yes`` for true; floats stay text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own shape

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = {key for key in keys if keys.count(key) > 1} if len(keys) < 1000 else set()
        if twice:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key {min(twice)!r} stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _resolvers() -> None:
    import re

    for tag, pattern, first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?[0-9]+", "-+0123456789"),
        ("null", r"~|null|Null|NULL|", "~nN\0"),
        ("merge", r"<<", "<"),
    ):
        _Loader.add_implicit_resolver(
            f"tag:yaml.org,2002:{tag}",
            re.compile(rf"(?:{pattern})\Z"),
            [*first.replace("\0", ""), *([""] if "\0" in first else [])],
        )


_resolvers()


def read_document(content: Json) -> dict[str, Any]:
    """The compose file in ``content``, text or data. Raises ComposeFileRefused with every reason."""
    document = _parsed(content) if isinstance(content, str) else content
    if not isinstance(document, Mapping):
        raise refused("it is no mapping")
    _bounded(document)
    reasons = [*_strange_keys("the file", document, _TOP)]
    services = document.get("services")
    if not isinstance(services, Mapping) or not services:
        raise refused("it has no services")
    for name, service in services.items():
        if isinstance(service, Mapping):
            reasons += _strange_keys(f"service {name}", service, _SERVICE)
            reasons += _far_files(str(name), service)
        else:
            reasons.append(f"service {name} is no mapping")
    for kind in ("configs", "secrets"):
        reasons += _far_contents(kind, document.get(kind) or {})
    if reasons:
        raise refused("; ".join(reasons), reasons)
    return {str(key): value for key, value in document.items() if key not in {"version", "name"}}


def refused(why: str, reasons: list[str] | None = None) -> ComposeFileRefused:
    """The refusal of a compose file."""
    return ComposeFileRefused(
        f"the compose file cannot be deployed: {why}",
        remedy=Remedy("Change it in the target's configuration, then apply that."),
        reasons=reasons or [why],
    )


def _parsed(text: str) -> object:
    if len(text) > _BYTES_MAX:
        raise refused(f"it has {len(text)} characters, over {_BYTES_MAX}")
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a safe loader, with fewer types
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise refused(f"it is no YAML: {error}") from error


def _bounded(document: object) -> None:
    """Aliases can name the same node over and over: what counts is what is written out."""
    nodes, waiting = 0, [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        nodes += 1
        if nodes > _NODES_MAX or depth > _DEPTH_MAX:
            raise refused("it is too large or too deep")
        if isinstance(value, Mapping):
            waiting += [(item, depth + 1) for item in value.values()]
        elif isinstance(value, list | tuple):
            waiting += [(item, depth + 1) for item in value]
        elif value is not None and not isinstance(value, str | int | bool):
            raise refused(f"it holds a {type(value).__name__}; write it as text")


def _strange_keys(where: str, found: Mapping[Any, Any], known: frozenset[str]) -> list[str]:
    reasons = []
    for key in sorted(map(str, found)):
        if key in _ELSEWHERE:
            reasons.append(f"{where} has {key}: {_ELSEWHERE[key]}")
        elif key not in known and not key.startswith("x-"):
            reasons.append(f"{where} has an unknown key {key!r}{_nearest(key, known)}")
    return reasons


def _nearest(key: str, known: frozenset[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(key, sorted(known), 1)
    return f" (did you mean {near[0]}?)" if near else ""


def _far_files(name: str, service: Mapping[str, Any]) -> list[str]:
    reasons = []
    for volume in service.get("volumes") or []:
        source = volume.get("source", "") if isinstance(volume, Mapping) else str(volume)
        if str(source).startswith((".", "~")):
            reasons.append(
                f"service {name} mounts {source}: a path on the host has to begin with /"
            )
    if "build" in service and "image" not in service:
        reasons.append(f"service {name} is built: only images by digest are deployed")
    return reasons


def _far_contents(kind: str, found: object) -> list[str]:
    if not isinstance(found, Mapping):
        return [f"{kind} is no mapping"]
    return [
        f"{kind} {name} is read from {content['file']}: give a path on the host, beginning with /"
        for name, content in found.items()
        if isinstance(content, Mapping)
        and "file" in content
        and not str(content["file"]).startswith("/")
    ]
