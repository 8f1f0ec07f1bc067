"""The agents' listener: outbound from the hosts, mTLS, each request signed as well."""

import json
import logging
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import uvicorn
from anyio import to_thread
from fastapi import FastAPI, Request, Response

from stella.api.agent_requests import PEER, PeerProtocol, match_peer, read_body, read_json
from stella.api.http_server import SILENT, HttpServer
from stella.api.order_board import OrderBoard
from stella.fleet import (
    Agent,
    append_log,
    authenticate,
    enroll,
    find_agent,
    finish_order,
    heartbeat,
    record_refused_enrolment,
    renew_certificate,
    renew_lease,
    take_order,
)
from stella.fleet.errors import ListenerPortTaken
from stella.fleet.lifecycle import AgentState
from stella.fleet.model import Enrolled, Taken
from stella.kernel import Digest, Remedy, StellaError, time_text
from stella.plugin.refusals import UnknownPlugin
from stella.plugin.store import installed_wheel
from stella.record import Database, Tx
from stella.sdk import protocol
from stella.sdk.protocol import from_wire, to_wire
from stella.trust import Authority, PublicKey, issue_server_certificate, new_signer, seal_once

T = TypeVar("T")
_SERVER_DAYS = 398
_REFUSALS_A_MINUTE_MAX = 60
_log = logging.getLogger("stella.agents")


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """How agents are listened for.

    proxy_terminates_tls: something in front ends the TLS, so no client certificate reaches us;
        the requests' own signatures then stand alone. Otherwise both are asked for.
    long_poll_s: how long a request for an order may wait at most.
    """

    proxy_terminates_tls: bool = False
    certificate_hours: int = 24
    heartbeat_s: int = 30
    lease_s: int = 60
    long_poll_s: float = 25


def _no_wheel(digest: Digest) -> bytes:
    raise UnknownPlugin(
        f"there is no wheel {digest.text}", remedy=Remedy("Install the plugin again.")
    )


AskSecrets = Callable[
    [Tx, Agent, str, protocol.SecretsRequest], Callable[[], protocol.SecretsReply]
]
"""Who asks may, in a transaction; what is given back reads the secrets, after it."""


def no_secrets(
    _tx: Tx, _agent: Agent, order: str, wanted: protocol.SecretsRequest
) -> Callable[[], protocol.SecretsReply]:
    """Of a control plane without secret stores: hosts use what they have themselves."""
    content = json.dumps(to_wire(protocol.GivenSecrets())).encode()
    about = protocol.about_secrets(order, wanted.fence)
    return lambda: protocol.SecretsReply(seal_once(wanted.key, content, about))


@dataclass(frozen=True, slots=True)
class AgentServices:
    """What the listener works with. order_keys: of those who sign orders; agents trust them.

    wheel: an installed plugin's bytes, by digest. secrets: what an order needs of secret stores.
    """

    database: Database
    authority: Authority
    order_keys: tuple[PublicKey, ...]
    settings: AgentSettings = AgentSettings()
    wheel: Callable[[Digest], bytes] = _no_wheel
    secrets: AskSecrets = no_secrets


def agent_app(services: AgentServices) -> FastAPI:
    """The application behind the listener; ``serve_agents`` puts TLS around it."""
    door = _Door(services)
    app = FastAPI(
        title="Stella Ops agents",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        telemetry=SILENT,
    )
    app.state.board = door.board
    app.add_exception_handler(StellaError, door.refuse)
    app.add_api_route(protocol.CA_PATH, door.ca, methods=["GET"])
    app.add_api_route(protocol.ENROLL_PATH, door.enroll, methods=["POST"])
    app.add_api_route(protocol.CERTIFICATE_PATH, door.certificate, methods=["POST"])
    app.add_api_route(protocol.HEARTBEAT_PATH, door.heartbeat, methods=["POST"])
    app.add_api_route(protocol.NEXT_PATH, door.next, methods=["POST"])
    app.add_api_route(protocol.WHEEL_PATH, door.wheel, methods=["POST"])
    app.add_api_route("/agent/v1/orders/{order}/renew", door.renew, methods=["POST"])
    app.add_api_route("/agent/v1/orders/{order}/secrets", door.secrets, methods=["POST"])
    app.add_api_route("/agent/v1/orders/{order}/log", door.log, methods=["POST"])
    app.add_api_route("/agent/v1/orders/{order}/result", door.result, methods=["POST"])
    return app


