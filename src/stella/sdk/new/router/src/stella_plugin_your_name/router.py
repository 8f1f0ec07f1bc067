"""A router that is spoken to by HTTP; README.md says how the service answers.

Replace the paths and ``_weights`` by what your service has. ``ServiceClient`` stays: it opens every
socket by ``connection.connect``, bounds each answer, and makes refusals that tell nothing.
"""

import re

from stella.sdk import Connection, Json, Weight
from stella.sdk.service_client import ServiceClient

_ALL = 1000
_ROUTE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}\Z")


class HttpRouter:
    """``stella.sdk.Router``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._client = ServiceClient(connection, "Your title")

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._client.close()

    def weights(self, route: str) -> tuple[Weight, ...]:
        """As they are now, by backend."""
        path = self._path(route)
        answer = self._client.json("GET", path, self._headers(), what=f"the route {route}")
        return self._weights(answer)

    def set_weights(self, route: str, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
        """All of them at once: the service changes a route as a whole."""
        known = {one.backend for one in self.weights(route)}
        wanted = {one.backend: one.permille for one in weights}
        if wanted.keys() != known or len(wanted) != len(weights):
            raise self._client.not_supported("a division that does not name every backend once")
        if sum(wanted.values()) != _ALL or min(wanted.values()) < 0:
            raise self._client.not_supported("weights that are not 1,000 together")
        body: Json = {"weights": wanted}
        path = self._path(route)
        answer = self._client.json("PUT", path, self._headers(), body, what=f"the route {route}")
        return self._weights(answer)

    def check(self) -> str:
        """Its version."""
        answer = self._client.json("GET", "v1/version", self._headers(), what="its version")
        version = answer.get("version") if isinstance(answer, dict) else None
        if not isinstance(version, str) or not version.isprintable() or not version:
            raise self._client.unreachable("its answer has no version")
        return f"version {version[:100]}"

    def _path(self, route: str) -> str:
        if not _ROUTE.match(route):
            raise self._client.not_there(f"route {route[:40]!r}")
        return f"v1/routes/{route}"

    def _weights(self, answer: Json) -> tuple[Weight, ...]:
        said = answer.get("weights") if isinstance(answer, dict) else None
        if isinstance(said, dict):
            found = tuple(
                Weight(str(name), share)
                for name, share in sorted(said.items())
                if isinstance(share, int) and 0 <= share <= _ALL
            )
            if sum(one.permille for one in found) == _ALL:
                return found
        raise self._client.unreachable("its answer has no weights that are 1,000 together")

    def _headers(self) -> dict[str, str]:
        token = self._client.optional_credential("token")
        return {} if token is None else {"Authorization": f"Bearer {token}"}
