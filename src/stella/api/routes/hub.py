"""Integrations, and the secrets of the built-in store."""

from collections.abc import Callable

from fastapi import APIRouter, Response

from stella.api.asked import Asked, Viewer
from stella.api.endings import naming_integration
from stella.api.looking import Integrator, Keeper, look
from stella.api.views.base import Body, Page, View
from stella.api.views.hub import (
    HealthView,
    IntegrationView,
    SecretView,
    health_view,
    integration_view,
    secret_view,
)
from stella.environment.store import find_environment
from stella.hub.allow import HOSTS, allow_hosts, allow_secret, forbid_secret, waiting_for
from stella.hub.apply import delete_integration, refuse_foreign
from stella.hub.check import keep_health
from stella.hub.keepers import Keepers
from stella.hub.reference import SECRET, Reference
from stella.hub.secrets import (
    delete_secret,
    put_rewrapped,
    rewrapped,
    sealed_value,
    store_secret,
)
from stella.hub.store import (
    envelopes,
    find_integration,
    list_health,
    list_integrations,
    list_secrets,
)
from stella.identity.login_documents import refuse_login_integration
from stella.record import Tx
from stella.record.owners import owner_of

router = APIRouter(tags=["integrations"])


class NewSecret(Body):
    """The value, which is shown to nobody again."""

    value: str


class SecretUser(Body):
    """The integration that is to use it, or no more."""

    integration: str


class SecretPlace(SecretUser):
    """The integration that is to use it, and its ``place`` as it was looked at."""

    place: str


class StoredSecret(View):
    """Which version was stored."""

    name: str
    version: int


class RotatedKey(View):
    """The key under which every secret lies now, and how many there are."""

    key_id: str
    secrets: int


@router.get("/integrations")
def get_integrations(asked: Viewer) -> Page[IntegrationView]:
    """Integrations, by name."""
    with asked.read() as tx:
        return Page(
            items=[_shown(asked, tx, one.integration.name) for one in list_integrations(tx)]
        )


@router.get("/integrations/{name}")
def get_integration(asked: Viewer, name: str) -> IntegrationView:
    """One integration."""
    with asked.read() as tx:
        return _shown(asked, tx, name)


@router.get("/integrations/{name}/health")
def get_integration_health(asked: Viewer, name: str) -> Page[HealthView]:
    """How it was, the newest first; at most the last hundred."""
    with asked.read() as tx:
        find_integration(tx, name)
        return Page(items=[health_view(one) for one in list_health(tx, name)])


@router.post("/integrations/{name}/test", response_model=HealthView)
def post_integration_test(asked: Integrator, name: str) -> Response:
    """Use it once, with its credentials read anew, and keep how that ended."""
    earlier = asked.earlier()
    if earlier is not None:
        return earlier
    with asked.read() as tx:
        known = find_integration(tx, name)
    health = asked.services.outside.examine(known.integration)

    def do(tx: Tx) -> HealthView:
        keep_health(tx, health, is_asked=True)
        return health_view(health)

    return asked.once(do)


@router.delete("/integrations/{name}", status_code=204)
def delete_integration_(asked: Integrator, name: str) -> Response:
    """End an integration that nothing names: no login, no credentials, no rule, no step."""

    def do(tx: Tx) -> None:
        named_by = tuple(naming_integration(tx, name, asked.services.plugins.brought()))
        refuse_login_integration(tx, name)
        known = find_integration(tx, name).integration
        refuse_foreign(known, asked.roles, may_any=asked.may_allow_any)
        delete_integration(tx, name, named_by)

    return asked.once(do, status=204)


@router.get("/secrets")
def get_secrets(asked: Keeper) -> Page[SecretView]:
    """The secrets of the built-in store, by name, without their values."""
    with asked.read() as tx:
        looking = look(asked, tx)
        return Page(items=[secret_view(looking, one) for one in list_secrets(tx)])


