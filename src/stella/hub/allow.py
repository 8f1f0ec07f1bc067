"""Which integrations may send which of the built-in secrets, and to where.

Who may write an integration chooses where its credentials are sent. A secret goes only where somebody
let it who knows it anyway, for having stored it, or who may let any.
"""

from stella.hub.errors import SecretNotAllowed
from stella.hub.facts import SecretUseAllowed, SecretUseForbidden
from stella.hub.model import Integration, SecretUse
from stella.hub.store import (
    delete_use,
    find_integration,
    list_uses,
    put_use,
    sealed_secret,
    stored_by,
)
from stella.kernel import Remedy, time_text
from stella.record.transaction import Tx


def allow_secret(tx: Tx, secret: str, integration: str, place: str, *, may_any: bool) -> None:
    """Let it be sent to where the integration leads, if that is the ``place`` that was looked at.

    may_any: who asks may let every secret. Raises UnknownSecret, UnknownIntegration, SecretNotAllowed
    where it is not theirs to let, or the integration does not name it, or leads elsewhere by now.
    """
    value = find_integration(tx, integration).integration
    if not _may(tx, secret, may_any=may_any):
        raise _not_theirs(secret)
    if secret not in value.secrets:
        raise SecretNotAllowed(
            f"the integration {integration} does not name secret://{secret}",
            remedy=Remedy("Let its credentials refer to it first.", "stella apply -f FILE"),
            secret=secret,
            integration=integration,
        )
    if place != value.place:
        raise SecretNotAllowed(
            f"the integration {integration} leads to another place than the one that was looked at",
            remedy=Remedy(
                "Look where it leads now; then allow it.", f"stella integration get {integration}"
            ),
            secret=secret,
            integration=integration,
            endpoint=value.endpoint,
        )
    _allow(tx, secret, value)


HOSTS = "hosts:"
"""How that begins which stands for an integration's name where hosts of an environment are let have it."""


def allow_hosts(tx: Tx, secret: str, environment: str, *, may_any: bool) -> None:
    """Let hosts of that environment have it, where a deployment there names it.

    Raises UnknownSecret, SecretNotAllowed where it is not theirs to let.
    """
    if not _may(tx, secret, may_any=may_any):
        raise _not_theirs(secret)
    if not is_for_hosts(tx, secret, environment):
        user = f"{HOSTS}{environment}"
        put_use(tx, SecretUse(secret, user, user, tx.actor, time_text(tx.now)))
        tx.add(SecretUseAllowed(secret, user, user))


def is_for_hosts(tx: Tx, secret: str, environment: str) -> bool:
    """Whether hosts of that environment may have it."""
    return any(one.integration == f"{HOSTS}{environment}" for one in list_uses(tx, secret))


def forbid_secret(tx: Tx, secret: str, integration: str) -> None:
    """It is sent there no more; nothing where it was not allowed. Raises UnknownSecret."""
    sealed_secret(tx, secret)
    if delete_use(tx, secret, integration):
        tx.add(SecretUseForbidden(secret, integration))


def note_uses(tx: Tx, value: Integration, *, may_any: bool) -> None:
    """What an integration names is allowed it where who applies it may let it; else it waits."""
    for secret in value.secrets:
        if _may(tx, secret, may_any=may_any):
            _allow(tx, secret, value)


def is_allowed(tx: Tx, secret: str, value: Integration) -> bool:
    """Whether the secret may be sent to where the integration leads."""
    uses = list_uses(tx, secret)
    return any((one.integration, one.place) == (value.name, value.place) for one in uses)


def waiting_for(tx: Tx, value: Integration) -> tuple[str, ...]:
    """Of the built-in secrets that it names those that it may not use as it is now."""
    return tuple(one for one in value.secrets if not is_allowed(tx, one, value))


def not_allowed(secret: str, integration: str) -> SecretNotAllowed:
    """The refusal at use."""
    return SecretNotAllowed(
        f"the secret {secret} is not allowed for the integration {integration} as it is now",
        remedy=Remedy(
            "Who stored it, or an administrator, may allow it.",
            f"stella secret allow {secret} {integration}",
        ),
        secret=secret,
        integration=integration,
    )


def _allow(tx: Tx, secret: str, value: Integration) -> None:
    if not is_allowed(tx, secret, value):
        put_use(tx, SecretUse(secret, value.name, value.place, tx.actor, time_text(tx.now)))
        tx.add(SecretUseAllowed(secret, value.name, value.place))


def _may(tx: Tx, secret: str, *, may_any: bool) -> bool:
    return stored_by(tx, secret) == tx.actor or may_any


def _not_theirs(secret: str) -> SecretNotAllowed:
    return SecretNotAllowed(
        f"the secret {secret} was stored by somebody else",
        remedy=Remedy("Ask who stored it, or an administrator."),
        secret=secret,
    )
