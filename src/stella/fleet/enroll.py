"""How a host's program becomes an agent: by a token that works once, for a key of its own."""

import hashlib
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from stella.fleet.errors import AgentNameTaken, EnrolmentTokenRefused, UnusableName
from stella.fleet.facts import (
    AgentCertificateRenewed,
    AgentEnrolled,
    EnrolmentRefused,
    EnrolmentTokenMade,
)
from stella.fleet.lifecycle import AGENT, AgentState
from stella.fleet.model import Agent, Enrolled, EnrolmentToken
from stella.fleet.store import agent, agent_token, change_agent, find_agent, find_agent_by_name
from stella.kernel import Remedy, StellaError, time_text
from stella.record import Tx
from stella.trust import (
    Authority,
    BadCertificate,
    CertificateView,
    issue_certificate,
    read_certificate,
)

TOKEN_PREFIX = "ste_"
CERTIFICATE_HOURS = 24
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}\Z")
_TOKEN_HOURS_MAX = 24 * 30


def make_token(tx: Tx, name: str, *, secret: str, hours: int = 24) -> EnrolmentToken:
    """A token that enrols one agent called ``name``. secret: 32 or more random characters.

    Raises UnusableName, and AgentNameTaken where an agent of that name is enrolled.
    """
    assert len(secret) >= 32, len(secret)
    if not _NAME.match(name):
        raise UnusableName(
            f"an agent cannot be called {name[:60]!r}",
            remedy=Remedy("Use small letters, digits, dots and dashes; 63 at most."),
        )
    _refuse_taken(tx, name)
    token = TOKEN_PREFIX + secret
    expires_at = tx.now + timedelta(hours=min(hours, _TOKEN_HOURS_MAX))
    tx.connection.execute(
        agent_token.insert(),
        {
            "hash": _hash(token),
            "tenant": tx.tenant,
            "name": name,
            "expires_at": time_text(expires_at),
        },
    )
    tx.add(EnrolmentTokenMade(name, expires_at))
    return EnrolmentToken(name, token, expires_at)


def enroll(
    tx: Tx, authority: Authority, token: str, csr: bytes, *, hours: int = CERTIFICATE_HOURS
) -> Enrolled:
    """A certificate for the key in ``csr``, good for ``hours``; the token is used up by it.

    The same key may show the same token again: its first answer may have been lost on the way.
    Raises EnrolmentTokenRefused, AgentNameTaken, BadCertificate.
    """
    query = select(agent_token).where(agent_token.c.hash == _hash(token))
    row = tx.row(query.with_for_update())
    if row is None or row["tenant"] != tx.tenant or row["expires_at"] <= time_text(tx.now):
        raise _token_refused("the token is unknown or too old")
    agent_id = row["agent"] or tx.new_id("agt")
    certificate = issue_certificate(authority, csr, subject=agent_id, now=tx.now, hours=hours)
    view = read_certificate(certificate)
    if row["agent"] is None:
        _store_new(tx, row, agent_id, view)
    else:
        known = find_agent(tx, agent_id)
        if known.state is AgentState.REVOKED or known.key.key_id != view.key.key_id:
            raise _token_refused("the token was used before, by another key")
        change_agent(tx, agent_id, certificate_expires_at=time_text(view.not_after))
    return Enrolled(agent_id, certificate, authority.certificate)


def renew_certificate(
    tx: Tx, authority: Authority, known: Agent, csr: bytes, *, hours: int = CERTIFICATE_HOURS
) -> Enrolled:
    """A new certificate for the same key. Raises BadCertificate, also for another key."""
    certificate = issue_certificate(authority, csr, subject=known.id, now=tx.now, hours=hours)
    view = read_certificate(certificate)
    if view.key.key_id != known.key.key_id:
        raise BadCertificate(
            "a certificate is renewed for the key that the agent enrolled with, and no other",
            remedy=Remedy("Revoke the agent and enrol it again.", "stella agent revoke NAME"),
            agent=known.id,
        )
    change_agent(tx, known.id, certificate_expires_at=time_text(view.not_after))
    tx.add(AgentCertificateRenewed(known.id, known.name, view.key.key_id, view.not_after))
    return Enrolled(known.id, certificate, authority.certificate)


def record_refused_enrolment(tx: Tx, refusal: StellaError, peer: str) -> None:
    """Leave a fact about an enrolment that was refused, in a transaction of its own."""
    tx.add(EnrolmentRefused("enrolment", refusal.code, peer))


def _store_new(tx: Tx, token: Mapping[Any, Any], agent_id: str, view: CertificateView) -> None:
    _refuse_taken(tx, token["name"])
    tx.connection.execute(
        agent_token.update().where(agent_token.c.hash == token["hash"]), {"agent": agent_id}
    )
    tx.connection.execute(
        agent.insert(),
        {
            "id": agent_id,
            "tenant": tx.tenant,
            "name": token["name"],
            "key": view.key.pem.decode(),
            "key_id": view.key.key_id,
            "state": AGENT.start.value,
            "enrolled_at": time_text(tx.now),
            "certificate_expires_at": time_text(view.not_after),
        },
    )
    tx.add(AgentEnrolled(agent_id, token["name"], view.key.key_id))


def _refuse_taken(tx: Tx, name: str) -> None:
    there = find_agent_by_name(tx, name)
    if there is not None and there.state is not AgentState.REVOKED:
        raise AgentNameTaken(
            f"an agent called {name} is enrolled already",
            remedy=Remedy(
                "Revoke it first, or choose another name.", f"stella agent revoke {name}"
            ),
            agent=there.id,
        )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _token_refused(why: str) -> EnrolmentTokenRefused:
    return EnrolmentTokenRefused(
        why, remedy=Remedy("Get a new one.", command="stella agent token NAME")
    )