@router.put("/secrets/{name}")
def put_secret(asked: Keeper, name: str, body: NewSecret) -> StoredSecret:
    """Store a new version of a secret. No key makes it once: nothing of the request is kept."""
    services = asked.services
    with services.outside.rotating:  # the key that it lies under is not retired before it is stored
        envelope = sealed_value(services.outside.keys(), name, body.value, services.random)
        with services.database.transaction(actor=asked.principal.id) as tx:
            version = store_secret(tx, name, envelope)
    services.outside.forget(Reference(SECRET, "", name))
    return StoredSecret(name=name, version=version)


@router.post("/secrets/{name}/allow", response_model=SecretView)
def post_secret_use(asked: Keeper, name: str, body: SecretPlace) -> Response:
    """Let an integration send it to where that leads; by who stored it, or an administrator.

    Refused where it leads to another place by now than the one that was looked at. ``hosts:NAME`` for an
    integration lets the hosts of that environment have it, where a deployment names it.
    """
    may_any = asked.may_allow_any

    def do(tx: Tx) -> SecretView:
        if body.integration.startswith(HOSTS):
            there = find_environment(tx, body.integration.removeprefix(HOSTS))
            allow_hosts(tx, name, there.name, may_any=may_any)
            return _shown_secret(asked, tx, name)
        allow_secret(tx, name, body.integration, body.place, may_any=may_any)
        return _shown_secret(asked, tx, name)

    return asked.once(do)


@router.post("/secrets/{name}/forbid", response_model=SecretView)
def post_secret_use_end(asked: Keeper, name: str, body: SecretUser) -> Response:
    """Let an integration send it no more."""

    def do(tx: Tx) -> SecretView:
        forbid_secret(tx, name, body.integration)
        return _shown_secret(asked, tx, name)

    answer = asked.once(do)
    asked.services.outside.forget(Reference(SECRET, "", name))
    return answer


@router.delete("/secrets/{name}", status_code=204)
def delete_secret_(asked: Keeper, name: str) -> Response:
    """End a secret that no integration names."""
    answer = asked.once(lambda tx: delete_secret(tx, name), status=204)
    asked.services.outside.forget(Reference(SECRET, "", name))
    return answer


@router.post("/secrets/rotate-key", response_model=RotatedKey)
def post_key_rotation(asked: Keeper) -> Response:
    """Bring every secret under a new key, while the server runs.

    The key before it is removed with the next rotation: somebody may be about to use it.
    """
    return _brought_under(asked, asked.services.outside.renew_key)


@router.post("/secrets/rewrap", response_model=RotatedKey)
def post_rewrap(asked: Keeper) -> Response:
    """Bring every secret under the active key of the keeper that the settings name first.

    After another keeper was named first, or the keeper itself has a newer key.
    """
    return _brought_under(asked, asked.services.outside.keys)


def _brought_under(asked: Asked, keys_now: Callable[[], Keepers]) -> Response:
    services = asked.services
    with services.outside.rotating:
        earlier = asked.earlier()
        if earlier is not None:
            return earlier
        before = services.outside.keys().active
        keys = keys_now()
        with asked.read() as tx:
            held = envelopes(tx)
        value = rewrapped(keys, held, services.random)

        def do(tx: Tx) -> RotatedKey:
            return RotatedKey(key_id=value.active, secrets=put_rewrapped(tx, value, before))

        answer = asked.once(do)
        with asked.read() as tx:
            used = {one.key_id for one in list_secrets(tx)}
        services.outside.retire_keys(frozenset({value.active, before, *used}))
    return answer


def _shown_secret(asked: Asked, tx: Tx, name: str) -> SecretView:
    (kept,) = [one for one in list_secrets(tx) if one.name == name]
    return secret_view(look(asked, tx), kept)


def _shown(asked: Asked, tx: Tx, name: str) -> IntegrationView:
    known = find_integration(tx, name)
    health = next(iter(list_health(tx, name, limit=1)), None)
    return integration_view(
        asked.services,
        known,
        health,
        today=tx.now.date().isoformat(),
        waits_for=waiting_for(tx, known.integration),
        owner=owner_of(tx, "Integration", name),
    )
