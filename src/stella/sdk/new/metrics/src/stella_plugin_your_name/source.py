"""A source of metrics that is spoken to by HTTP; README.md says how the service answers.

Replace the paths and ``_sample`` by what your service has. ``ServiceClient`` stays: it opens every
socket by ``connection.connect``, bounds each answer, and makes refusals that tell nothing.
"""

import math
from datetime import datetime
from urllib.parse import urlencode

from stella.sdk import BadQuery, Connection, Json, Remedy, Sample, parse_time, time_text
from stella.sdk.service_client import ServiceClient

_EXPRESSION_MAX = 10_000


class HttpMetrics:
    """``stella.sdk.MetricSource``. Opened once for a connection, called by several threads at once."""

    def __init__(self, connection: Connection) -> None:
        self._client = ServiceClient(connection, "Your title")

    def close(self) -> None:
        """Called where it is not needed any more."""
        self._client.close()

    def query(self, expression: str, at: datetime) -> tuple[Sample, ...]:
        """What was measured; what is no number is left out, and nothing is no zero."""
        if not 0 < len(expression) <= _EXPRESSION_MAX:
            raise _bad("it is empty, or too long")
        asked = urlencode({"expression": expression, "at": time_text(at)})
        url = self._client.url(f"v1/query?{asked}")
        reply = self._client.ask("GET", url, self._headers())
        if reply.status == 400:
            raise _bad("the service does not understand it")
        self._client.refuse(reply, "the answer to a query")
        answer = self._client.parsed(reply)
        listed = answer.get("samples") if isinstance(answer, dict) else None
        if not isinstance(listed, list):
            raise self._client.unreachable("its answer has no samples")
        found = [self._sample(one) for one in listed]
        return tuple(one for one in found if math.isfinite(float(one.value)))

    def check(self) -> str:
        """Its version."""
        answer = self._client.json("GET", "v1/version", self._headers(), what="its version")
        version = answer.get("version") if isinstance(answer, dict) else None
        if not isinstance(version, str) or not version.isprintable() or not version:
            raise self._client.unreachable("its answer has no version")
        return f"version {version[:100]}"

    def _sample(self, one: Json) -> Sample:
        try:
            assert isinstance(one, dict)
            labels = one["labels"]
            assert isinstance(labels, dict)
            float(str(one["value"]))
            return Sample(
                str(one["value"]),
                parse_time(str(one["at"])),
                {str(name): str(text) for name, text in labels.items()},
            )
        except (AssertionError, KeyError, ValueError):
            pass
        raise self._client.unreachable("a sample of its answer is none")

    def _headers(self) -> dict[str, str]:
        token = self._client.optional_credential("token")
        return {} if token is None else {"Authorization": f"Bearer {token}"}


def _bad(why: str) -> BadQuery:
    return BadQuery(
        f"the expression cannot be used: {why}", remedy=Remedy("Try it in the service itself.")
    )
