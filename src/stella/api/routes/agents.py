"""Agents: who serves which host, and how another one is enrolled."""

import base64

from fastapi import APIRouter, Response

from stella.api.asked import Viewer
from stella.api.looking import Enroller, look
from stella.api.views.agents import AgentView, agent_view
from stella.api.views.base import Body, Page, View
from stella.fleet import find_agent, list_agents, make_token, revoke
from stella.kernel import time_text
from stella.record import Tx

router = APIRouter(prefix="/agents", tags=["agents"])


class NewAgent(Body):
    """Which name a host's agent shall have."""

    name: str


class Reason(Body):
    """Why."""

    reason: str


class EnrolmentView(View):
    """A token that enrols one agent, once. command: what to run on the host."""

    name: str
    token: str
    expires_at: str
    command: str


@router.get("")
def get_agents(asked: Viewer) -> Page[AgentView]:
    """Agents, by name."""
    with asked.read() as tx:
        looking = look(asked, tx)
        return Page(items=[agent_view(looking, one) for one in list_agents(tx)])


@router.get("/{agent}")
def get_agent(asked: Viewer, agent: str) -> AgentView:
    """One agent."""
    with asked.read() as tx:
        return agent_view(look(asked, tx), find_agent(tx, agent))


@router.post("/tokens", status_code=201, response_model=EnrolmentView)
def post_enrolment(asked: Enroller, body: NewAgent) -> Response:
    """Make a token for one new agent; it is shown this once."""
    services = asked.services
    secret = base64.urlsafe_b64encode(services.random(30)).decode()

    def do(tx: Tx) -> EnrolmentView:
        made = make_token(tx, body.name, secret=secret)
        command = (
            f"stella agent enroll --url {services.agents_url} --token {made.token}"
            f" --ca-fingerprint {services.authority.fingerprint}"
        )
        return EnrolmentView(
            name=made.name,
            token=made.token,
            expires_at=time_text(made.expires_at),
            command=command,
        )

    return asked.once(do, status=201, is_secret=True)


@router.post("/{agent}/revoke", response_model=AgentView)
def post_revocation(asked: Enroller, agent: str, body: Reason) -> Response:
    """Trust the agent no more."""
    return asked.once(lambda tx: agent_view(look(asked, tx), revoke(tx, agent, body.reason)))
