"""From a token to who asks."""

import hashlib
import re
from typing import Any

from sqlalchemy import ColumnElement, Select, func, outerjoin, select

from stella.identity.errors import TokenRefused
from stella.identity.model import Principal, Proof, permissions_of
from stella.identity.store import machine, roles_of, token, user_account
from stella.kernel import Remedy, parse_time
from stella.record import Tx

TOKEN = re.compile(r"st_[A-Za-z0-9_-]{43}\Z")


def authenticate(tx: Tx, text: str) -> Principal:
    """Who holds the token ``text``.

    Raises TokenRefused where it is no token, unknown, revoked, expired, or its user disabled.
    """
    if not TOKEN.match(text):
        raise _refused("this is no token of Stella")
    row = tx.row(_holder().where(token.c.digest == token_digest(text), _here(tx)))
    if row is None:
        raise _refused("nobody here has this token")
    expires_at = parse_time(row["expires_at"])
    if row["revoked_at"] is not None:
        raise _refused("the token was revoked")
    if expires_at <= tx.now:
        raise _refused(f"the token expired at {row['expires_at']}")
    if row["disabled"]:
        raise _refused("the token's user is disabled")
    if row["kind"] == "machine":
        roles = roles_of(row["token_roles"])
        return Principal(
            row["id"], row["name"], roles, permissions_of(roles), row["token"], expires_at
        )
    roles = roles_of(row["roles"])
    permissions = permissions_of(roles)
    if row["token_roles"] is not None:
        roles = roles_of(row["token_roles"])
        permissions &= permissions_of(roles)
    proof = Proof(row["proven_at"], is_session=row["kind"] == "login")
    return Principal(row["id"], row["name"], roles, permissions, row["token"], expires_at, proof)


def still_holds(tx: Tx, principal: Principal) -> bool:
    """Whether the token that ``principal`` came with still opens something: for long answers."""
    return is_open(tx, principal.token)


def is_open(tx: Tx, token_id: str) -> bool:
    """Whether the token of that id opens something now."""
    row = tx.row(_holder().where(token.c.id == token_id, _here(tx)))
    if row is None or row["revoked_at"] is not None or row["disabled"]:
        return False
    return parse_time(row["expires_at"]) > tx.now


def _holder() -> Select[Any]:
    """A token and whose it is: a user's, or a machine's."""
    holder = outerjoin(token, user_account, user_account.c.id == token.c.user).outerjoin(
        machine, machine.c.id == token.c.user
    )
    return (
        select(
            token.c.id.label("token"),
            token.c.kind,
            token.c.roles.label("token_roles"),
            token.c.expires_at,
            token.c.revoked_at,
            token.c.proven_at,
            func.coalesce(user_account.c.id, machine.c.id).label("id"),
            func.coalesce(user_account.c.name, machine.c.name).label("name"),
            user_account.c.roles,
            func.coalesce(user_account.c.disabled, machine.c.disabled).label("disabled"),
        )
        .select_from(holder)
        .where(func.coalesce(user_account.c.id, machine.c.id).is_not(None))
    )


def _here(tx: Tx) -> ColumnElement[bool]:
    return token.c.tenant == tx.tenant


def token_digest(text: str) -> str:
    """What is stored of a token: SHA-256, 64 hex digits. 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def _refused(why: str) -> TokenRefused:
    return TokenRefused(
        why, remedy=Remedy("Log in, or set STELLA_TOKEN to a valid token.", command="stella login")
    )