class _Door:
    """One method a route: reads the request, does one use case in one transaction, answers."""

    def __init__(self, services: AgentServices) -> None:
        self._services = services
        self._database = services.database
        self._settings = services.settings
        self.board = OrderBoard(services.database)
        self._refusals: deque[datetime] = deque()
        self._refusals_lock = threading.Lock()

    async def refuse(self, _: Request, error: Exception) -> Response:
        assert isinstance(error, StellaError)
        return self._answer(error.problem(), error.status, "application/problem+json")

    async def ca(self) -> Response:
        ca = self._services.authority.certificate.decode()
        return self._answer(to_wire(protocol.AuthorityReply(ca)))

    async def enroll(self, request: Request) -> Response:
        wanted = from_wire(protocol.EnrollRequest, read_json(await read_body(request)))
        peer = request.client.host if request.client else ""

        def work() -> Enrolled:
            try:
                with self._database.transaction(actor="system") as tx:
                    hours = self._settings.certificate_hours
                    csr = wanted.csr.encode()
                    return enroll(tx, self._services.authority, wanted.token, csr, hours=hours)
            except StellaError as refusal:
                self._record(refusal, peer)
                raise

        return self._certified(await to_thread.run_sync(work))

    def _record(self, refusal: StellaError, peer: str) -> None:
        """Keep that somebody was refused; not without end, for anybody may try."""
        now = self._database.now()
        with self._refusals_lock:
            while self._refusals and self._refusals[0] < now - timedelta(minutes=1):
                self._refusals.popleft()
            if len(self._refusals) >= _REFUSALS_A_MINUTE_MAX:
                _log.warning("one more enrolment from %s was refused: %s", peer, refusal.code)
                return
            self._refusals.append(now)
        with self._database.transaction(actor="system") as tx:
            record_refused_enrolment(tx, refusal, peer)

    async def certificate(self, request: Request) -> Response:
        """Without a client certificate too: one that has ended cannot be shown, and the signature
        proves the same key.
        """

        def work(tx: Tx, agent: Agent, wanted: protocol.CertificateRequest) -> Enrolled:
            hours = self._settings.certificate_hours
            return renew_certificate(
                tx, self._services.authority, agent, wanted.csr.encode(), hours=hours
            )

        return self._certified(
            await self._signed(request, protocol.CertificateRequest, work, wants_peer=False)
        )

    async def heartbeat(self, request: Request) -> Response:
        def work(tx: Tx, agent: Agent, report: protocol.AgentReport) -> protocol.HeartbeatReply:
            heartbeat(tx, agent, report)
            return protocol.HeartbeatReply(tx.now, self._settings.heartbeat_s)

        return self._answer(to_wire(await self._signed(request, protocol.AgentReport, work)))

    async def next(self, request: Request) -> Response:
        waits: list[tuple[str, int]] = []

        def work(tx: Tx, agent: Agent, wanted: protocol.NextRequest) -> Taken | None:
            waits.append((agent.id, wanted.wait_s))
            return take_order(tx, agent, lease_s=self._settings.lease_s)

        taken = await self._signed(request, protocol.NextRequest, work)
        ((agent_id, wait_s),) = waits
        if taken is None and wait_s > 0:
            await self.board.wait(agent_id, min(wait_s, self._settings.long_poll_s))
            if await request.is_disconnected():
                return Response(status_code=204)
            taken = await to_thread.run_sync(self._take, agent_id)
        if taken is None:
            return Response(status_code=204)
        reply = protocol.NextReply(
            taken.order, taken.bundle.decode(), taken.fence, self._settings.lease_s
        )
        return self._answer(to_wire(reply))

    async def wheel(self, request: Request) -> Response:
        def work(tx: Tx, agent: Agent, wanted: protocol.WheelRequest) -> bytes:
            del agent  # every agent may have what any order may name; nothing in it is secret
            return self._services.wheel(installed_wheel(tx, wanted.wheel))

        content = await self._signed(request, protocol.WheelRequest, work)
        headers = {protocol.TIME_HEADER: time_text(self._database.now())}
        return Response(content, 200, headers, "application/octet-stream")

    async def renew(self, request: Request, order: str) -> Response:
        def work(tx: Tx, agent: Agent, wanted: protocol.RenewRequest) -> protocol.RenewReply:
            lease_s = self._settings.lease_s
            return protocol.RenewReply(renew_lease(tx, agent, order, wanted.fence, lease_s=lease_s))

        return self._answer(to_wire(await self._signed(request, protocol.RenewRequest, work)))

    async def secrets(self, request: Request, order: str) -> Response:
        def work(
            tx: Tx, agent: Agent, wanted: protocol.SecretsRequest
        ) -> Callable[[], protocol.SecretsReply]:
            return self._services.secrets(tx, agent, order, wanted)

        read = await self._signed(request, protocol.SecretsRequest, work)
        return self._answer(to_wire(await to_thread.run_sync(read)))

    async def log(self, request: Request, order: str) -> Response:
        def work(tx: Tx, agent: Agent, sent: protocol.LogRequest) -> protocol.LogReply:
            lines = [(one.at, one.line) for one in sent.lines]
            return protocol.LogReply(
                append_log(tx, agent, order, sent.fence, seq=sent.seq, lines=lines)
            )

        return self._answer(to_wire(await self._signed(request, protocol.LogRequest, work)))

    async def result(self, request: Request, order: str) -> Response:
        def work(tx: Tx, agent: Agent, said: protocol.ResultRequest) -> protocol.ResultReply:
            ended = finish_order(tx, agent, order, said.fence, said.result)
            return protocol.ResultReply(ended.state.value)

        return self._answer(to_wire(await self._signed(request, protocol.ResultRequest, work)))

    async def _signed(
        self,
        request: Request,
        kind: type[Any],
        work: Callable[[Tx, Agent, Any], T],
        *,
        wants_peer: bool = True,
    ) -> T:
        """``work`` for the agent that signed the request, in the transaction that spends it."""
        body = await read_body(request)
        headers, path = dict(request.headers), request.url.path
        peer: bytes | None = request.scope.get("state", {}).get(PEER)
        wanted = from_wire(kind, read_json(body))

        def all_of_it() -> T:
            claimed = headers.get(protocol.AGENT_HEADER.lower(), "nobody")[:80]
            with self._database.transaction(actor=claimed) as tx:
                agent = authenticate(tx, headers, method=request.method, path=path, body=body)
                if wants_peer and not self._settings.proxy_terminates_tls:
                    match_peer(agent, peer)
                return work(tx, agent, wanted)

        return await to_thread.run_sync(all_of_it)

    def _take(self, agent_id: str) -> Taken | None:
        with self._database.transaction(actor=agent_id) as tx:
            agent = find_agent(tx, agent_id)
            if agent.state is AgentState.REVOKED:
                return None
            return take_order(tx, agent, lease_s=self._settings.lease_s)

    def _certified(self, enrolled: Enrolled) -> Response:
        reply = protocol.CertificateReply(
            agent=enrolled.agent_id,
            certificate=enrolled.certificate.decode(),
            ca=enrolled.ca.decode(),
            order_keys=tuple(key.pem.decode() for key in self._services.order_keys),
            heartbeat_s=self._settings.heartbeat_s,
        )
        return self._answer(to_wire(reply))

    def _answer(
        self, content: object, status: int = 200, media_type: str = "application/json"
    ) -> Response:
        headers = {protocol.TIME_HEADER: time_text(self._database.now())}
        return Response(json.dumps(content), status, headers, media_type)


