"""The first administrator's password: made here, shown once, kept nowhere but as a hash."""

import base64
from collections.abc import Callable

from stella.identity import (
    NoSuchUser,
    Role,
    bootstrap,
    change_user,
    has_users,
    hash_password,
    user_by_name,
)
from stella.identity.bootstrap import ADMIN
from stella.record import Database

_PASSWORD_BYTES = 15


def make_first_admin(database: Database, random: Callable[[int], bytes]) -> str | None:
    """The password of a new user ``admin`` on a fresh install; None where there are users."""
    with database.read() as tx:
        if has_users(tx):
            return None
    password = _password(random)
    password_hash = hash_password(password)
    with database.transaction(actor="system") as tx:
        return password if bootstrap(tx, password_hash=password_hash) else None


def reset_admin(database: Database, random: Callable[[int], bytes]) -> str:
    """A new password for ``admin``, enabled and an administrator again, whatever it was."""
    password = _password(random)
    password_hash = hash_password(password)
    with database.transaction(actor="system") as tx:
        if bootstrap(tx, password_hash=password_hash):
            return password
        try:
            admin = user_by_name(tx, ADMIN)
        except NoSuchUser:
            raise AssertionError(
                "users are disabled, never deleted, and the first is admin"
            ) from None
        roles = tuple({*admin.roles, Role.ADMIN})
        change_user(tx, admin.id, roles=roles, disabled=False, password_hash=password_hash)
    return password


def first_login(password: str) -> str:
    """The lines that show it, for people and for programs that read them."""
    return f"First login, shown this once:\n  user: {ADMIN}\n  password: {password}"


def _password(random: Callable[[int], bytes]) -> str:
    """120 random bits, in groups that can be read out."""
    text = base64.b32encode(random(_PASSWORD_BYTES)).decode().lower()
    return "-".join(text[place : place + 6] for place in range(0, len(text), 6))
