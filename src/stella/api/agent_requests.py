"""What the agents' listener makes of a request before any use case: bytes, JSON, certificate."""

import json
import re
import ssl

from fastapi import Request

from stella.api.bounded_http import BoundedHttp
from stella.fleet import Agent, NotAnAgent
from stella.fleet.errors import ReportTooLarge
from stella.kernel import Remedy
from stella.sdk import protocol
from stella.trust import public_key

PEER = "stella_peer_certificate"
"""Where the connection leaves the client's certificate (DER), in the ASGI scope's state."""

_HALF_PAIR = re.compile(rb"\\u[dD][89a-fA-F]")


async def read_body(request: Request) -> bytes:
    """The body, unless it is larger than anything an agent sends."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > protocol.BODY_BYTES_MAX:
            raise ReportTooLarge(
                f"a request of more than {protocol.BODY_BYTES_MAX} bytes",
                remedy=Remedy("Send less at once."),
            )
    return bytes(body)


def read_json(body: bytes) -> object:
    """The body as JSON that can be kept. Raises MalformedWire."""
    try:
        read: object = json.loads(body)
        if _HALF_PAIR.search(body):
            json.dumps(read, ensure_ascii=False).encode()  # half a pair is no text that is kept
    except (ValueError, RecursionError) as error:
        raise protocol.MalformedWire(
            "the request is no JSON", remedy=Remedy("Send what an agent sends.")
        ) from error
    return read


def match_peer(agent: Agent, peer: bytes | None) -> None:
    """The connection is the agent's own: its certificate names it and holds its key."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    remedy = Remedy("Connect with the certificate of this agent.", "stella agent run")
    if peer is None:
        raise NotAnAgent("the connection shows no client certificate", remedy=remedy)
    certificate = x509.load_der_x509_certificate(peer)
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    is_same_key = public_key(certificate.public_key()).key_id == agent.key.key_id
    if [name.value for name in names] != [agent.id] or not is_same_key:
        raise NotAnAgent(f"the connection's certificate is not {agent.id}'s", remedy=remedy)


class PeerProtocol(BoundedHttp):
    """Shows the application the client certificate that the TLS handshake has checked."""

    def on_message_begin(self) -> None:
        """The certificate goes with each request of the connection."""
        super().on_message_begin()
        ending: ssl.SSLObject | None = self.transport.get_extra_info("ssl_object")
        peer = ending.getpeercert(binary_form=True) if ending is not None else None
        self.scope["state"][PEER] = peer
