"""HTTP to one registry: the way to the network, the login, and failures turned into refusals."""

import base64
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from stella.sdk import (
    ImageNotFound,
    RegistryConfig,
    RegistryRefused,
    RegistryUnreachable,
    Remedy,
)
from stella.sdk.http import Answer, Connections, HttpTrouble, bounded, joined, origin_of

_LOOPBACK = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?\Z")


class Transport:
    """Requests to one registry. Every socket is opened by the ``connect`` that the host gave."""

    def __init__(self, config: RegistryConfig) -> None:
        is_plain = config.plain_http or bool(_LOOPBACK.match(config.host))
        self.host = config.host
        self._root = f"{'http' if is_plain else 'https'}://{config.host}"
        self._login = config.login
        self._connections = Connections(
            is_plain=is_plain,
            timeout_s=config.timeout_s,
            ca_file=config.ca_file,
            ca=config.ca,
            proxy=config.proxy,
            connect=config.connect,
        )

    def close(self) -> None:
        """Close every connection."""
        self._connections.close()

    @contextmanager
    def sent(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Iterator[Answer]:
        """One request with its body unread. path: below ``/v2/``, or a URL."""
        url = path if "://" in path else f"{self._root}/v2/{path}"
        try:
            answer = self._connections.send(method, url, self._headers(url, headers), content)
            try:
                yield answer
            finally:
                answer.close()
        except HttpTrouble as trouble:
            raise self._unreachable(str(trouble)) from None

    def whole(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        *,
        bytes_max: int = 64 * 1024,
    ) -> tuple[Answer, bytes]:
        """One request and its body, of which no more than ``bytes_max`` + 1 bytes are read."""
        with self.sent(method, path, headers, content) as answer:
            return answer, bounded(answer, bytes_max)

    def joined(self, location: str) -> str:
        """The URL that a Location means."""
        try:
            return joined(self._root, location)
        except HttpTrouble as trouble:
            raise self._unreachable(str(trouble)) from None

    def refuse(self, answer: Answer, what: str) -> None:
        """Raise the refusal that a status other than 2xx means. The host knows these classes."""
        status = answer.status_code
        if answer.is_success:
            return
        if status == 404:
            raise ImageNotFound(
                f"{self.host} has no {what}", remedy=Remedy("Check the repository and the tag.")
            )
        if status in {401, 403}:
            raise RegistryRefused(
                f"{self.host} does not allow {what}",
                remedy=Remedy("Give the integration a user and password that may do this."),
            )
        raise self._unreachable(f"HTTP {status} for {what}")

    def _headers(self, url: str, headers: Mapping[str, str] | None) -> dict[str, str]:
        """With the login, asked for at each use; never to another host than the registry's own."""
        made = {"User-Agent": "stella-ops", **(headers or {})}
        if self._login is not None and origin_of(url) == origin_of(self._root):
            user, password = self._login()
            pair = base64.b64encode(f"{user}:{password}".encode()).decode()
            made["Authorization"] = f"Basic {pair}"
        return made

    def _unreachable(self, why: str) -> RegistryUnreachable:
        return RegistryUnreachable(
            f"{self.host} gives no usable answer: {why[:300]}",
            remedy=Remedy("Check its address and certificate, and that it runs; then try again."),
        )
