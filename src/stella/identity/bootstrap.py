"""The first administrator of a fresh install."""

from sqlalchemy import select

from stella.identity.model import Role, User
from stella.identity.store import user_account
from stella.identity.users import create_user
from stella.record import Tx

ADMIN = "admin"


def has_users(tx: Tx) -> bool:
    """Whether somebody can log in already."""
    query = select(user_account.c.id).where(user_account.c.tenant == tx.tenant).limit(1)
    return tx.row(query) is not None


def bootstrap(tx: Tx, *, password_hash: str) -> User | None:
    """The user ``admin`` where there is no user yet; None where there is one."""
    if has_users(tx):
        return None
    return create_user(tx, name=ADMIN, roles=(Role.ADMIN,), password_hash=password_hash)
