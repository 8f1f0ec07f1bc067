"""AWS Secrets Manager as a secret store."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

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
from stella.sdk.http import json_object
from stella.sdk.store_client import Reply, StoreClient, quoted, value_text
from stella_connectors.aws_secrets.reference import parse_reference

_REGION = re.compile(r"[a-z0-9-]{1,40}\Z")
# Error types of the service; the last part of ``__type`` (AWS JSON protocol 1.1).
_BUSY = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}
)
_KEYS_REFUSED = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)

_MISSING = {
    "ResourceNotFoundException": (
        "secret",
        "Check its name, its version or stage, and the region.",
    ),
    "InvalidRequestException": (
        "usable secret",
        "See whether it is marked for deletion, and restore it.",
    ),
}
_REFUSED = {
    "AccessDeniedException": (
        "it does not allow us",
        "Allow secretsmanager:GetSecretValue on it, and kms:Decrypt where it has a key of its own.",
    ),
    "DecryptionFailure": ("it cannot decrypt", "Check its KMS key and kms:Decrypt on it."),
}


def open_aws(connection: Connection) -> "AwsSecretStore":
    """The store of a connection profile; nothing is sent yet. Raises SecretStoreRefused."""
    return AwsSecretStore(connection)


class AwsSecretStore:
    """Secrets Manager in one region, as ``stella.sdk.SecretStore`` asks. Safe for several threads.

    now: the clock, UTC; a signature counts for five minutes.
    """

    def __init__(
        self, connection: Connection, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        config = connection.config
        is_plain = config.get("plain_http") is True
        self._client = StoreClient(connection, "AWS Secrets Manager", may_be_plain=is_plain)
        region = config.get("region")
        if not isinstance(region, str) or not _REGION.match(region):
            raise self._client.refused("it has no region", "Set region, like eu-central-1.")
        self._now = now
        self._url = f"{self._client.root}/"
        self._scope = Scope(region, "secretsmanager")
        sts_url = sts_endpoint(config, region)
        at_sts = replace(connection, endpoint=sts_url)
        self._sts_client = StoreClient(at_sts, "AWS STS", may_be_plain=is_plain)
        self._sts = Sts(self._sts_client, region, now)
        self._login = Login(self._client, self._sts, role_parameters(config), now)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()
        self._sts_client.close()

    def read(self, path: str, key: str | None) -> Secret:
        """The field ``key`` of a secret that is a JSON object; without one the whole text."""
        wanted = parse_reference(path)
        what = quoted(path)
        if wanted is None:
            raise self._client.not_found(
                f"secret {what}: that is no name of one",
                "Write its name or ARN, and ?version=ID or ?stage=LABEL after it for an older one.",
            )
        reply = self._get(wanted.parameters, what)
        found = reply.object
        text, version = found.get("SecretString"), found.get("VersionId")
        if text is None and isinstance(found.get("SecretBinary"), str):
            raise self._client.not_found(
                f"text in {what}: it is binary", "Store it as text; a file, for one, as base64."
            )
        if not isinstance(text, str) or not isinstance(version, str):
            raise self._client.unreachable(
                f"it does not answer as it should (HTTP {reply.status})",
                "Check that the endpoint is that of Secrets Manager, and what stands before it.",
            )
        if key is None:
            return Secret(text, version)
        fields = json_object(text)
        if fields is None or fields.get(key) is None:
            why = "it has no fields" if fields is None else "name one that it has"
            raise self._client.not_found(
                f"field {quoted(key)} in {what}", f"Check the field and the secret: {why}."
            )
        return Secret(value_text(fields[key]), version)

    def revoke(self, lease: str) -> None:
        """Secrets Manager gives no leases: there is none to end."""
        raise self._client.not_found(
            f"lease {quoted(lease)}", "Rotate the secret where it should no longer count."
        )

    def check(self) -> str:
        """The ARN that our keys stand for."""
        keys = self._login.keys()
        reply = self._sts.call(keys, "GetCallerIdentity")
        if not reply.is_success:
            other = self._login.instead_of(keys)
            if other is not None:
                reply = self._sts.call(other, "GetCallerIdentity")
        if not reply.is_success:
            raise self._keys_refused(reply, self._sts_client)
        arn = caller_arn(reply)
        if arn is None:
            raise self._sts_client.unreachable("it does not say who we are")
        return arn

    # ------------------------------------------------------------ calls

    def _get(self, parameters: dict[str, str], what: str) -> Reply:
        """GetSecretValue. Keys that have ended are replaced once."""
        keys = self._login.keys()
        reply = self._ask(keys, parameters)
        if not reply.is_success and self._are_keys_refused(reply):
            other = self._login.instead_of(keys)
            if other is not None:
                reply = self._ask(other, parameters)
        if reply.is_success:
            return reply
        raise self._refusal(reply, what)

    def _ask(self, keys: Keys, parameters: dict[str, str]) -> Reply:
        content = json.dumps(parameters).encode()
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": "secretsmanager.GetSecretValue",
        }
        signed = signed_headers(
            "POST",
            self._url,
            headers,
            content,
            keys=keys,
            scope=self._scope,
            now=self._now(),
        )
        return self._client.ask("POST", self._url, signed, content)

    def _are_keys_refused(self, reply: Reply) -> bool:
        """Keys that do not count; a 403 that names no type may mean them as well."""
        kind = _kind(reply)
        return kind in _KEYS_REFUSED or (reply.status in {401, 403} and not kind)

    def _refusal(self, reply: Reply, what: str) -> Exception:
        kind = _kind(reply) or ("ResourceNotFoundException" if reply.status == 404 else "")
        if kind in _BUSY:
            return self._client.unreachable("it is asked too often", "Try again later.")
        if self._are_keys_refused(reply):
            return self._keys_refused(reply, self._client)
        if kind in _MISSING:
            why, advice = _MISSING[kind]
            return self._client.not_found(f"{why} {what}", advice)
        why, advice = _REFUSED.get(kind, (f"it answers HTTP {reply.status} for", "Check the name."))
        return self._client.refused(f"{why} {what}", advice)

    def _keys_refused(self, reply: Reply, client: StoreClient) -> SecretStoreRefused:
        return client.refused(
            f"it does not take our keys (HTTP {reply.status})",
            "Give keys that still count, with their session token; check the clock and the region.",
        )


def _kind(reply: Reply) -> str:
    """The error's type, where the answer is JSON that names one. Compared, never shown."""
    kind = reply.object.get("__type")
    return kind.rpartition("#")[2].partition(":")[0] if isinstance(kind, str) else ""
