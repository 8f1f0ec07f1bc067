"""What a target's configuration may say of one service, and how it is read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from stella.sdk import (
    BadTargetConfig,
    Json,
    Kind,
    Remedy,
    ServicePlan,
    TargetIntent,
    is_secret_reference,
)

# [address:][host port:]container port[/protocol]; an IPv6 address stands in brackets.
_PORT = re.compile(
    r"(?:(?:(\[[0-9a-fA-F:]+\]|[0-9.]+):)?(\d{1,5}(?:-\d{1,5})?)?:)?(\d{1,5}(?:-\d{1,5})?)"
    r"(?:/(?:tcp|udp|sctp))?\Z"
)


@dataclass(frozen=True, slots=True)
class Service:
    """One service as it shall run. secrets: variable -> secret reference, resolved on the host."""

    component: str
    image: str
    digest: str
    options: tuple[str, ...]
    command: tuple[str, ...]
    secrets: Mapping[str, str]
    network: str | None
    has_fixed_port: bool
    health_timeout_s: int
    stable_s: int
    stop_timeout_s: int


def services_of(intent: TargetIntent) -> tuple[Service, ...]:
    """The intent's services, by component. Raises BadTargetConfig with every reason at once."""
    config = validated(intent.config, schema_of(__package__, "docker"), f"target {intent.target}")
    given: Mapping[str, Any] = config.get("services", {})
    return tuple(
        _service(service, {**given.get(service.component, {}), **service.settings})
        for service in sorted(intent.services, key=lambda service: service.component)
    )


@cache
def schema_of(package: str, target: str) -> Mapping[str, Any]:
    """What the manifest of ``package`` allows in the configuration of such a target."""
    from stella.sdk import manifest_beside

    found = manifest_beside(package).contribution(Kind.TARGET, target)
    assert found is not None, target
    return found.config_schema


def _service_schema() -> Mapping[str, Any]:
    schema: Mapping[str, Any] = schema_of(__package__, "docker")
    services: Mapping[str, Any] = schema["properties"]["services"]["additionalProperties"]
    return services


def validated(value: Mapping[str, Json], schema: Mapping[str, Json], what: str) -> dict[str, Any]:
    """``value``, which ``schema`` allows. Raises BadTargetConfig with every reason at once."""
    from jsonschema_rs import validator_for

    reasons = [
        f"{'.'.join(map(str, error.instance_path)) or 'it'}: {error.message}"
        for error in validator_for(dict(schema)).iter_errors(dict(value))
    ]
    if reasons:
        raise BadTargetConfig(
            f"the configuration of {what} cannot be used: " + "; ".join(sorted(reasons)),
            remedy=Remedy("Change it in the YAML and apply that.", "stella apply -f FILE"),
            reasons=sorted(reasons),
        )
    return dict(value)


def _service(service: ServicePlan, settings: Mapping[str, Json]) -> Service:
    given = validated(settings, _service_schema(), f"service {service.component}")
    ports: list[str] = given.get("ports", [])
    environment: Mapping[str, str] = given.get("env", {})
    networks: list[str] = given.get("networks", [])
    secrets = {
        name: value for name, value in sorted(environment.items()) if is_secret_reference(value)
    }
    return Service(
        component=service.component,
        image=service.image,
        digest=service.digest.text,
        options=tuple(_options(service.component, given, ports, environment, networks)),
        command=tuple(given.get("command", [])),
        secrets=secrets,
        network=networks[0] if networks else None,
        has_fixed_port=True in {_is_fixed(port, service.component) for port in ports},
        health_timeout_s=given.get("health_timeout_s", 60),
        stable_s=given.get("stable_s", 2),
        stop_timeout_s=given.get("stop_timeout_s", 10),
    )


def _options(
    component: str,
    given: Mapping[str, Any],
    ports: list[str],
    environment: Mapping[str, str],
    networks: list[str],
) -> list[str]:
    """The flags of ``docker run``, in one order, so that the same settings give the same words."""
    options = [f"--restart={given.get('restart', 'unless-stopped')}"]
    options += [f"--publish={port}" for port in ports]
    for name, value in sorted(environment.items()):
        # Without a value docker takes it from its environment: a secret is on no command line.
        options += ["--env", name if is_secret_reference(value) else f"{name}={value}"]
    options += [f"--volume={volume}" for volume in given.get("volumes", [])]
    for network in networks:
        options += [f"--network={network}", f"--network-alias={component}"]
    options += [f"--{name}={given[name]}" for name in ("user", "memory", "cpus") if name in given]
    if given.get("init"):
        options.append("--init")
    if given.get("read_only"):
        options.append("--read-only")
    if health := given.get("health"):
        options += [
            f"--health-cmd={health['command']}",
            f"--health-interval={health.get('interval_s', 5)}s",
            f"--health-timeout={health.get('timeout_s', 5)}s",
            f"--health-retries={health.get('retries', 3)}",
            f"--health-start-period={health.get('start_period_s', 10)}s",
        ]
    return options


def _is_fixed(port: str, component: str) -> bool:
    """Whether the host's side is one port, which only one container can have at a time."""
    match = _PORT.match(port)
    if match is None:
        raise BadTargetConfig(
            f"service {component}: {port!r} is no port",
            remedy=Remedy("Write it like 8080:80, 127.0.0.1:8080:80 or 80/udp."),
        )
    return bool(match[2])
