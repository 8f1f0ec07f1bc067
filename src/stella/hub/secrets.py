"""The built-in store: secrets encrypted in the database, under keys that are not in it."""

from collections.abc import Mapping
from dataclasses import dataclass

from stella.hub.allow import HOSTS
from stella.hub.errors import MalformedSecret, SecretInUse
from stella.hub.facts import SecretDeleted, SecretKeyRotated, SecretStored
from stella.hub.store import (
    delete_secret_row,
    envelopes,
    list_secrets,
    put_secret_row,
    replace_envelope,
    sealed_secret,
)
from stella.kernel import Remedy
from stella.kernel.names import NAME
from stella.plugin.contract.secret_store import Secret
from stella.record.transaction import Tx
from stella.trust.envelope import Random, WrappingKeys, open_sealed, rewrap, seal

VALUE_BYTES_MAX = 65_536


def sealed_value(
    keys: WrappingKeys, name: str, value: str, random: Random, tenant: str = "default"
) -> str:
    """The envelope of a secret's new version; before any transaction, for keys may lie elsewhere.

    Raises MalformedSecret, and what the keeper of the keys raises.
    """
    if not NAME.match(name):
        raise _malformed("a secret's name is lower-case letters, digits and hyphens")
    try:
        content = value.encode()
    except UnicodeEncodeError:
        raise _malformed("its value is no text") from None
    if not 0 < len(content) <= VALUE_BYTES_MAX:
        raise _malformed(f"a secret has 1 to {VALUE_BYTES_MAX} bytes")
    return seal(keys, content, _about(tenant, name), random)


def store_secret(tx: Tx, name: str, envelope: str) -> int:
    """Store a new version of a secret, as it was sealed; which one."""
    version = put_secret_row(tx, name, envelope)
    tx.add(SecretStored(name, version))
    return version


def opened_secret(
    keys: WrappingKeys, name: str, version: int, envelope: str, tenant: str = "default"
) -> Secret:
    """The secret in an envelope that was read before; outside any transaction.

    keys: looked up after the envelope was read, for a key is there before anything lies under it.
    Raises BrokenEnvelope, and what the keeper of the keys raises.
    """
    return Secret(open_sealed(keys, envelope, _about(tenant, name)).decode(), str(version))


def delete_secret(tx: Tx, name: str) -> None:
    """End it. Raises UnknownSecret, SecretInUse where an integration names it."""
    version, _ = sealed_secret(tx, name, lock=True)
    (kept,) = [one for one in list_secrets(tx) if one.name == name]
    if kept.used_by:
        raise SecretInUse(
            f"the secret {name} is named by {', '.join(kept.used_by)}",
            remedy=Remedy("Let them refer to another one first."),
            secret=name,
            used_by=list(kept.used_by),
        )
    hosts = [one.integration for one in kept.allowed if one.integration.startswith(HOSTS)]
    if hosts:
        raise SecretInUse(
            f"the secret {name} may be given to {', '.join(hosts)}",
            remedy=Remedy("Forbid that first.", f"stella secret forbid {name} {hosts[0]}"),
            secret=name,
            used_by=hosts,
        )
    delete_secret_row(tx, name)
    tx.add(SecretDeleted(name, version))


@dataclass(frozen=True, slots=True)
class Rewrapped:
    """Secrets brought under another key. moved: name -> the envelope before, and the one after."""

    active: str
    moved: Mapping[str, tuple[str, str]]


def rewrapped(
    keys: WrappingKeys, held: Mapping[str, str], random: Random, tenant: str = "default"
) -> Rewrapped:
    """Every envelope under the active key; outside any transaction. No value is decrypted.

    held: name -> envelope. Raises BrokenEnvelope, and what the keeper of the keys raises.
    """
    return Rewrapped(
        keys.active,
        {
            name: (envelope, rewrap(keys, envelope, _about(tenant, name), random))
            for name, envelope in held.items()
        },
    )


def put_rewrapped(tx: Tx, value: Rewrapped, before: str) -> int:
    """Store them; how many. One that was stored anew meanwhile stays under the key it was given."""
    held, count = envelopes(tx, lock=True), 0
    for name, (old, new) in value.moved.items():
        if held.get(name) == old:
            replace_envelope(tx, name, new)
            count += 1
    tx.add(SecretKeyRotated(value.active, before, count))
    return count


def _about(tenant: str, name: str) -> str:
    return f"secret {tenant} {name}"


def _malformed(why: str) -> MalformedSecret:
    return MalformedSecret(why, remedy=Remedy("Nothing was stored; correct it and try again."))
