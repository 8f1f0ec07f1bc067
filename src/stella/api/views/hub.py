"""Integrations and secrets, as the API shows them. No secret's value is in any view."""

from collections.abc import Sequence
from typing import Any

from stella.api.services import Services
from stella.api.views.base import PersonView, View
from stella.api.views.looking import Looking
from stella.hub.model import Health, KeptSecret, Known
from stella.plugin.contract.core import Kind


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
    come by which its credentials were to be others. place: digest of all that says where it leads.
    owner: who keeps its document; null for nobody.
    """

    name: str
    kind: str
    connector: str
    title: str
    endpoint: str
    place: str
    enabled: bool
    spec: dict[str, Any]
    revision: int
    changed_at: str
    used_at: str | None
    health: HealthView | None
    left_alone_until: str | None
    is_due: bool
    waits_for: Sequence[str]
    overrides_settings: bool
    owner: str | None

    @property
    def etag(self) -> str:
        """Its revision."""
        return f'"{self.revision}"'


class SecretUseView(View):
    """An integration that may use it."""

    integration: str
    allowed_by: PersonView
    allowed_at: str


class SecretView(View):
    """A secret of the built-in store, without its value.

    allowed: the integrations that may use it. waiting: those that name it, and were not allowed it as
    they are now.
    """

    name: str
    version: int
    changed_at: str
    changed_by: PersonView
    key_id: str
    used_by: list[str]
    allowed: Sequence[SecretUseView]
    waiting: Sequence[str]


def health_view(value: Health) -> HealthView:
    """One look at an integration."""
    return HealthView(
        at=value.at,
        outcome=value.outcome.value,
        detail=value.detail,
        duration_ms=value.duration_ms,
    )


def integration_view(
    services: Services,
    known: Known,
    health: Health | None,
    *,
    today: str,
    waits_for: Sequence[str],
    owner: str | None,
) -> IntegrationView:
    """today: as an ISO date. waits_for: secrets that it was not allowed. owner: of its document."""
    value = known.integration
    brought = services.plugins.brought().get((value.kind, value.connector))
    return IntegrationView(
        name=value.name,
        kind=value.kind.value,
        connector=value.connector,
        title=brought.title if brought else value.connector,
        endpoint=value.endpoint,
        place=value.place,
        enabled=value.enabled,
        spec=value.spec(),
        revision=known.revision,
        changed_at=known.changed_at,
        used_at=known.used_at,
        health=health_view(health) if health else None,
        left_alone_until=services.outside.left_alone_until(value.name),
        is_due=value.rotate_by is not None and value.rotate_by <= today,
        waits_for=waits_for,
        overrides_settings=value.kind is Kind.REGISTRY
        and value.endpoint.lower() in {one.lower() for one in services.registries},
        owner=owner,
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
        allowed=[
            SecretUseView(
                integration=one.integration,
                allowed_by=looking.person_view(one.allowed_by),
                allowed_at=one.allowed_at,
            )
            for one in value.allowed
        ],
        waiting=list(value.waiting),
    )
