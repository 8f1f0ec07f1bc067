"""Logging in and out."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from stella.api.asked import COOKIE, Viewer, refuse_other_sites
from stella.api.services import Services
from stella.api.views.base import person_view
from stella.api.views.identity import Credentials, LoginView, MeView
from stella.identity import log_in, revoke_token
from stella.identity.tokens import SECRET_BYTES

router = APIRouter(tags=["session"])


@router.post("/login", response_model_exclude_none=True)
def create_login(
    request: Request,
    response: Response,
    body: Credentials,
    token: Annotated[bool, Query(description="Answer with a token, not with a cookie.")] = False,
) -> LoginView:
    """Open a session: a cookie for the browser, or a token for a program. Public."""
    services: Services = request.app.state.services
    if "origin" in request.headers or "sec-fetch-site" in request.headers:
        refuse_other_sites(request, services)
    hours = services.limits.login_hours if token else services.limits.session_hours
    made = log_in(
        services.database,
        name=body.name,
        password=body.password,
        secret=services.random(SECRET_BYTES),
        hours=hours,
        address=address_of(request, services),
    )
    if not token:
        response.set_cookie(
            COOKIE,
            made.text,
            max_age=hours * 3600,
            httponly=True,
            samesite="strict",
            secure=services.is_https,
        )
    return LoginView(
        user=person_view(made.person),
        expires_at=made.expires_at,
        token=made.text if token else None,
    )


@router.post("/logout", status_code=204)
def delete_login(asked: Viewer) -> Response:
    """End the session, or the token, that this request came with."""
    with asked.services.database.transaction(actor=asked.principal.id) as tx:
        revoke_token(tx, asked.principal, asked.principal.token)
    response = Response(status_code=204)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict", secure=asked.services.is_https)
    return response


@router.get("/me")
def get_me(asked: Viewer) -> MeView:
    """Who asks, and what they may do."""
    permissions = tuple(sorted(one.value for one in asked.principal.permissions))
    return MeView(user=person_view(asked.principal.person), permissions=permissions)


def address_of(request: Request, services: Services) -> str:
    """From where a request comes, for the record."""
    forwarded = request.headers.get("x-forwarded-for", "")
    if services.is_behind_proxy and forwarded:
        # The last entry is our own proxy's; those before it are the client's to invent.
        return forwarded.rpartition(",")[2].strip()
    return request.client.host if request.client else ""
