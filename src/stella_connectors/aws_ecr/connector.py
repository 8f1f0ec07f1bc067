"""Amazon ECR gives a user and a password that count for twelve hours, to who has keys of AWS.

As a secret store it lets any registry's integration name them: ``aws-ecr://INTEGRATION/login#password``.
Source: Amazon ECR API reference, GetAuthorizationToken.
"""

import base64
import binascii
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from stella.sdk import Connection, Secret, SecretStoreRefused
from stella.sdk.aws import (
    Keys,
    Login,
    Scope,
    Sts,
    caller_arn,
    role_parameters,
    signed_headers,
    sts_endpoint,
)
from stella.sdk.store_client import Reply, StoreClient, quoted

PATH = "login"
_REGION = re.compile(r"[a-z0-9-]{1,40}\Z")
_TARGET = "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
_MARGIN = timedelta(hours=1)
_KEPT_AT_MOST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class _Pair:
    username: str
    password: str = field(repr=False)
    ends_at: datetime
    asked_at: datetime


def open_ecr(connection: Connection) -> "EcrLogins":
    """The store of a connection profile; nothing is sent yet. Raises SecretStoreRefused."""
    return EcrLogins(connection)


class EcrLogins:
    """``stella.sdk.SecretStore`` with one secret, made anew before it ends. Safe for several threads.

    now: the clock, UTC.
    """

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        config = connection.config
        is_plain = config.get("plain_http") is True
        self._client = StoreClient(connection, "Amazon ECR", may_be_plain=is_plain)
        region = str(config.get("region") or "")
        if not _REGION.match(region):
            raise self._client.refused("it has no region", "Set region, like eu-central-1.")
        self._now, self._scope = now, Scope(region, "ecr")
        self._url = f"{self._client.root}/"
        at_sts = replace(connection, endpoint=sts_endpoint(config, region))
        self._sts_client = StoreClient(at_sts, "AWS STS", may_be_plain=is_plain)
        self._sts = Sts(self._sts_client, region, now)
        self._login = Login(self._client, self._sts, role_parameters(config), now)
        self._kept: tuple[Keys, _Pair] | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close every connection."""
        self._client.close()
        self._sts_client.close()

    def read(self, path: str, key: str | None) -> Secret:
        """``username`` or ``password`` of ``login``; both as a JSON object without a key."""
        if path != PATH:
            raise self._client.not_found(f"secret {quoted(path)}", f"There is one: {PATH}.")
        if key not in {None, "username", "password"}:
            raise self._client.not_found(
                f"field {quoted(str(key))}", "Name username or password after #."
            )
        pair = self._pair()
        fields = {"username": pair.username, "password": pair.password}
        value = json.dumps(fields) if key is None else fields[key]
        return Secret(value, expires_at=pair.ends_at)

    def revoke(self, lease: str) -> None:
        """A login ends by itself: there is none to end before."""
        raise self._client.not_found(
            f"lease {quoted(lease)}", "End the keys or the role where it should no longer count."
        )

    def check(self) -> str:
        """The ARN that our keys stand for, where they may ask for a login."""
        keys = self._login.keys()
        self._asked(keys)
        arn = caller_arn(self._sts.call(keys, "GetCallerIdentity"))
        return arn or "it gives us a login"

    def _pair(self) -> _Pair:
        """The one that counts, asked for anew where the keys are others or its last hour has come."""
        with self._lock:
            keys, now = self._login.keys(), self._now()
            if self._kept is not None and self._kept[0] == keys:
                pair = self._kept[1]
                if now < pair.ends_at - _MARGIN and now < pair.asked_at + _KEPT_AT_MOST:
                    return pair
            pair = self._asked(keys)
            self._kept = keys, pair
            return pair

    def _asked(self, keys: Keys) -> _Pair:
        reply = self._sent(keys)
        if reply.status in {400, 401, 403}:
            other = self._login.instead_of(keys)
            if other is not None:
                reply = self._sent(other)
        if not reply.is_success:
            raise self._refusal(reply)
        pair = _pair_of(reply, self._now())
        if pair is None:
            raise self._client.unreachable("its answer holds no login")
        return pair

    def _sent(self, keys: Keys) -> Reply:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": _TARGET}
        signed = signed_headers(
            "POST", self._url, headers, b"{}", keys=keys, scope=self._scope, now=self._now()
        )
        return self._client.ask("POST", self._url, signed, b"{}")

    def _refusal(self, reply: Reply) -> SecretStoreRefused:
        return self._client.refused(
            f"it gives us no login (HTTP {reply.status})",
            "Give keys that count, and allow them ecr:GetAuthorizationToken; check the region.",
        )


def _pair_of(reply: Reply, now: datetime) -> _Pair | None:
    """None for what holds none. The time is seconds since 1970, with a fraction."""
    listed = reply.object.get("authorizationData")
    first = listed[0] if isinstance(listed, list) and listed else None
    if not isinstance(first, dict):
        return None
    token, ends = first.get("authorizationToken"), first.get("expiresAt")
    if not isinstance(token, str) or isinstance(ends, bool) or not isinstance(ends, int | float):
        return None
    try:
        text = base64.b64decode(token, validate=True).decode("ascii")
        ends_at = datetime.fromtimestamp(ends, UTC)
    except (binascii.Error, ValueError, OverflowError, OSError):
        return None
    username, colon, password = text.partition(":")
    if not (colon and username and password and text.isprintable()):
        return None
    return _Pair(username, password, ends_at, now)
