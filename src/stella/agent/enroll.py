"""How this program becomes an agent, and how it stays one: its certificate is renewed in time."""

import logging
from datetime import datetime

from stella.agent.control_plane import ControlPlane, ask_for_certificate
from stella.agent.state import Identity, StateDirectory, Trust
from stella.kernel import Now
from stella.sdk import protocol
from stella.sdk.protocol import CertificateReply
from stella.trust import make_csr, read_certificate

_LOG = logging.getLogger("stella.agent")
# A third of its life is left: time enough to be away for some hours.
_RENEW_AT = 2 / 3


def enroll_here(
    state: StateDirectory, *, url: str, token: str, fingerprint: str | None, name: str, now: Now
) -> Identity:
    """Enrol at ``url`` and keep what it takes. fingerprint: SHA-256 of the authority, 64 hex digits;

    None where the machine itself trusts who answers. Tried again after a lost answer it goes on
    with the same key. Raises AlreadyEnrolled, ControlPlaneUnreachable, ControlPlaneRefused,
    UntrustedControlPlane, StateUnusable.
    """
    state.create()
    with state.locked():
        key = state.new_key()
        csr = make_csr(key, name)
        url = url.rstrip("/")
        reply, trust = ask_for_certificate(
            url, token=token, csr=csr, fingerprint=fingerprint, now=now
        )
        return _keep(state, reply, url=url, trust=trust, name=name)


def renew_where_due(
    state: StateDirectory, identity: Identity, plane: ControlPlane, now: datetime
) -> Identity | None:
    """A new certificate where the present one nears its end; None where it does not."""
    view = read_certificate(state.certificate())
    if now < view.not_before + (view.not_after - view.not_before) * _RENEW_AT:
        return None
    csr = make_csr(state.key(), identity.name).decode()
    reply = plane.post(
        protocol.CERTIFICATE_PATH, protocol.CertificateRequest(csr), CertificateReply
    )
    assert reply is not None, "a certificate is an answer"
    _LOG.info("the certificate was renewed")
    return _keep(state, reply, url=identity.url, trust=identity.trust, name=identity.name)


def _keep(
    state: StateDirectory, reply: CertificateReply, *, url: str, trust: Trust, name: str
) -> Identity:
    identity = Identity(
        agent=reply.agent,
        name=name,
        url=url,
        trust=trust,
        order_keys=reply.order_keys,
        heartbeat_s=reply.heartbeat_s,
    )
    state.keep_identity(identity, reply.certificate.encode(), reply.ca.encode())
    return identity
