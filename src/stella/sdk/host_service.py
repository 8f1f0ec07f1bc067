"""One service as a target connector asks it, by the host that its agent hands to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from stella.kernel import Json
from stella.plugin.contract.target import AwsSigning, Host, HostRequest, HostResponse
from stella.plugin.refusals import ServiceUnreachable
from stella.sdk.http import BUSY, retry_after

_WAITS_S = (0.2, 0.5, 1.0, 2.0, 5.0)
_SERVER_ERROR = 500
_QUICK_S = 5


@dataclass(frozen=True, slots=True)
class HostService:
    """Where it is and how it is asked, as in ``HostRequest``.

    patience_s: how long what changes nothing is asked again, of a service that gives no usable answer;
    what wants to be left alone (429 and its like) is asked again in any case. timeout_s: for one
    exchange at most, whatever is asked for.
    """

    host: Host
    endpoint: str
    headers: Mapping[str, str] = field(default_factory=dict)
    ca: str | None = None
    plain_http: bool = False
    signing: AwsSigning | None = None
    patience_s: float = 60.0
    timeout_s: int = 120

    def ask(
        self,
        method: str,
        path: str,
        content: bytes = b"",
        *,
        headers: Mapping[str, str] | None = None,
        timeout_s: int = 30,
        changes: bool = False,
    ) -> HostResponse:
        """What it answers. changes: it is asked once, but where it says itself that it did nothing.

        Raises what ``Host.send`` raises; ServiceUnreachable also where it stays busy or broken.
        """
        request = HostRequest(
            method,
            self.endpoint,
            path,
            {**self.headers, **(headers or {})},
            content,
            self.ca,
            self.plain_http,
            self.signing,
            min(timeout_s, self.timeout_s),
            4 * 1024 * 1024,
        )
        waited_s, attempt = 0.0, 0
        while True:
            wait_s = _WAITS_S[min(attempt, len(_WAITS_S) - 1)]
            is_last = waited_s + wait_s > self.patience_s
            try:
                answer = self.host.send(request)
            except ServiceUnreachable:
                if changes or is_last:
                    raise
            else:
                if answer.status in BUSY:
                    wait_s = max(wait_s, min(float(retry_after(answer.headers) or 0), 30.0))
                elif answer.status < _SERVER_ERROR or changes:
                    return answer
                if is_last:
                    return answer
            self.host.wait(wait_s)
            waited_s += wait_s
            attempt += 1

    def quick(self) -> "HostService":
        """The same for who only looks, as with each heartbeat, which must not wait for a service."""
        return replace(self, patience_s=0.0, timeout_s=_QUICK_S)


def json_of(answer: HostResponse) -> Json:
    """The JSON of an answer; None where it is none."""
    try:
        read: Json = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    return read
