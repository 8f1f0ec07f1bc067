"""HTTP to one registry: TLS, credentials, tokens, and the failures turned into refusals."""

import base64
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from urllib.parse import urlencode

from stella.sdk import (
    ImageNotFound,
    ManifestMalformed,
    RegistryConfig,
    RegistryRefused,
    RegistryUnreachable,
    Remedy,
)
from stella.sdk.http import (
    BUSY,
    FIRST_WAIT_S,
    WAIT_S_MAX,
    Answer,
    Connections,
    HttpTrouble,
    bounded,
    joined,
    retry_after,
)

_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?\Z")
_CHALLENGE = re.compile(r'([a-zA-Z_]+)="([^"]*)"')
_AGENT = {"User-Agent": "stella-ops"}
_TOKEN_BYTES_MAX = 256 * 1024
_READING = frozenset({"GET", "HEAD"})
_AGAIN_MAX = 2
_RETRYABLE = frozenset({408, 425, 429, 500, 502, 503, 504})

# Where the registry is that image references call so.
_PLACES = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}


class Transport:
    """Requests to one registry. Safe for several threads; keeps one token for each scope."""

    def __init__(
        self, config: RegistryConfig, *, wait: Callable[[float], None] = time.sleep
    ) -> None:
        self.host = config.host
        self._wait = wait
        loopback = bool(_LOOPBACK.match(config.host))
        self._is_plain = config.plain_http or loopback
        place = _PLACES.get(config.host, config.host)
        self.root = f"{'http' if self._is_plain else 'https'}://{place}"
        self._login = config.login
        self._wants_basic = False
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()
        self._connections = Connections(
            is_plain=self._is_plain,
            timeout_s=config.timeout_s,
            ca_file=config.ca_file,
            ca=config.ca,
            proxy=config.proxy,
            # A proxy of the environment never stands between us and our own machine.
            uses_proxy=not loopback,
            connect=config.connect,
        )

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()

    @contextmanager
    def stream(
        self,
        method: str,
        url: str,
        *,
        scope: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Iterator[Answer]:
        """One request with its body unread; refused credentials are renewed once.

        Where the registry is busy and only something is read, it is asked again after the time that it
        names, if that is short. Raises RegistryUnreachable for anything below HTTP.
        """
        try:
            response = self._answered(method, url, headers, scope, content)
            try:
                yield response
            finally:
                response.close()
        except HttpTrouble as error:
            raise self.unreachable(str(error)) from None

    def _answered(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        scope: str,
        content: bytes | None,
    ) -> Answer:
        """Asked again once with a login, and a few times where it is busy, in whichever order."""
        may_log_in, attempts = True, 0
        while True:
            response = self._send(method, url, self._headers(headers, scope), content)
            if response.status_code == 401 and may_log_in:
                may_log_in = False
                challenge = response.headers.get("www-authenticate", "")
                response.close()
                self._authenticate(challenge, scope)
                continue
            wait_s = _busy_s(response, attempts)
            if wait_s is None or method not in _READING or attempts == _AGAIN_MAX:
                return response
            response.close()
            self._wait(wait_s)
            attempts += 1

    def request(
        self,
        method: str,
        url: str,
        *,
        scope: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        bytes_max: int = 1024 * 1024,
    ) -> tuple[Answer, bytes]:
        """One request and its body, of which at most ``bytes_max`` + 1 bytes are kept."""
        with self.stream(method, url, scope=scope, headers=headers, content=content) as response:
            return response, bounded(response, bytes_max)

    def joined(self, location: str) -> str:
        """The absolute URL that the registry means. Raises RegistryUnreachable."""
        try:
            return joined(self.root, location)
        except HttpTrouble as error:
            raise self.unreachable(str(error)) from None

    def refuse(self, response: Answer, what: str) -> None:
        """Raise the refusal that a status other than 2xx means; ``what`` was asked for."""
        status = response.status_code
        if response.is_success:
            return
        if status == 404:
            raise ImageNotFound(
                f"{self.host} has no {what}",
                remedy=Remedy(
                    "Check repository and tag; list what is there with a registry client."
                ),
                registry=self.host,
                wanted=what,
            )
        if status in {401, 403}:
            raise self.refused(what)
        if status in _RETRYABLE or status >= 500:
            raise self.unreachable(f"HTTP {status} for {what}")
        raise ManifestMalformed(
            f"{self.host} answered HTTP {status} for {what}",
            remedy=Remedy("Check that this host is an OCI registry and the reference is right."),
            registry=self.host,
            status=status,
        )

    def refused(self, what: str) -> RegistryRefused:
        """The refusal for credentials that are missing or do not suffice."""
        have = "the credentials given do not suffice" if self._login else "it wants credentials"
        return RegistryRefused(
            f"{self.host} does not allow {what}: {have}",
            remedy=Remedy("Give a user and password (or token) that may do this."),
            registry=self.host,
            wanted=what,
        )

    def unreachable(self, why: str) -> RegistryUnreachable:
        """The refusal for a registry that gives no usable answer."""
        return RegistryUnreachable(
            f"the registry {self.host} cannot be reached: {why[:300]}",
            remedy=Remedy(
                "Check host and port, that it runs, and its certificate; then try again."
            ),
            registry=self.host,
        )

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Answer:
        absolute = url if "://" in url else f"{self.root}{url}"
        return self._connections.send(method, absolute, {**_AGENT, **headers}, content)

    def _headers(self, headers: Mapping[str, str] | None, scope: str) -> dict[str, str]:
        merged = dict(headers or {})
        with self._lock:
            token = self._tokens.get(scope)
        if token:
            merged["Authorization"] = token
        elif self._wants_basic and self._login:
            merged["Authorization"] = _basic(self._login)
        return merged

    def _authenticate(self, challenge: str, scope: str) -> None:
        """Answer a 401: basic credentials, or a token from the realm that the registry names."""
        kind, _, rest = challenge.partition(" ")
        if kind.lower() == "basic" and self._login:
            self._wants_basic = True
            return
        if kind.lower() != "bearer":
            raise self.refused("this without credentials")
        fields = dict(_CHALLENGE.findall(rest))
        token = self._fetch_token(fields, scope)
        with self._lock:
            self._tokens[scope] = f"Bearer {token}"

    def _fetch_token(self, fields: Mapping[str, str], scope: str) -> str:
        realm = fields.get("realm", "")
        # Credentials leave only over TLS, unless the whole registry is plain HTTP by choice.
        if not realm.startswith("https://") and not (
            self._is_plain and realm.startswith("http://")
        ):
            raise self.unreachable(f"its token server is no https address: {realm[:80]!r}")
        query = {"scope": fields.get("scope") or scope}
        if "service" in fields:
            query["service"] = fields["service"]
        headers = {**_AGENT, "Authorization": _basic(self._login)} if self._login else _AGENT
        url = joined(self.root, f"{realm}{'&' if '?' in realm else '?'}{urlencode(query)}")
        response = self._connections.send("GET", url, headers)
        try:
            body = bounded(response, _TOKEN_BYTES_MAX)
        finally:
            response.close()
        if response.status_code in {400, 401, 403}:
            raise self.refused(query["scope"])
        try:
            answer = json.loads(body)
            token = answer.get("token") or answer.get("access_token")
        except (ValueError, AttributeError, RecursionError):
            token = None
        if not isinstance(token, str) or not token.isprintable():
            raise self.unreachable(f"its token server gave no token (HTTP {response.status_code})")
        return token


def _busy_s(response: Answer, attempt: int) -> float | None:
    """After how long to ask again; None where that is of no use, or would take too long."""
    if response.status_code not in BUSY:
        return None
    asked = retry_after({name.lower(): value for name, value in response.headers.items()})
    wait_s = FIRST_WAIT_S * 2**attempt if asked is None else float(asked)
    return wait_s if wait_s <= WAIT_S_MAX else None


def _basic(login: Callable[[], tuple[str, str]]) -> str:
    user, password = login()
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
