"""Who is let in by an outside word: machines by that of an issuer, people by documents."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from stella.api.asked import Asked, Viewer, needs
from stella.api.errors import InvalidRequest
from stella.api.routes.session import address_of, redirect_uri
from stella.api.services import Services
from stella.api.views.base import Page
from stella.api.views.identity import SignInView
from stella.api.views.machines import (
    ID_TOKEN,
    JWT,
    ExchangedView,
    MachineChange,
    MachineLoginView,
    MachineView,
    SubjectToken,
)
from stella.identity import Permission
from stella.identity.exchange import exchange
from stella.identity.login_documents import (
    delete_login_document,
    find_machine_login,
    issuer_of,
    list_machine_logins,
)
from stella.identity.machine_login import KIND
from stella.identity.machines import change_machine, list_machines
from stella.identity.sign_in import KnownSignIn, delete_sign_in, find_sign_in, list_sign_ins
from stella.identity.tokens import SECRET_BYTES
from stella.kernel import Remedy
from stella.record import Tx

router = APIRouter(tags=["machines"])

Admin = Annotated[Asked, needs(Permission.USER_CHANGE)]


@router.post("/token-exchange")
def post_token_exchange(request: Request, body: SubjectToken) -> ExchangedView:
    """Give a machine a token for one that its issuer signed (RFC 8693). Public."""
    services: Services = request.app.state.services
    if body.subject_token_type not in {ID_TOKEN, JWT}:
        raise InvalidRequest(
            "subject_token_type is none that is exchanged here",
            remedy=Remedy(f"Send {ID_TOKEN} or {JWT}."),
        )
    made = exchange(
        services.database,
        services.exchanges,
        body.subject_token,
        secret=services.random(SECRET_BYTES),
        address=address_of(request, services),
        login=body.login,
    )
    return ExchangedView.of(made)


@router.get("/machines")
def get_machines(asked: Viewer, login: str | None = None) -> Page[MachineView]:
    """Machines that were let in, those that were here last first; at most five hundred."""
    with asked.read() as tx:
        return Page(items=[MachineView.of(one) for one in list_machines(tx, login)])


@router.patch("/machines/{machine}", response_model=MachineView)
def patch_machine(asked: Admin, machine: str, body: MachineChange) -> Response:
    """Shut a machine out, which ends what it was given; or let it in again. By id."""

    def do(tx: Tx) -> MachineView:
        return MachineView.of(change_machine(tx, machine, disabled=body.disabled))

    return asked.once(do)


@router.get("/machine-logins")
def get_machine_logins(asked: Viewer) -> Page[MachineLoginView]:
    """Which machines are let in, by name."""
    with asked.read() as tx:
        listed = list_machine_logins(tx)
        return Page(items=[MachineLoginView.of(one, issuer_of(tx, one.login)) for one in listed])


@router.get("/machine-logins/{name}")
def get_machine_login(asked: Viewer, name: str) -> MachineLoginView:
    """One of them."""
    with asked.read() as tx:
        known = find_machine_login(tx, name)
        return MachineLoginView.of(known, issuer_of(tx, known.login))


@router.delete("/machine-logins/{name}", status_code=204)
def delete_machine_login(asked: Admin, name: str) -> Response:
    """End it, and what machines were given by it."""
    return asked.once(lambda tx: delete_login_document(tx, KIND, name), status=204)


@router.get("/sign-ins")
def get_sign_ins(asked: Viewer) -> Page[SignInView]:
    """By whose word people are let in, by name."""
    with asked.read() as tx:
        return Page(items=[_sign_in(asked, one) for one in list_sign_ins(tx)])


@router.get("/sign-ins/{name}")
def get_sign_in(asked: Viewer, name: str) -> SignInView:
    """One of them."""
    with asked.read() as tx:
        return _sign_in(asked, find_sign_in(tx, name))


@router.delete("/sign-ins/{name}", status_code=204)
def delete_sign_in_(asked: Admin, name: str) -> Response:
    """End it, and what was opened by it."""
    return asked.once(lambda tx: delete_sign_in(tx, name), status=204)


def _sign_in(asked: Asked, known: KnownSignIn) -> SignInView:
    return SignInView.of(known, redirect_uri(asked.services, known.sign_in.name))
