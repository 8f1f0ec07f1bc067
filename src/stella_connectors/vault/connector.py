"""The Vault API as a secret store: KV of both versions, and secrets that are made when they are read."""

import math
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from stella.sdk import (
    Connection,
    Json,
    Secret,
    SecretNotFound,
    SecretStoreRefused,
    SecretStoreUnreachable,
)
from stella.sdk.store_client import Reply, quoted, value_text
from stella_connectors.vault.api import VaultApi
from stella_connectors.vault.login import AppRole, GivenToken, Login, Token
from stella_connectors.vault.reference import Reference, parse_reference
from stella_connectors.vault.transit import TransitKeys

_DURATION_S_MAX = 100 * 365 * 24 * 3600
# Mounts that are the store's own; a token lies there, and no secret of anybody.
_OWN = frozenset({"system", "token", "identity", "ns_system", "ns_token", "ns_identity"})
_FORBIDDEN = frozenset({401, 403})


def open_vault(connection: Connection) -> "VaultStore":
    """The store of a connection profile; nothing is sent yet. Raises SecretStoreRefused."""
    return VaultStore(connection)


@dataclass(frozen=True, slots=True)
class _Mount:
    """path: with its slash at the end. kv: 1 or 2; 0 for an engine of another kind."""

    path: str
    kv: int


