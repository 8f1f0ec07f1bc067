"""Users."""

from typing import Annotated

from fastapi import APIRouter, Response

from stella.api.asked import Asked, needs
from stella.api.views.base import Page
from stella.api.views.identity import NewAddress, NewLink, NewUser, UserChange, UserView
from stella.identity import (
    Permission,
    change_user,
    create_user,
    hash_password,
    list_users,
    user_by_name,
    user_of,
)
from stella.identity.addresses import add_address, addresses_of, remove_address
from stella.identity.model import User
from stella.identity.outside import accounts_of, link_account, unlink_account
from stella.identity.sign_in import find_sign_in
from stella.record import Tx

router = APIRouter(prefix="/users", tags=["users"])

Admin = Annotated[Asked, needs(Permission.USER_CHANGE)]


@router.get("")
def get_users(asked: Admin) -> Page[UserView]:
    """Every user, by name."""
    with asked.read() as tx:
        listed = list_users(tx)
        ids = [user.id for user in listed]
        accounts, addresses = accounts_of(tx, ids), addresses_of(tx, ids)
        shown = [
            UserView.of_user(user, accounts.get(user.id, ()), addresses.get(user.id, ()))
            for user in listed
        ]
        return Page(items=shown)


@router.get("/{user}")
def get_user(asked: Admin, user: str, response: Response) -> UserView:
    """One user, by id or name."""
    with asked.read() as tx:
        view = _shown(tx, _find(tx, user))
    response.headers["ETag"] = view.etag
    return view


@router.post("", status_code=201, response_model=UserView)
def post_user(asked: Admin, body: NewUser) -> Response:
    """Make a user."""
    password_hash = hash_password(body.password) if body.password is not None else None

    def do(tx: Tx) -> UserView:
        made = create_user(tx, name=body.name, roles=body.roles, password_hash=password_hash)
        return UserView.of_user(made)

    return asked.once(do, status=201)


@router.patch("/{user}", response_model=UserView)
def patch_user(asked: Admin, user: str, body: UserChange) -> Response:
    """Change a user's roles, password, or whether it is disabled; by id or name."""
    password_hash = hash_password(body.password) if body.password is not None else None

    def do(tx: Tx) -> UserView:
        changed = change_user(
            tx,
            _find(tx, user).id,
            roles=body.roles,
            disabled=body.disabled,
            password_hash=password_hash,
            revision=asked.revision(),
        )
        return _shown(tx, changed)

    return asked.once(do)


@router.put("/{user}/link", response_model=UserView)
def put_user_link(asked: Admin, user: str, body: NewLink) -> Response:
    """Let somebody whom a provider or directory knows be this user; by id or name."""

    def do(tx: Tx) -> UserView:
        found = _find(tx, user)
        link_account(tx, found.id, find_sign_in(tx, body.sign_in), body.subject)
        return _shown(tx, found)

    return asked.once(do)


@router.delete("/{user}/link", status_code=204)
def delete_user_link(asked: Admin, user: str) -> Response:
    """Let nobody in as this user by an outside word any more, which ends what was opened by it."""
    return asked.once(lambda tx: unlink_account(tx, _find(tx, user).id), status=204)


@router.post("/{user}/addresses", response_model=UserView)
def post_user_address(asked: Admin, user: str, body: NewAddress) -> Response:
    """Say that commits with that address are this user's; by id or name."""

    def do(tx: Tx) -> UserView:
        found = _find(tx, user)
        add_address(tx, found.id, body.address)
        return _shown(tx, found)

    return asked.once(do)


@router.delete("/{user}/addresses/{address}", status_code=204)
def delete_user_address(asked: Admin, user: str, address: str) -> Response:
    """Say that commits with that address are nobody's any more."""
    return asked.once(lambda tx: remove_address(tx, _find(tx, user).id, address), status=204)


def _shown(tx: Tx, user: User) -> UserView:
    accounts, addresses = accounts_of(tx, [user.id]), addresses_of(tx, [user.id])
    return UserView.of_user(user, accounts.get(user.id, ()), addresses.get(user.id, ()))


def _find(tx: Tx, user: str) -> User:
    return user_of(tx, user) if user.startswith("usr_") else user_by_name(tx, user)
