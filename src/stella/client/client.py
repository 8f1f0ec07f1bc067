"""The HTTP client: JSON in and out, refusals as errors, each change sent once."""

import json
import logging
import uuid
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import httpx

from stella.client.errors import Refused, ServerUnreachable, StrangeAnswer
from stella.client.operations import Operations
from stella.kernel import Remedy

PREFIX = "/api/v1"
_ATTEMPTS = 3
_PAGE = 200
_LOG = logging.getLogger("stella.client")


class Client:
    """A connection to one server.

    url: without ``/api/v1``. token: empty for what is public. transport: for tests.
    ca_file: PEM of the authority that the server's certificate is from, where it is not public.
    """

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        timeout_s: float = 60,
        ca_file: Path | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(
            base_url=self.url + PREFIX,
            headers={"Accept": "application/json", **headers},
            timeout=timeout_s,
            verify=_trust(ca_file),
            transport=transport,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @cached_property
    def api(self) -> Operations:
        """Every operation of the API as a typed method: ``client.api.get_matrix()``."""
        return Operations(self)

    def close(self) -> None:
        """Close every connection."""
        self._http.close()

    def get(self, path: str, **query: object) -> Any:
        """What is at ``path``, as JSON. Values of None are left out of the query."""
        return _json(self._send("GET", path, query))

    def items(self, path: str, **query: object) -> Iterator[dict[str, Any]]:
        """Every item of a list, page after page, as they are asked for."""
        cursor = None
        while True:
            page = self.get(path, **{"limit": _PAGE, **query, "cursor": cursor})
            yield from page["items"]
            cursor = page.get("next")
            if cursor is None:
                return

    def content(self, path: str, **query: object) -> bytes:
        """The bytes at ``path``."""
        return self._send("GET", path, query).content

    def post(
        self, path: str, body: object = None, *, key: str | None = None, **query: object
    ) -> Any:
        """Ask for something to be done, once. key: the same for the same wish; fresh by default."""
        return _json(self._send("POST", path, query, body, key))

    def put(self, path: str, body: object, *, key: str | None = None) -> Any:
        """Put something at ``path``, in the place of what is there."""
        return _json(self._send("PUT", path, {}, body, key))

    def patch(self, path: str, body: object, *, key: str | None = None) -> Any:
        """Change what is at ``path``."""
        return _json(self._send("PATCH", path, {}, body, key))

    def delete(self, path: str, *, key: str | None = None) -> None:
        """End what is at ``path``."""
        self._send("DELETE", path, {}, None, key)

    def deliver(self, webhook: str, body: bytes, headers: Mapping[str, str]) -> Any:
        """Send a webhook's delivery as it is signed; that needs no token."""
        path = f"/webhooks/{quote(webhook, safe='')}"
        whole = {"Content-Type": "application/json", **headers}
        try:
            answer = self._http.post(path, content=body, headers=whole)
        except httpx.TransportError as error:
            raise self._unreachable(error) from error
        if answer.is_error:
            raise _refused(answer)
        return _json(answer)

    def events(self, after: int | None = None) -> Iterator[tuple[str, dict[str, Any]]]:
        """Events as they come, (name, data), beginning with ``synced``; ends with the connection."""
        query = _query({"after": after})
        try:
            with self._http.stream("GET", "/events", params=query, timeout=None) as answer:
                if answer.is_error:
                    answer.read()
                    raise _refused(answer)
                yield from _events(answer.iter_lines())
        except httpx.TransportError as error:
            raise self._unreachable(error) from error

    def _send(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        body: object = None,
        key: str | None = None,
    ) -> httpx.Response:
        """Send until it was answered: a lost answer is asked for again under the same key."""
        headers = {} if method == "GET" else {"Idempotency-Key": key or uuid.uuid4().hex}
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                answer = self._http.request(
                    method, path, params=_query(query), json=body, headers=headers
                )
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
                if attempt == _ATTEMPTS:
                    raise self._unreachable(error) from error
            except httpx.TransportError as error:
                raise self._unreachable(error) from error
            else:
                if "Stella-Simulated" in answer.headers:
                    _tell_simulated(self.url)
                if answer.is_error:
                    raise _refused(answer)
                return answer
        raise AssertionError("the last attempt returns or raises")

    def _unreachable(self, error: Exception) -> ServerUnreachable:
        return ServerUnreachable(
            f"the server at {self.url} does not answer: {error}",
            remedy=Remedy("See that it runs and can be reached, or set STELLA_URL."),
            url=self.url,
        )


@cache
def _tell_simulated(url: str) -> None:
    """Once for each server. A program that sets up no logging has it on standard error."""
    _LOG.warning("SIMULATED: no real host stands behind %s", url)


def _trust(ca_file: Path | None) -> Any:
    import ssl

    return True if ca_file is None else ssl.create_default_context(cafile=ca_file)


def _query(query: Mapping[str, object]) -> dict[str, str]:
    plain = {True: "true", False: "false"}
    return {
        name: plain[value] if isinstance(value, bool) else str(value)
        for name, value in query.items()
        if value is not None
    }


def _json(answer: httpx.Response) -> Any:
    if answer.status_code == 204 or not answer.content:
        return None
    try:
        return answer.json()
    except ValueError as error:
        raise _strange(answer) from error


def _refused(answer: httpx.Response) -> Refused | StrangeAnswer:
    try:
        return Refused(answer.json(), answer.status_code)
    except (ValueError, KeyError, TypeError, AttributeError):
        return _strange(answer)


def _strange(answer: httpx.Response) -> StrangeAnswer:
    return StrangeAnswer(
        f"{answer.request.url} answered {answer.status_code}, not as a Stella server does",
        remedy=Remedy("Check the address, and that client and server are of the same version."),
        status=answer.status_code,
    )


def _events(lines: Iterator[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    name = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "data":
            yield name, json.loads(value)
