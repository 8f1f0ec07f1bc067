"""From a token to who asks."""

import hashlib
import re

from sqlalchemy import select

from stella.identity.errors import TokenRefused
from stella.identity.model import Principal, permissions_of
from stella.identity.store import roles_of, token, user_account
from stella.kernel import Remedy, parse_time
from stella.record import Tx

TOKEN = re.compile(r"st_[A-Za-z0-9_-]{43}\Z")


def authenticate(tx: Tx, text: str) -> Principal:
    """Who holds the token ``text``.

    Raises TokenRefused where it is no token, unknown, revoked, expired, or its user disabled.
    """
    if not TOKEN.match(text):
        raise _refused("this is no token of Stella")
    columns = (
        token.c.id.label("token"),
        token.c.roles.label("token_roles"),
        token.c.expires_at,
        token.c.revoked_at,
        user_account.c.id,
        user_account.c.name,
        user_account.c.roles,
        user_account.c.disabled,
    )
    row = tx.row(
        select(*columns)
        .join(user_account, user_account.c.id == token.c.user)
        .where(token.c.digest == token_digest(text), token.c.tenant == tx.tenant)
    )
    if row is None:
        raise _refused("nobody here has this token")
    expires_at = parse_time(row["expires_at"])
    if row["revoked_at"] is not None:
        raise _refused("the token was revoked")
    if expires_at <= tx.now:
        raise _refused(f"the token expired at {row['expires_at']}")
    if row["disabled"]:
        raise _refused("the token's user is disabled")
    roles = roles_of(row["roles"])
    permissions = permissions_of(roles)
    if row["token_roles"] is not None:
        roles = roles_of(row["token_roles"])
        permissions &= permissions_of(roles)
    return Principal(row["id"], row["name"], roles, permissions, row["token"], expires_at)


def still_holds(tx: Tx, principal: Principal) -> bool:
    """Whether the token that ``principal`` came with still opens something: for long answers."""
    row = tx.row(
        select(token.c.expires_at, token.c.revoked_at, user_account.c.disabled)
        .join(user_account, user_account.c.id == token.c.user)
        .where(token.c.id == principal.token, token.c.tenant == tx.tenant)
    )
    if row is None or row["revoked_at"] is not None or row["disabled"]:
        return False
    return parse_time(row["expires_at"]) > tx.now


def token_digest(text: str) -> str:
    """What is stored of a token: SHA-256, 64 hex digits. 256 random bits need no slow hash."""
    return hashlib.sha256(text.encode()).hexdigest()


def _refused(why: str) -> TokenRefused:
    return TokenRefused(
        why, remedy=Remedy("Log in, or set STELLA_TOKEN to a valid token.", command="stella login")
    )
