"""``compose.stella.lock.yml``: the user's file with every image by digest and nothing left open."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from stella.sdk import Remedy, ServicePlan, TargetIntent, UnknownService, is_secret_reference
from stella_connectors.compose.document import read_document, refused
from stella_connectors.compose.interpolate import Variables, resolve
from stella_connectors.docker.settings import schema_of, validated

LOCK_FILE = "compose.stella.lock.yml"

_BY_DIGEST = re.compile(r".+@sha256:[0-9a-f]{64}\Z")


def settings_of(intent: TargetIntent) -> dict[str, Any]:
    """The target's configuration. Raises BadTargetConfig."""
    return validated(intent.config, schema_of(__package__, "compose"), f"target {intent.target}")


def secrets_of(settings: Mapping[str, Any]) -> dict[str, str]:
    """The variables that only the host knows: name -> secret reference."""
    given: Mapping[str, str] = settings.get("env", {})
    return {name: value for name, value in sorted(given.items()) if is_secret_reference(value)}


def lock(intent: TargetIntent) -> tuple[str, dict[str, str]]:
    """The lock file's text, and each service's image by digest.

    Raises BadTargetConfig, ComposeFileRefused, UnknownService.
    """
    settings = settings_of(intent)
    document = read_document(settings["compose"])
    components = _components(intent, document["services"], settings.get("services", {}))
    variables = Variables(settings.get("env", {}), frozenset(secrets_of(settings)))
    images = {}
    services = {}
    for name, service in sorted(document["services"].items()):
        plain = {key: value for key, value in service.items() if key not in {"image", "build"}}
        component = components.get(name)
        # The image of a component is the release's, whatever the file would have taken.
        written = resolve(service.get("image", ""), variables) if not component else ""
        images[name] = component.image if component else _pinned(name, written)
        services[name] = {
            **resolve(plain, variables),
            "image": images[name],
            "pull_policy": "never",
            "labels": _labels(intent, component, images[name], plain.get("labels"), variables),
        }
    rest = {key: value for key, value in document.items() if key != "services"}
    content = {
        **resolve(rest, variables),
        "name": intent.project,
        "services": services,
        "x-stella": _about(intent, components),
    }
    return _HEADER + _yaml(content), images


_HEADER = "# Made by Stella Ops for one release on one target. Changes here are overwritten.\n"


def _components(
    intent: TargetIntent, services: Mapping[str, Any], names: Mapping[str, str]
) -> dict[str, ServicePlan]:
    """Service -> component: the configuration's word first, else the same name."""
    strangers = sorted(set(names) - set(services))
    if strangers:
        raise _unknown(f"the configuration names the service {strangers[0]}", services)
    by_component = {service.component: service for service in intent.services}
    found = {}
    for service in services:
        component = names.get(service, service)
        if component in by_component:
            found[service] = by_component[component]
        elif service in names:
            raise _unknown(f"the release has no component {component}", by_component)
    missing = sorted(set(by_component) - {one.component for one in found.values()})
    if missing:
        raise _unknown(f"the component {missing[0]} belongs to no service", services)
    return found


def _unknown(why: str, known: Mapping[str, Any]) -> UnknownService:
    return UnknownService(
        f"{why} (there are: {', '.join(sorted(known))})",
        remedy=Remedy("Name each service like its component, or map them under services."),
        known=sorted(known),
    )


def _pinned(name: str, image: str) -> str:
    if not _BY_DIGEST.match(image):
        raise refused(
            f"service {name} is no component of the release, and its image"
            f" {image or '(none)'} is not given by digest"
        )
    return image


def _labels(
    intent: TargetIntent,
    component: ServicePlan | None,
    image: str,
    given: Any,
    variables: Variables,
) -> dict[str, Any]:
    """The file's own labels and ours. None of ours names the deployment: that would restart all."""
    if isinstance(given, list):
        given = dict(str(item).partition("=")[::2] for item in given)
    labels: dict[str, Any] = {
        **resolve(given or {}, variables),
        "stella.project": intent.project,
        "stella.digest": image.partition("@")[2],
    }
    if component:
        labels["stella.component"] = component.component
    return labels


def _about(intent: TargetIntent, components: Mapping[str, ServicePlan]) -> dict[str, Any]:
    return {
        "schema": 1,
        "project": intent.project,
        "target": intent.target,
        "environment": intent.environment,
        "release": intent.release,
        "version": intent.version,
        "releaseDigest": intent.release_digest.text,
        "components": {
            service: {"component": one.component, "digest": one.digest.text}
            for service, one in sorted(components.items())
        },
    }


class _Dumper(yaml.SafeDumper):
    """Writes the same node twice rather than an alias."""

    def ignore_aliases(self, _: object) -> bool:
        return True


def _yaml(content: Mapping[str, Any]) -> str:
    text: str = yaml.dump(
        content, Dumper=_Dumper, sort_keys=True, default_flow_style=False, width=10_000
    )
    return text
