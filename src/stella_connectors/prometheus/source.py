"""Instant queries by Prometheus' HTTP API (``/api/v1/query``), in PromQL."""

import base64
import math
from datetime import UTC, datetime
from urllib.parse import urlencode

from stella.sdk import BadQuery, Connection, Json, Remedy, Sample
from stella.sdk.service_client import Reply, ServiceClient

_EXPRESSION_MAX = 8000  # what stands in a URL
_ANSWER_BYTES_MAX = 8 * 1024 * 1024
_SAMPLES_MAX = 10_000
_CANNOT = frozenset({400, 422})


class PrometheusSource:
    """``stella.sdk.MetricSource``."""

    def __init__(self, connection: Connection) -> None:
        is_plain = connection.config.get("plain_http") is True
        self._client = ServiceClient(connection, "Prometheus", may_be_plain=is_plain)

    def close(self) -> None:
        """Close every connection."""
        self._client.close()

    def query(self, expression: str, at: datetime) -> tuple[Sample, ...]:
        """An instant vector or a scalar, in the order in which it comes."""
        if not 0 < len(expression) <= _EXPRESSION_MAX:
            raise _bad(f"it has not 1 to {_EXPRESSION_MAX} characters")
        asked = urlencode({"query": expression, "time": f"{at.timestamp():.3f}"})
        reply = self._ask(f"api/v1/query?{asked}")
        if reply.status in _CANNOT:
            raise _bad(str(reply.object.get("error") or "it is no PromQL")[:300])
        self._client.refuse(reply, "the answer to a query")
        answer = self._client.parsed(reply)
        data = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(answer, dict) or not isinstance(data, dict):
            raise self._client.unreachable("its answer is none of its API")
        if answer.get("warnings"):
            raise self._client.unreachable("its answer is only a part")
        return self._samples(data.get("resultType"), data.get("result"))

    def check(self) -> str:
        """Its version."""
        reply = self._ask("api/v1/status/buildinfo")
        self._client.refuse(reply, "its version")
        data = reply.object.get("data")
        version = data.get("version") if isinstance(data, dict) else None
        if not isinstance(version, str) or not version.isprintable() or not version:
            raise self._client.unreachable("its answer has no version")
        return f"Prometheus {version[:60]}"

    def _samples(self, kind: object, result: Json) -> tuple[Sample, ...]:
        if kind in {"matrix", "string"}:
            raise _bad(f"it gives a {kind}, no value at one time")
        if not isinstance(result, list) or kind not in {"vector", "scalar"}:
            raise self._client.unreachable("its answer has no result")
        if len(result) > _SAMPLES_MAX:
            raise _bad(f"it gives more than {_SAMPLES_MAX} values")
        if kind == "scalar":
            result = [{"metric": {}, "value": result}]
        found = [self._sample(one) for one in result]
        return tuple(one for one in found if math.isfinite(float(one.value)))

    def _sample(self, one: Json) -> Sample:
        match one:
            case {"metric": dict(labels), "value": [int() | float() as at, str(value)]}:
                try:
                    float(value)
                    taken = datetime.fromtimestamp(at, UTC)
                except (ValueError, OverflowError, OSError):
                    pass
                else:
                    named = {str(name): str(text) for name, text in labels.items()}
                    return Sample(value, taken, named)
        raise self._client.unreachable("a value of its answer is none")

    def _ask(self, path: str) -> Reply:
        url = self._client.url(path)
        return self._client.ask("GET", url, self._headers(), bytes_max=_ANSWER_BYTES_MAX)

    def _headers(self) -> dict[str, str]:
        token = self._client.optional_credential("token")
        if token is not None:
            return {"Authorization": f"Bearer {token}"}
        password = self._client.optional_credential("password")
        if password is None:
            return {}
        user = self._client.optional_credential("username") or ""
        pair = base64.b64encode(f"{user}:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}


def _bad(why: str) -> BadQuery:
    told = "".join(one if one.isprintable() else " " for one in why)
    return BadQuery(
        f"the expression cannot be used: {told}",
        remedy=Remedy("Try it in the expression browser of Prometheus."),
    )
