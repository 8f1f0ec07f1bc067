"""Accounts: made, changed, listed."""

import re

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.exc import IntegrityError

from stella.identity.errors import (
    LastAdmin,
    MalformedUser,
    UserChangedMeanwhile,
    UserExists,
    no_such_user,
)
from stella.identity.facts import UserChanged, UserCreated
from stella.identity.model import Role, User
from stella.identity.store import outside_account, roles_text, token, user_account, user_from
from stella.kernel import Remedy, time_text
from stella.record import Tx

_NAME = re.compile(r"[a-z0-9][a-z0-9._@-]{0,63}\Z")


def create_user(
    tx: Tx, *, name: str, roles: tuple[Role, ...], password_hash: str | None = None
) -> User:
    """A new account; without a password it has tokens only. Raises UserExists, MalformedUser."""
    if not _NAME.match(name):
        raise MalformedUser(
            f"not a user's name: {name[:80]!r}",
            remedy=Remedy("Use 1 to 64 of a-z, 0-9 and . _ @ -, beginning with a letter or digit."),
        )
    _check_roles(roles)
    user = User(
        tx.new_id("usr"), name, _sorted(roles), disabled=False, created_at=tx.now, revision=1
    )
    values = {
        "id": user.id,
        "tenant": tx.tenant,
        "name": name,
        "roles": roles_text(user.roles),
        "password": password_hash,
        "disabled": False,
        "created_at": time_text(tx.now),
        "revision": 1,
    }
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(user_account.insert(), values)
    except IntegrityError as error:
        raise UserExists(
            f"there is a user {name}", remedy=Remedy("Choose another name, or change that user.")
        ) from error
    tx.add(UserCreated(user.id, name, tuple(role.value for role in user.roles)))
    return user


def change_user(
    tx: Tx,
    user: str,
    *,
    roles: tuple[Role, ...] | None = None,
    disabled: bool | None = None,
    password_hash: str | None = None,
    revision: int | None = None,
) -> User:
    """The user with what is given changed; a new password or disabling ends its sessions.

    revision: what the caller read; None to change whatever is there.
    Raises NoSuchUser, LastAdmin, UserChangedMeanwhile, MalformedUser.
    """
    before = lock_user(tx, user)
    if revision is not None and revision != before.revision:
        raise UserChangedMeanwhile(
            f"{before.name} was changed meanwhile",
            remedy=Remedy("Read the user again and repeat the change."),
            revision=before.revision,
        )
    if roles is not None:
        _check_roles(roles)
    if password_hash is not None and is_outside(tx, before.id):
        raise MalformedUser(
            f"{before.name} is let in by an outside word, and has no password here",
            remedy=Remedy("Change it where the account comes from, or make a local user."),
        )
    after = User(
        id=before.id,
        name=before.name,
        roles=_sorted(roles) if roles is not None else before.roles,
        disabled=before.disabled if disabled is None else disabled,
        created_at=before.created_at,
        revision=before.revision + 1,
    )
    if _is_admin(before) and not _is_admin(after) and not is_outside(tx, before.id):
        _keep_an_admin(tx, before)
    values = {
        "roles": roles_text(after.roles),
        "disabled": after.disabled,
        "revision": after.revision,
    }
    if password_hash is not None:
        values["password"] = password_hash
    tx.connection.execute(update(user_account).where(user_account.c.id == before.id), values)
    if password_hash is not None or after.disabled:
        _end_sessions(tx, before.id)
    named = tuple(role.value for role in after.roles)
    tx.add(UserChanged(after.id, named, after.disabled, password_hash is not None))
    return after


def user_of(tx: Tx, user: str) -> User:
    """The user with that id. Raises NoSuchUser."""
    query = select(user_account).where(user_account.c.id == user, _here(tx))
    row = tx.row(query)
    if row is None:
        raise no_such_user(user)
    return user_from(row)


def user_by_name(tx: Tx, name: str) -> User:
    """The user with that name. Raises NoSuchUser."""
    row = tx.row(select(user_account).where(user_account.c.name == name, _here(tx)))
    if row is None:
        raise no_such_user(name)
    return user_from(row)


def list_users(tx: Tx) -> tuple[User, ...]:
    """Every user, by name."""
    rows = tx.rows(select(user_account).where(_here(tx)).order_by(user_account.c.name))
    return tuple(user_from(row) for row in rows)


def is_outside(tx: Tx, user: str) -> bool:
    """Whether the account was made by a sign-in: no password here opens it."""
    query = select(outside_account.c.user).where(
        outside_account.c.user == user, outside_account.c.is_linked.is_(False)
    )
    return tx.row(query) is not None


def end_everything(tx: Tx, user: str) -> None:
    """What that user was given, sessions and tokens, ends now."""
    tx.connection.execute(
        update(token).where(token.c.user == user, token.c.revoked_at.is_(None)),
        {"revoked_at": time_text(tx.now)},
    )


def _here(tx: Tx) -> ColumnElement[bool]:
    return user_account.c.tenant == tx.tenant


def lock_user(tx: Tx, user: str) -> User:
    """The user, whose row nobody else changes or locks meanwhile. Raises NoSuchUser."""
    query = select(user_account).where(user_account.c.id == user, _here(tx)).with_for_update()
    row = tx.row(query)
    if row is None:
        raise no_such_user(user)
    return user_from(row)


def _is_admin(user: User) -> bool:
    return Role.ADMIN in user.roles and not user.disabled


def _keep_an_admin(tx: Tx, leaving: User) -> None:
    # Every administrator's row is locked: two who take the role from each other at once must
    # not both succeed.
    rows = tx.rows(select(user_account).where(_here(tx)).with_for_update())
    # Nor does one count whom only somebody else's word lets in: it may not be given tomorrow.
    others = [
        user
        for user in map(user_from, rows)
        if _is_admin(user) and user.id != leaving.id and not is_outside(tx, user.id)
    ]
    if not others:
        raise LastAdmin(
            f"{leaving.name} is the last administrator",
            remedy=Remedy("Make somebody else an administrator first."),
        )


def _end_sessions(tx: Tx, user: str) -> None:
    tx.connection.execute(
        update(token).where(
            token.c.user == user, token.c.kind == "login", token.c.revoked_at.is_(None)
        ),
        {"revoked_at": time_text(tx.now)},
    )


def _check_roles(roles: tuple[Role, ...]) -> None:
    if not roles:
        raise MalformedUser(
            "a user has at least one role", remedy=Remedy(f"Choose from {', '.join(Role)}.")
        )


def _sorted(roles: tuple[Role, ...]) -> tuple[Role, ...]:
    return tuple(role for role in Role if role in roles)