class AgentServer:
    """The listener in a thread of its own. ``port`` is the one it has."""

    def __init__(self, server: HttpServer, board: OrderBoard, listening: socket.socket) -> None:
        self._board = board
        self.port: int = listening.getsockname()[1]
        self._server = server
        self._socket = listening
        self._thread = threading.Thread(
            target=server.run, kwargs={"sockets": [listening]}, name="agents", daemon=True
        )

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def stop(self) -> None:
        """End it; requests that wait for an order are let go."""
        self._server.end()
        self._board.close()
        self._thread.join(15)
        self._socket.close()


def serve_agents(
    services: AgentServices, *, host: str, port: int, names: tuple[str, ...], directory: Path
) -> AgentServer:
    """Listen for agents. names: by which hosts reach us, put into the server's certificate.

    directory: of the listener's key and certificate (0700), both made anew at each start.
    Raises ListenerPortTaken.
    """
    listening = _listen(host, port)
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    app = agent_app(services)
    config = uvicorn.Config(
        app,
        http=PeerProtocol,
        ws="none",
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=3,
        timeout_keep_alive=75,
        server_header=False,
        **({} if services.settings.proxy_terminates_tls else _tls(services, names, directory)),
    )
    config.load()  # here, not in the thread: what is wrong with it is the caller's to know
    server = AgentServer(HttpServer(config), app.state.board, listening)
    server.start()
    return server


def _tls(services: AgentServices, names: tuple[str, ...], directory: Path) -> dict[str, Any]:
    key, authority = new_signer(), services.authority
    certificate = issue_server_certificate(
        authority, key.public, names, now=services.database.now(), days=_SERVER_DAYS
    )
    paths = {name: directory / name for name in ("agents.key", "agents.crt", "agents-ca.crt")}
    paths["agents.key"].touch(mode=0o600)
    paths["agents.key"].write_bytes(key.pem())
    paths["agents.crt"].write_bytes(certificate + authority.certificate)
    paths["agents-ca.crt"].write_bytes(authority.certificate)
    return {
        "ssl_keyfile": str(paths["agents.key"]),
        "ssl_certfile": str(paths["agents.crt"]),
        "ssl_ca_certs": str(paths["agents-ca.crt"]),
        # Asked for, not insisted on: who enrols has none yet. Each route decides.
        "ssl_cert_reqs": ssl.CERT_OPTIONAL,
    }


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Accepted connections inherit it. Without it each answer waits 40 ms for an acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise ListenerPortTaken(
            f"agents cannot be listened for on {host}:{port}: {error.strerror}",
            remedy=Remedy("Choose another port for agents, or stop what has it."),
            host=host,
            port=port,
        ) from error
    return listening


def enrol_command(url: str, token: str, authority: Authority) -> str:
    """The line to copy to the host that is to be enrolled."""
    return (
        f"stella agent enroll --url {url} --token {token} --ca-fingerprint {authority.fingerprint}"
    )


__all__ = [
    "AgentServer",
    "AgentServices",
    "AgentSettings",
    "agent_app",
    "enrol_command",
    "serve_agents",
]
