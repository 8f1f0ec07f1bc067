"""The built-in store: secrets encrypted in the database, under keys that are not in it."""

from collections.abc import Callable

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


def store_secret(tx: Tx, keys: WrappingKeys, name: str, value: str, random: Random) -> int:
    """Store a new version of a secret; which one. Raises MalformedSecret."""
    if not NAME.match(name):
        raise _malformed("a secret's name is lower-case letters, digits and hyphens")
    try:
        content = value.encode()
    except UnicodeEncodeError:
        raise _malformed("its value is no text") from None
    if not 0 < len(content) <= VALUE_BYTES_MAX:
        raise _malformed(f"a secret has 1 to {VALUE_BYTES_MAX} bytes")
    version = put_secret_row(tx, name, seal(keys, content, _about(tx, name), random))
    tx.add(SecretStored(name, version))
    return version


def read_secret(tx: Tx, keys: Callable[[], WrappingKeys], name: str) -> Secret:
    """Raises UnknownSecret, BrokenEnvelope.

    keys: looked up after the envelope was read, for a key is there before anything lies under it.
    """
    version, envelope = sealed_secret(tx, name)
    return Secret(open_sealed(keys(), envelope, _about(tx, name)).decode(), str(version))


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
    delete_secret_row(tx, name)
    tx.add(SecretDeleted(name, version))


def rewrap_secrets(tx: Tx, keys: WrappingKeys, before: str, random: Random) -> int:
    """Bring every secret under the active key; how many. No value is decrypted."""
    held = envelopes(tx)
    for name, envelope in held.items():
        replace_envelope(tx, name, rewrap(keys, envelope, _about(tx, name), random))
    tx.add(SecretKeyRotated(keys.active, before, len(held)))
    return len(held)


def _about(tx: Tx, name: str) -> str:
    return f"secret {tx.tenant} {name}"


def _malformed(why: str) -> MalformedSecret:
    return MalformedSecret(why, remedy=Remedy("Nothing was stored; correct it and try again."))
