"""The other side, as the agent reaches it: outbound, over TLS, every request signed."""

import json
import secrets
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import httpx

from stella.agent.errors import (
    ControlPlaneRefused,
    ControlPlaneUnreachable,
    LeaseLost,
    UntrustedControlPlane,
)
from stella.agent.state import Identity, StateDirectory, Trust
from stella.kernel import Digest, Now, Remedy, parse_time
from stella.kernel.clock import MalformedTime
from stella.sdk import protocol
from stella.sdk.protocol import MalformedWire, from_wire, to_wire
from stella.trust import (
    BadCertificate,
    certificate_fingerprint,
    read_certificate,
    sign_request,
)

T = TypeVar("T")
_TIMEOUT_S = 20.0
_WHEEL_S = 120
_BYTES = "application/octet-stream"
# Codes of the control plane that mean: somebody else holds the order, or it is over.
_LOST = frozenset({"ST-FLT-007", "ST-FLT-008", "ST-FLT-009"})


class ControlPlane:
    """The control plane that this agent enrolled with. Safe for several threads."""

    def __init__(self, state: StateDirectory, identity: Identity, now: Now) -> None:
        self._state = state
        self._key = state.key()
        self._now = now
        self._former: httpx.Client | None = None
        self._identity = identity
        self._http = self._connect(identity)

    def use(self, identity: Identity) -> None:
        """Speak as ``identity`` from the next request on; one that is under way ends as it began."""
        # A certificate lasts far longer than a request: nobody uses the one before the last.
        if self._former is not None:
            self._former.close()
        self._former, self._identity = self._http, identity
        self._http = self._connect(identity)

    def close(self) -> None:
        """Close every connection."""
        for http in filter(None, (self._former, self._http)):
            http.close()

    def _connect(self, identity: Identity) -> httpx.Client:
        return _client(identity.url, _context(self._state, identity, self._now))

    def post(
        self, path: str, content: object, reply: type[T], *, patience_s: float = 0
    ) -> T | None:
        """Send ``content`` signed; the reply, or None where there is nothing (204).

        Raises ControlPlaneUnreachable, ControlPlaneRefused, LeaseLost.
        """
        answer = self._posted(path, content, patience_s)
        return None if answer.status_code == 204 else _read(answer, reply, self._now)

    def wheel(self, digest: Digest) -> bytes:
        """The wheel of a plugin, unchecked. Raises ControlPlaneUnreachable, ControlPlaneRefused."""
        answer = self._posted(protocol.WHEEL_PATH, protocol.WheelRequest(digest), _WHEEL_S)
        if answer.status_code == 200 and answer.headers.get("content-type") == _BYTES:
            return answer.content[: protocol.WHEEL_BYTES_MAX]
        _read(answer, protocol.ResultReply, self._now)  # raises what it says
        return b""

    def _posted(self, path: str, content: object, patience_s: float) -> httpx.Response:
        body = json.dumps(to_wire(content)).encode()
        headers = {
            protocol.AGENT_HEADER: self._identity.agent,
            "Content-Type": "application/json",
            **sign_request(
                self._key,
                method="POST",
                path=path,
                body=body,
                now=self._now(),
                nonce=secrets.token_urlsafe(18),
            ),
        }
        timeout = httpx.Timeout(_TIMEOUT_S, read=_TIMEOUT_S + patience_s)
        return _sent(lambda: self._http.post(path, content=body, headers=headers, timeout=timeout))


def ask_for_certificate(
    url: str, *, token: str, csr: bytes, fingerprint: str | None, now: Now
) -> tuple[protocol.CertificateReply, Trust]:
    """Enrol at ``url``, by the authority that ``fingerprint`` names, or whom the machine trusts.

    The token goes to nobody else. Raises ControlPlaneUnreachable, UntrustedControlPlane,
    ControlPlaneRefused.
    """
    if not url.startswith("https://"):
        raise UntrustedControlPlane(
            f"{url} is not reached by https", remedy=Remedy("Give the address with https://.")
        )
    authority = None if fingerprint is None else _authority(url, fingerprint, now)
    context = ssl.create_default_context(cadata=authority)  # None: whom the machine trusts
    trust = Trust.SYSTEM if authority is None else Trust.OWN
    body = json.dumps(to_wire(protocol.EnrollRequest(token, csr.decode()))).encode()
    with _client(url, context) as client:
        answer = _sent(lambda: client.post(protocol.ENROLL_PATH, content=body))
        return _read(answer, protocol.CertificateReply, now), trust


def _authority(url: str, fingerprint: str, now: Now) -> str:
    """The authority's certificate, from whoever answers, held against the fingerprint."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # what comes is checked by its hash, and nothing is sent
    with _client(url, context) as client:
        answer = _sent(lambda: client.get(protocol.CA_PATH))
        ca = _read(answer, protocol.AuthorityReply, now).ca
    try:
        read_certificate(ca.encode())
        found = certificate_fingerprint(ca.encode())
    except (BadCertificate, ValueError):
        found = "no certificate"
    wanted = fingerprint.replace(":", "").strip().lower()
    if not secrets.compare_digest(found, wanted):
        raise UntrustedControlPlane(
            f"who answers at {url} has the fingerprint {found}, not {wanted}",
            remedy=Remedy("Copy the enrol command again from the console; ask who is in between."),
            found=found,
        )
    return ca


def _context(state: StateDirectory, identity: Identity, now: Now) -> ssl.SSLContext:
    if identity.trust is Trust.OWN:
        context = ssl.create_default_context(cafile=str(state.root / "ca.pem"))
    else:
        context = ssl.create_default_context()
    # One that has ended would break the handshake; without it the renewal still goes through.
    if read_certificate(state.certificate()).not_after > now():
        context.load_cert_chain(state.root / "agent.crt", state.root / "agent.key")
    return context


def _client(url: str, context: ssl.SSLContext) -> httpx.Client:
    return httpx.Client(base_url=url, verify=context, timeout=_TIMEOUT_S)


def _sent(send: Callable[[], httpx.Response]) -> httpx.Response:
    try:
        return send()
    except (httpx.HTTPError, ssl.SSLError, OSError) as error:
        raise ControlPlaneUnreachable(
            f"the control plane does not answer: {error}",
            remedy=Remedy("See that it runs and that this host reaches it."),
        ) from error


def _read(answer: httpx.Response, reply: type[T], now: Now) -> T:
    try:
        content: Any = answer.json()
        if answer.status_code == 200:
            return from_wire(reply, content)
        code, title = str(content["code"]), str(content["title"])
        advice = str(content["remedy"]["advice"])
    except (ValueError, KeyError, TypeError, MalformedWire) as error:
        raise ControlPlaneUnreachable(
            f"what answers is no control plane of ours (status {answer.status_code})",
            remedy=Remedy("See that the URL is the one for agents."),
        ) from error
    kind = LeaseLost if code in _LOST else ControlPlaneRefused
    raise kind(
        f"{title}{_skew(answer, code, now)}",
        remedy=Remedy(advice),
        code=code,
        status=answer.status_code,
    )


def _skew(answer: httpx.Response, code: str, now: Now) -> str:
    """How far this host's clock is off, where a request was refused for its signature."""
    if code != "ST-TRU-006":
        return ""
    try:
        off_s = int((now() - parse_time(answer.headers[protocol.TIME_HEADER])).total_seconds())
    except (KeyError, MalformedTime):
        return ""
    return f" (this host's clock is {off_s:+} s off the control plane's)" if abs(off_s) > 5 else ""