class VaultStore:
    """One server, as ``stella.sdk.SecretStore`` and ``KeyKeeper`` ask. Safe for several threads.

    monotonic, now: the clocks, seconds and UTC.
    """

    def __init__(
        self,
        connection: Connection,
        *,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._api = VaultApi(connection)
        self._client = self._api.client
        self._monotonic, self._now = monotonic, now
        self._mounts: dict[str, _Mount] = {}
        is_approle = connection.config.get("auth", "token") == "approle"
        self._login: Login = (
            AppRole(self._api, connection, monotonic) if is_approle else GivenToken(self._api)
        )
        keys = TransitKeys(self._client, self._call)
        self.key_versions, self.renew_key = keys.key_versions, keys.renew_key
        self.wrap_key, self.unwrap_key = keys.wrap_key, keys.unwrap_key

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def read(self, path: str, key: str | None) -> Secret:
        """The field ``key``; without one the only field, or all of several as a JSON object.

        Reading what is made at each read (``database/creds/shop``) makes it: one read, one lease.
        """
        wanted = parse_reference(path)
        if wanted is None:
            raise self._client.not_found(
                f"secret {quoted(path)}: that is no path of one",
                "Write MOUNT/PATH, and ?version=NUMBER after it for an older version.",
            )
        known = self._known_mount(wanted.path)
        if known is None:
            return self._read(wanted, self._find_mount(wanted.path), key)
        try:
            return self._read(wanted, known, key)
        except SecretNotFound as refusal:
            missing = refusal
        self._mounts.pop(known.path, None)
        found = self._find_mount(wanted.path)
        if found == known:
            raise missing
        return self._read(wanted, found, key)  # the mount is another one by now

    def revoke(self, lease: str) -> None:
        """End a lease, and wait until it has ended."""
        body: Json = {"lease_id": lease, "sync": True}
        reply = self._call("PUT", "sys/leases/revoke", body=body, what="the end of a lease")
        if not reply.is_success:
            raise self._client.unreachable(
                f"it did not end the lease (HTTP {reply.status})",
                "See in its log why the lease cannot be ended; then try again.",
            )

    def check(self) -> str:
        """The name and the policies of our token."""
        reply = self._call("GET", "auth/token/lookup-self", what="a look at our own token")
        data = reply.object.get("data")
        name = data.get("display_name") if isinstance(data, dict) else None
        policies = data.get("policies") if isinstance(data, dict) else None
        if not isinstance(name, str) or not isinstance(policies, list):
            raise self._malformed(reply)
        named = ", ".join(str(one)[:60] for one in policies[:10]) or "none"
        return "".join(
            letter for letter in f"{name[:100]} (policies: {named})" if letter.isprintable()
        )

    # ------------------------------------------------------------ reading

    def _read(self, wanted: Reference, mount: _Mount, key: str | None) -> Secret:
        what = quoted(wanted.path)
        if wanted.version and mount.kv != 2:
            raise self._client.not_found(
                f"versions of {what}: its mount keeps none", "Leave ?version= out."
            )
        asked_at = self._now()
        at, query = wanted.path, None
        if mount.kv == 2:
            at = f"{mount.path}data/{wanted.path.removeprefix(mount.path)}"
            query = {"version": wanted.version} if wanted.version else None
        reply, token = self._exchange("GET", at, query=query, what=what)
        if reply.status in {404, 405}:
            raise self._missing(wanted, mount)
        if not reply.is_success:
            raise self._client.refused(
                f"it answers HTTP {reply.status} for {what}", "Check the path and its engine."
            )
        content = reply.object
        fields, version = content.get("data"), ""
        if mount.kv == 2:
            fields, version = self._unfolded(reply, fields)
            if fields is None:
                raise self._missing(wanted, mount)
        if not isinstance(fields, dict):
            raise self._malformed(reply)
        lease, expires_at = self._lease(reply, asked_at, token)
        value = _value(fields, key)
        if value is not None:
            made = {name: value_text(one) for name, one in fields.items() if one is not None}
            return Secret(value, version, expires_at, lease, made if lease is not None else {})
        if lease is not None:
            with suppress(SecretStoreRefused, SecretStoreUnreachable):
                self.revoke(lease)  # what nobody can use
        raise self._client.not_found(
            f"field {quoted(key or '')} in {what}", "Name a field that the secret has."
        )

    def _unfolded(self, reply: Reply, data: object) -> tuple[object, str]:
        """The fields and the version in an answer of KV version 2."""
        metadata = data.get("metadata") if isinstance(data, dict) else None
        version = metadata.get("version") if isinstance(metadata, dict) else None
        if not isinstance(data, dict) or isinstance(version, bool) or not isinstance(version, int):
            raise self._malformed(reply)
        return data.get("data"), str(version)

    def _lease(
        self, reply: Reply, asked_at: datetime, token: Token
    ) -> tuple[str | None, datetime | None]:
        """The lease and its end, which is that of the token where that comes first."""
        lease, duration = reply.object.get("lease_id"), reply.object.get("lease_duration", 0)
        if not lease:
            return None, None
        if (
            not isinstance(lease, str)
            or isinstance(duration, bool)
            or not isinstance(duration, int)
        ):
            raise self._malformed(reply)
        if not 0 <= duration <= _DURATION_S_MAX:
            raise self._malformed(reply)
        left_s = min(duration or math.inf, token.ends_at - self._monotonic())
        return lease, None if math.isinf(left_s) else asked_at + timedelta(seconds=left_s)

    def _missing(self, wanted: Reference, mount: _Mount) -> SecretNotFound:
        version = f" in version {wanted.version}" if wanted.version else ""
        hint = " (without data/ in the path)" if mount.kv == 2 else ""
        return self._client.not_found(
            f"secret {quoted(wanted.path)}{version}",
            f"Check the path as `vault kv get` takes it{hint}, and that the version was not deleted.",
        )

    # ------------------------------------------------------------ mounts

    def _known_mount(self, path: str) -> _Mount | None:
        found = (one for at, one in list(self._mounts.items()) if path.startswith(at))
        return next(found, None)

    def _find_mount(self, path: str) -> _Mount:
        """Asked as Vault's own command line asks, which every token may that may read there."""
        what = quoted(path)
        reply = self._call("GET", f"sys/internal/ui/mounts/{path}", what=what)
        if not reply.is_success:
            raise self._client.refused(
                f"it answers HTTP {reply.status} for the mount of {what}", "Check the path."
            )
        data = reply.object.get("data")
        at = data.get("path") if isinstance(data, dict) else None
        kind = data.get("type") if isinstance(data, dict) else None
        if not isinstance(at, str) or not isinstance(kind, str) or not isinstance(data, dict):
            raise self._malformed(reply)
        if kind in _OWN or not at.strip("/") or not path.startswith(at) or "auth" in at.split("/"):
            raise self._client.refused(
                f"{what} is where it keeps its own things", "Name a path of a secrets engine."
            )
        options = data.get("options")
        version = options.get("version") if isinstance(options, dict) else None
        kv = (2 if version == "2" else 1) if kind in {"kv", "generic"} else 0
        mount = _Mount(at if at.endswith("/") else f"{at}/", kv)
        self._mounts[mount.path] = mount
        return mount

    # ------------------------------------------------------------ calls

    def _call(self, method: str, path: str, *, what: str, body: Json = None) -> Reply:
        return self._exchange(method, path, what=what, body=body)[0]

    def _exchange(
        self,
        method: str,
        path: str,
        *,
        what: str,
        body: Json = None,
        query: dict[str, str] | None = None,
    ) -> tuple[Reply, Token]:
        """One call, and the token that was taken. One that has ended is replaced once; what is
        still refused is refused.
        """
        token = self._login.token()
        reply = self._api.call(method, path, token.text, body, query)
        if reply.status not in _FORBIDDEN:
            return reply, token
        is_ours = self._is_taken(token)
        if not is_ours:
            other = self._login.instead_of(token)
            if other is not None:
                reply = self._api.call(method, path, other.text, body, query)
                if reply.status not in _FORBIDDEN:
                    return reply, other
                is_ours = self._is_taken(other)
        if is_ours:
            raise self._client.refused(
                f"it does not allow us {what}",
                "Add the path to a policy of our login, or check that its mount is there.",
            )
        raise self._client.refused(
            "it does not take our token: wrong, ended or revoked", "Give a token that still counts."
        )

    def _is_taken(self, token: Token) -> bool:
        """Whether the token counts at all: a policy that is too narrow refuses alike."""
        return self._api.call("GET", "auth/token/lookup-self", token.text).is_success

    def _malformed(self, reply: Reply) -> Exception:
        return self._client.unreachable(
            f"it does not answer as Vault should (HTTP {reply.status})",
            "Check that the endpoint is that of a Vault or OpenBao, and what stands before it.",
        )


def _value(fields: dict[str, object], key: str | None) -> str | None:
    """The field, or without a key the only one, or all as JSON; None for one that is not there."""
    if key is None:
        return value_text(next(iter(fields.values())) if len(fields) == 1 else fields)
    found = fields.get(key)
    return None if found is None else value_text(found)
