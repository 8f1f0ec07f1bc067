"""Whose keys sign: those of the profile as they are, or those of a role that they may take on."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from stella.kernel import Json, StellaError, parse_time
from stella.sdk.aws.sign import Keys, Scope, signed_headers
from stella.sdk.exchange import Reply

_FORM = "application/x-www-form-urlencoded; charset=utf-8"
_MARGIN = timedelta(minutes=5)


class Client(Protocol):
    """What is asked of ``StoreClient`` and ``ServiceClient``; it raises the refusals of its kind."""

    root: str

    def ask(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None = None
    ) -> Reply:
        """One answer for the caller to read."""
        ...

    def credential(self, name: str) -> str:
        """Asked for now."""
        ...

    def optional_credential(self, name: str) -> str | None:
        """The same; None where there is none."""
        ...

    def refused(self, why: str, advice: str) -> StellaError:
        """We are not let in."""
        ...

    def unreachable(self, why: str, advice: str = "") -> StellaError:
        """No usable answer."""
        ...


class Sts:
    """Calls to the Security Token Service, signed."""

    def __init__(self, client: Client, region: str, now: Callable[[], datetime]) -> None:
        self.client, self._now = client, now
        self._url = f"{client.root}/"
        self._scope = Scope(region, "sts")

    def call(self, keys: Keys, action: str, **parameters: str) -> Reply:
        """One call. Raises the client's ``unreachable``; any other answer is the caller's."""
        form = urlencode({"Action": action, "Version": "2011-06-15", **parameters}).encode()
        headers = signed_headers(
            "POST",
            self._url,
            {"Content-Type": _FORM, "Accept": "application/xml"},
            form,
            keys=keys,
            scope=self._scope,
            now=self._now(),
        )
        return self.client.ask("POST", self._url, headers, form)


class Login:
    """The keys to sign with: those of the credentials ``access_key_id``, ``secret_access_key`` and
    ``session_token``, or those of a role that they take on, kept in memory until shortly before they end.

    role: of AssumeRole, from ``role_parameters``; empty for none.
    """

    def __init__(
        self, client: Client, sts: Sts, role: Mapping[str, str], now: Callable[[], datetime]
    ) -> None:
        self._client, self._sts, self._now = client, sts, now
        self._parameters = dict(role)
        self._kept: tuple[Keys, datetime] | None = None
        self._lock = threading.Lock()

    def keys(self) -> Keys:
        """Those that count now. Raises the client's ``refused`` and ``unreachable``."""
        if not self._parameters:
            return self._given()
        with self._lock:
            if self._kept is None or self._now() >= self._kept[1]:
                self._kept = self._taken_on()
            return self._kept[0]

    def instead_of(self, refused: Keys) -> Keys | None:
        """Other ones, for ``refused`` were not taken; None where there are none."""
        if self._parameters:
            with self._lock:
                if self._kept is not None and self._kept[0] == refused:
                    self._kept = None
        other = self.keys()
        return None if other == refused else other

    def _given(self) -> Keys:
        """Asked for at each use: new ones are taken up at once."""
        return Keys(
            self._client.credential("access_key_id"),
            self._client.credential("secret_access_key"),
            self._client.optional_credential("session_token") or "",
        )

    def _taken_on(self) -> tuple[Keys, datetime]:
        begun = self._now()
        reply = self._sts.call(self._given(), "AssumeRole", **self._parameters)
        if not reply.is_success:
            raise self._sts.client.refused(
                f"it does not let us take on the role (HTTP {reply.status})",
                "Check role_arn, external_id, session_s and the role's trust policy.",
            )
        told = _texts(reply.body)
        keys = Keys(
            told.get("AccessKeyId", ""),
            told.get("SecretAccessKey", ""),
            told.get("SessionToken", ""),
        )
        ends_at = _time(told.get("Expiration", ""))
        parts = (keys.access_key, keys.secret_key, keys.session_token)
        if ends_at is None or not all(one.isascii() and one.isprintable() and one for one in parts):
            raise self._sts.client.unreachable("its answer holds no keys")
        # At least half of their time, where it is short or the clocks differ.
        return keys, max(ends_at - _MARGIN, begun + (ends_at - begun) / 2)


def role_parameters(config: Mapping[str, Json]) -> dict[str, str]:
    """Of AssumeRole, by ``role_arn``, ``session_name``, ``session_s`` and ``external_id`` of a
    connection's configuration; nothing where it names no role.
    """
    if not config.get("role_arn"):
        return {}
    made = {
        "RoleArn": str(config["role_arn"]),
        "RoleSessionName": str(config.get("session_name") or "stella"),
        "DurationSeconds": str(config.get("session_s") or 3600),
    }
    if config.get("external_id"):
        made["ExternalId"] = str(config["external_id"])
    return made


def sts_endpoint(config: Mapping[str, Json], region: str) -> str:
    """The one that the configuration names, else that of the region."""
    domain = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return str(config.get("sts_endpoint") or f"https://sts.{region}.{domain}")


def caller_arn(reply: Reply) -> str | None:
    """Who STS says that we are; None where it says nothing."""
    found = _texts(reply.body).get("Arn", "")
    return found if 0 < len(found) <= 2048 and found.isascii() and found.isprintable() else None


def _texts(body: bytes) -> dict[str, str]:
    """Name -> text of every element of an answer of STS; nothing where it is no XML.

    An answer with a DOCTYPE, which alone could bring entities, is none; its size is bounded.
    """
    if b"<!" in body:
        return {}
    try:
        root = ET.fromstring(body)  # noqa: S314
    except (ET.ParseError, ValueError, LookupError):
        return {}
    return {one.tag.rpartition("}")[2]: (one.text or "").strip() for one in root.iter()}


def _time(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except StellaError:
        return None
