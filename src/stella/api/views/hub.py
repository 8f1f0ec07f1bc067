"""Integrations, secrets and plugins, as the API shows them. No secret's value is in any view."""

from collections.abc import Sequence
from typing import Any

from stella.api.services import Services
from stella.api.views.base import PersonView, View
from stella.api.views.looking import Looking
from stella.hub.model import Health, KeptSecret, Known
from stella.plugin import RefusedPlugin
from stella.plugin.contract import Contribution, Manifest


class HealthView(View):
    """How an integration was once."""

    at: str
    outcome: str
    detail: str
    duration_ms: int


class IntegrationView(View):
    """How one outside service is reached.

    credentials: name -> reference, never a secret. left_alone_until: of one that failed again and
    again. health: how it was the last time; null where nobody has looked. due: whether the day has
    come by which its credentials were to be others.
    """

    name: str
    kind: str
    connector: str
    title: str
    endpoint: str
    enabled: bool
    spec: dict[str, Any]
    revision: int
    changed_at: str
    used_at: str | None
    health: HealthView | None
    left_alone_until: str | None
    is_due: bool


class SecretView(View):
    """A secret of the built-in store, without its value."""

    name: str
    version: int
    changed_at: str
    changed_by: PersonView
    key_id: str
    used_by: list[str]


class NeedView(View):
    """A capability that a plugin asks for."""

    capability: str
    hosts: list[str]


class CredentialView(View):
    """A secret that a connection needs, given by reference."""

    name: str
    title: str
    required: bool


class ContributionView(View):
    """One thing that a plugin brings. config_schema: JSON Schema of its configuration."""

    kind: str
    name: str
    title: str
    config_schema: dict[str, Any]
    credentials: list[CredentialView]


class PluginView(View):
    """An installed plugin. state: "loaded" or "refused"; reasons: every one, where it is refused."""

    name: str
    state: str
    reasons: list[str]
    version: str | None = None
    publisher: str | None = None
    title: str | None = None
    sdk: int | None = None
    needs: Sequence[NeedView] = ()
    contributes: Sequence[ContributionView] = ()


def health_view(value: Health) -> HealthView:
    """One look at an integration."""
    return HealthView(
        at=value.at,
        outcome=value.outcome.value,
        detail=value.detail,
        duration_ms=value.duration_ms,
    )


def integration_view(
    services: Services, known: Known, health: Health | None, today: str
) -> IntegrationView:
    """today: as an ISO date."""
    value = known.integration
    brought = services.plugins.brought().get((value.kind, value.connector))
    return IntegrationView(
        name=value.name,
        kind=value.kind.value,
        connector=value.connector,
        title=brought.title if brought else value.connector,
        endpoint=value.endpoint,
        enabled=value.enabled,
        spec=value.spec(),
        revision=known.revision,
        changed_at=known.changed_at,
        used_at=known.used_at,
        health=health_view(health) if health else None,
        left_alone_until=services.outside.left_alone_until(value.name),
        is_due=value.rotate_by is not None and value.rotate_by <= today,
    )


def secret_view(looking: Looking, value: KeptSecret) -> SecretView:
    """A secret, without its value."""
    return SecretView(
        name=value.name,
        version=value.version,
        changed_at=value.changed_at,
        changed_by=looking.person_view(value.changed_by),
        key_id=value.key_id,
        used_by=list(value.used_by),
    )


def plugin_view(manifest: Manifest) -> PluginView:
    """A plugin that may be used."""
    return PluginView(
        name=manifest.name,
        state="loaded",
        reasons=[],
        version=manifest.version,
        publisher=manifest.publisher,
        title=manifest.title,
        sdk=manifest.sdk,
        needs=[
            NeedView(capability=one.capability.value, hosts=list(one.hosts))
            for one in manifest.needs
        ],
        contributes=[_contribution(one) for one in manifest.contributes],
    )


def refused_view(refused: RefusedPlugin) -> PluginView:
    """A plugin that is not used, and why."""
    return PluginView(name=refused.name, state="refused", reasons=list(refused.reasons))


def _contribution(value: Contribution) -> ContributionView:
    return ContributionView(
        kind=value.kind.value,
        name=value.name,
        title=value.title,
        config_schema=dict(value.config_schema),
        credentials=[
            CredentialView(name=one.name, title=one.title, required=one.required)
            for one in value.credentials
        ],
    )
