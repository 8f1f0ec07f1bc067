"""The transit engine: keys that never leave the server, and what is encrypted with them there."""

import base64
import binascii
import re
from typing import Protocol

from stella.sdk import Json, SecretNotFound
from stella.sdk.store_client import Reply, StoreClient, quoted

_PATH = re.compile(r"([A-Za-z0-9._-]+(?:/[A-Za-z0-9._-]+)*)/([A-Za-z0-9._-]+)\Z")
_WRAPPED = re.compile(r"vault:v[1-9][0-9]{0,8}:[A-Za-z0-9+/=]{1,20000}\Z")


class Call(Protocol):
    """One call with our token. Raises SecretStoreUnreachable, SecretStoreRefused."""

    def __call__(self, method: str, path: str, *, what: str, body: Json = None) -> Reply:
        """What is answered, unless it is a refusal of our token."""
        ...


class TransitKeys:
    """As ``stella.sdk.KeyKeeper``; paths are MOUNT/KEY, as ``transit/stella``."""

    def __init__(self, client: StoreClient, call: Call) -> None:
        self._client = client
        self._call = call

    def key_versions(self, path: str) -> tuple[int, int]:
        """The oldest version that may decrypt, and the newest."""
        mount, key = self._parts(path)
        reply = self._call("GET", f"{mount}/keys/{key}", what=f"the key {quoted(path)}")
        if reply.status == 404:
            raise self._no_key(path)
        data = self._data(reply, path)
        found = (data.get("min_decryption_version"), data.get("latest_version"))
        oldest, newest = (one if type(one) is int else 0 for one in found)
        if not 1 <= oldest <= newest:
            raise self._malformed(reply)
        if data.get("supports_encryption") is not True or data.get("derived") is True:
            raise self._client.refused(
                f"the key {quoted(path)} is not one to encrypt with as it is",
                "Make one of the type aes256-gcm96, not derived.",
            )
        return oldest, newest

    def wrap_key(self, path: str, version: int, key: bytes, about: str) -> str:
        """Encrypted there, with ``about`` as associated data."""
        mount, name = self._parts(path)
        body: Json = {
            "plaintext": base64.b64encode(key).decode(),
            "associated_data": base64.b64encode(about.encode()).decode(),
            "key_version": version,
        }
        what = f"to encrypt with {quoted(path)}"
        reply = self._call("POST", f"{mount}/encrypt/{name}", what=what, body=body)
        found = self._data(reply, path).get("ciphertext")
        if not isinstance(found, str) or not found.startswith(f"vault:v{version}:"):
            raise self._malformed(reply)
        return found

    def unwrap_key(self, path: str, wrapped: str, about: str) -> bytes:
        """Decrypted there."""
        mount, name = self._parts(path)
        if not _WRAPPED.match(wrapped):
            raise self._not_wrapped(path)
        body: Json = {
            "ciphertext": wrapped,
            "associated_data": base64.b64encode(about.encode()).decode(),
        }
        what = f"to decrypt with {quoted(path)}"
        reply = self._call("POST", f"{mount}/decrypt/{name}", what=what, body=body)
        if reply.status == 400:
            raise self._not_wrapped(path)
        found = self._data(reply, path).get("plaintext")
        if not isinstance(found, str):
            raise self._malformed(reply)
        try:
            return base64.b64decode(found, validate=True)
        except binascii.Error:
            pass
        raise self._malformed(reply)

    def renew_key(self, path: str) -> None:
        """One more version of it."""
        mount, key = self._parts(path)
        what = f"to rotate {quoted(path)}"
        reply = self._call("POST", f"{mount}/keys/{key}/rotate", what=what, body={})
        if not reply.is_success:
            raise self._no_key(path)

    def _parts(self, path: str) -> tuple[str, str]:
        found = _PATH.match(path)
        if found is None or {".", ".."} & set(path.split("/")):
            raise self._client.not_found(
                f"key {quoted(path)}: that is no path of one", "Write MOUNT/KEY: transit/stella."
            )
        return found[1], found[2]

    def _data(self, reply: Reply, path: str) -> dict[str, object]:
        if reply.status in {400, 404, 405}:
            raise self._no_key(path)
        data = reply.object.get("data")
        if not reply.is_success or not isinstance(data, dict):
            raise self._malformed(reply)
        return data

    def _no_key(self, path: str) -> SecretNotFound:
        return self._client.not_found(
            f"key {quoted(path)} that does that",
            "Make it: vault write -f MOUNT/keys/KEY (its type aes256-gcm96, which is the default).",
        )

    def _not_wrapped(self, path: str) -> SecretNotFound:
        return self._client.not_found(
            f"key under {quoted(path)} that was wrapped so",
            "It was changed, belongs to something else, or its version was ended there.",
        )

    def _malformed(self, reply: Reply) -> Exception:
        return self._client.unreachable(
            f"it does not answer as Vault's transit engine should (HTTP {reply.status})",
            "Check that the endpoint is that of a Vault or OpenBao, and what stands before it.",
        )
