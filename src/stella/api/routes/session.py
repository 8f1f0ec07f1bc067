"""Logging in and out."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request, Response

from stella.api.asked import COOKIE, Viewer, refuse_other_sites
from stella.api.services import Services
from stella.api.views.base import person_view
from stella.api.views.identity import (
    Credentials,
    LoginView,
    MeView,
    Password,
    ProofView,
    WaysView,
    proof_view,
    way_view,
)
from stella.identity import Login, Principal, log_in, revoke_token
from stella.identity.directory_login import ask_directories, is_password_there
from stella.identity.errors import SignInRefused
from stella.identity.outside import OutsideAccount, admit
from stella.identity.prove import prove_by_password, ways_of
from stella.identity.provider_login import (
    LIFE,
    CameBack,
    Door,
    begin,
    finish,
    finish_proof,
    is_proof,
    record_refused,
)
from stella.identity.sign_in import KnownSignIn, list_sign_ins
from stella.identity.tokens import SECRET_BYTES
from stella.kernel import StellaError
from stella.plugin.contract.core import Kind
from stella.plugin.contract.directory import Directory
from stella.plugin.contract.identity_provider import IdentityProvider

router = APIRouter(tags=["session"])

BEGUN = "stella_sign_in"


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
        outside=lambda name, password: _by_directory(request, services, name, password, hours),
    )
    if not token:
        _set_session(response, services, made, hours)
    return LoginView(
        user=person_view(made.person),
        expires_at=made.expires_at,
        token=made.text if token else None,
    )


@router.get("/session/ways")
def get_ways(request: Request) -> WaysView:
    """How people may log in here: by name and password, and by which providers. Public."""
    services: Services = request.app.state.services
    with services.database.read() as tx:
        listed = [one for one in list_sign_ins(tx) if one.sign_in.enabled]
    return WaysView(
        providers=[way_view(one) for one in listed if one.kind is Kind.IDENTITY_PROVIDER],
        directories=any(one.kind is Kind.DIRECTORY for one in listed),
    )


@router.get("/session/oidc/{name}/start", status_code=303, response_class=Response)
def get_sign_in_start(
    request: Request,
    name: str,
    back_to: Annotated[str, Query(alias="backTo", description="The page to go on to.")] = "/",
) -> Response:
    """Lead a browser to the provider to log in there. Public."""
    services: Services = request.app.state.services
    return _led_to_provider(services, name, back_to, None)


@router.get("/session/oidc/{name}/prove", status_code=303, response_class=Response)
def get_proof_start(
    asked: Viewer,
    name: str,
    back_to: Annotated[str, Query(alias="backTo", description="The page to go on to.")] = "/",
) -> Response:
    """Lead the browser of who is logged in to the provider, to prove anew who they are."""
    return _led_to_provider(asked.services, name, back_to, asked.principal)


def _led_to_provider(
    services: Services, name: str, back_to: str, session: Principal | None
) -> Response:
    try:
        begun = begin(_door(services), name, back_to, session)
    except StellaError as refusal:
        return _back(refusal)
    response = Response(status_code=303, headers={"Location": begun.url})
    response.set_cookie(
        BEGUN,
        begun.kept,
        max_age=int(LIFE.total_seconds()),
        path=_place(name),
        httponly=True,
        samesite="lax",  # the provider leads back here from its own site
        secure=services.is_https,
    )
    return response


@router.get("/session/proof")
def get_proof(asked: Viewer) -> ProofView:
    """When who asks last proved who they are, and how they can do it anew."""
    with asked.read() as tx:
        return proof_view(asked.principal.proof.at, ways_of(tx, asked.principal))


@router.post("/session/proof")
def create_proof(request: Request, asked: Viewer, body: Password) -> ProofView:
    """Give the password again: the session goes on, and has proven just now whose it is."""
    services = asked.services

    def checked_by(known: KnownSignIn, account: OutsideAccount, password: str) -> bool:
        def connected(integration: str) -> Directory:
            return _directory(services, integration)

        return is_password_there(connected, known, account, password)

    proven_at = prove_by_password(
        services.database,
        asked.principal,
        password=body.password,
        address=address_of(request, services),
        checked_by=checked_by,
    )
    with asked.read() as tx:
        return proof_view(proven_at, ways_of(tx, asked.principal))


@router.get("/session/oidc/{name}/callback", status_code=303, response_class=Response)
def get_sign_in_callback(
    request: Request,
    name: str,
    *,
    code: str = "",
    state: str = "",
    iss: str = "",
    error: str = "",
) -> Response:
    """Where the provider leads a browser back to: its session begins, or goes on as proven. Public."""
    services: Services = request.app.state.services
    hours = services.limits.session_hours
    back = CameBack(request.cookies.get(BEGUN, ""), code, state, iss, error)
    address = address_of(request, services)
    made = None
    try:
        if is_proof(state):
            back_to = finish_proof(_door(services), name, back, address=address)
        else:
            made, back_to = finish(_door(services), name, back, hours=hours, address=address)
    except StellaError as refusal:
        response = _back(refusal)
    else:
        response = Response(status_code=303, headers={"Location": back_to})
    if made is not None:
        _set_session(response, services, made, hours)
    response.delete_cookie(
        BEGUN, path=_place(name), httponly=True, samesite="lax", secure=services.is_https
    )
    return response


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


def _by_directory(
    request: Request, services: Services, name: str, password: str, hours: int
) -> Login | None:
    """The session of who is known to a directory; None for anybody else."""
    found = ask_directories(
        services.database, lambda integration: _directory(services, integration), name, password
    )
    if found.known is None or found.vouched is None:
        if found.refusal is not None:
            raise found.refusal
        return None
    try:
        secret = services.random(SECRET_BYTES)
        return admit(services.database, found.known, found.vouched, secret=secret, hours=hours)
    except SignInRefused as refusal:
        record_refused(
            services.database,
            services.exchanges,
            found.known.sign_in.name,
            refusal,
            account=found.vouched.subject,
            address=address_of(request, services),
        )
        return None


def _directory(services: Services, integration: str) -> Directory:
    found: Directory = services.outside.connected(Kind.DIRECTORY, integration)
    return found


def _door(services: Services) -> Door:
    def connected(integration: str) -> IdentityProvider:
        found: IdentityProvider = services.outside.connected(Kind.IDENTITY_PROVIDER, integration)
        return found

    return Door(
        database=services.database,
        exchanges=services.exchanges,
        connected=connected,
        seal=services.seal,
        random=services.random,
        callback=lambda name: redirect_uri(services, name),
    )


def redirect_uri(services: Services, name: str) -> str:
    """Where a provider leads people back to: one address for each document."""
    return f"{services.url.rstrip('/')}{_place(name)}/callback"


def _place(name: str) -> str:
    return f"/api/v1/session/oidc/{quote(name, safe='')}"


def _back(refusal: StellaError) -> Response:
    """A browser is led to the page that says so."""
    return Response(status_code=303, headers={"Location": f"/sign-in?refused={refusal.code}"})


def _set_session(response: Response, services: Services, made: Login, hours: int) -> None:
    response.set_cookie(
        COOKIE,
        made.text,
        max_age=hours * 3600,
        httponly=True,
        samesite="strict",
        secure=services.is_https,
    )


def address_of(request: Request, services: Services) -> str:
    """From where a request comes, for the record."""
    forwarded = request.headers.get("x-forwarded-for", "")
    if services.is_behind_proxy and forwarded:
        # The last entry is our own proxy's; those before it are the client's to invent.
        return forwarded.rpartition(",")[2].strip()
    return request.client.host if request.client else ""
