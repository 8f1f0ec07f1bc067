"""Tokens: for programs, and for sessions that a password opened."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from stella.identity.authenticate import token_digest
from stella.identity.errors import MachineOnly, MalformedUser, NoSuchToken, RolesBeyondOwn
from stella.identity.facts import TokenCreated, TokenRevoked
from stella.identity.model import Permission, Principal, Role, permissions_of
from stella.identity.store import roles_of, roles_text, token
from stella.identity.users import user_of
from stella.kernel import Remedy, parse_time, time_text
from stella.record import Tx

SECRET_BYTES = 32
DAYS_DEFAULT = 90
DAYS_MAX = 366
_NAME_MAX = 80


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token. text: shown once, stored nowhere."""

    id: str
    name: str
    text: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A token as it is listed. roles: empty where it has its owner's."""

    id: str
    user: str
    kind: str
    name: str
    roles: tuple[Role, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


def token_text(secret: bytes) -> str:
    """A token from 32 random bytes: ``st_`` and 43 characters."""
    assert len(secret) == SECRET_BYTES, len(secret)
    return "st_" + base64.urlsafe_b64encode(secret).decode().rstrip("=")


def make_token(
    tx: Tx,
    by: Principal,
    *,
    secret: bytes,
    name: str,
    user: str | None = None,
    roles: tuple[Role, ...] | None = None,
    days: int = DAYS_DEFAULT,
) -> MadeToken:
    """A token of ``user`` (by default of who asks) that may do no more than either of them.

    Raises RolesBeyondOwn, NoSuchUser, MalformedUser, MachineOnly.
    """
    if by.is_machine:
        raise MachineOnly(
            "a machine makes no token: it would outlive the job",
            remedy=Remedy(
                "Exchange a fresh token of its issuer.",
                command="stella login --oidc-token-env STELLA_ID_TOKEN",
            ),
        )
    owner = user_of(tx, user or by.id)
    if owner.id != by.id and Permission.TOKEN_CREATE_ANY not in by.permissions:
        raise _beyond("only an administrator makes tokens of other users")
    if not name or len(name) > _NAME_MAX:
        raise _malformed(f"a token's name has 1 to {_NAME_MAX} characters")
    if not 1 <= days <= DAYS_MAX:
        raise _malformed(f"a token lasts 1 to {DAYS_MAX} days")
    # A token that is narrower than its owner must not make one as wide as the owner.
    wanted = roles if roles is not None else (by.roles if owner.id == by.id else owner.roles)
    beyond = permissions_of(wanted) - permissions_of(owner.roles)
    if owner.id == by.id:
        beyond |= permissions_of(wanted) - by.permissions
    if beyond:
        raise _beyond(f"the token would be allowed {', '.join(sorted(beyond))}")
    made = _insert(
        tx,
        owner.id,
        secret,
        kind="token",
        name=name,
        roles=wanted,
        span=timedelta(days=days),
    )
    named = tuple(role.value for role in wanted)
    tx.add(TokenCreated(made.id, owner.id, name, named, made.expires_at))
    return made


def open_session(
    tx: Tx, user: str, *, secret: bytes, name: str, hours: int, proven_at: str | None = None
) -> MadeToken:
    """The token of a login. Leaves no fact: UserLoggedIn says it.

    proven_at: when its person proved who they are, None where that is not known.
    """
    return _insert(
        tx,
        user,
        secret,
        kind="login",
        name=name,
        roles=None,
        span=timedelta(hours=hours),
        proven_at=proven_at,
    )


def open_machine_session(
    tx: Tx, machine: str, *, secret: bytes, name: str, roles: tuple[Role, ...], span: timedelta
) -> MadeToken:
    """What a machine is given for its issuer's token. Leaves no fact: TokenExchanged says it."""
    return _insert(tx, machine, secret, kind="machine", name=name, roles=roles, span=span)


def revoke_token(tx: Tx, by: Principal, token_id: str) -> None:
    """End a token; twice is once. Raises NoSuchToken, also for another user's."""
    row = tx.row(select(token).where(token.c.id == token_id, token.c.tenant == tx.tenant))
    is_allowed = row is not None and (
        row["user"] == by.id or Permission.TOKEN_CREATE_ANY in by.permissions
    )
    if row is None or not is_allowed:
        raise NoSuchToken(
            f"no token {token_id[:60]}",
            remedy=Remedy("Copy the id from the list.", command="stella token list"),
        )
    if row["revoked_at"] is None:
        tx.connection.execute(
            update(token).where(token.c.id == token_id), {"revoked_at": time_text(tx.now)}
        )
        tx.add(TokenRevoked(token_id, row["user"]))


def list_tokens(tx: Tx, by: Principal) -> tuple[TokenRow, ...]:
    """Tokens that still hold, newest first: one's own, an administrator's all; those of machines are
    among them, people's sessions are not.
    """
    query = select(token).where(
        token.c.tenant == tx.tenant,
        token.c.kind.in_(("token", "machine")),
        token.c.revoked_at.is_(None),
        token.c.expires_at > time_text(tx.now),
    )
    if Permission.TOKEN_CREATE_ANY not in by.permissions:
        query = query.where(token.c.user == by.id)
    return tuple(_row(row) for row in tx.rows(query.order_by(token.c.id.desc())))


def _insert(
    tx: Tx,
    user: str,
    secret: bytes,
    *,
    kind: str,
    name: str,
    roles: tuple[Role, ...] | None,
    span: timedelta,
    proven_at: str | None = None,
) -> MadeToken:
    text, made_id, expires_at = token_text(secret), tx.new_id("tok"), tx.now + span
    tx.connection.execute(
        token.insert(),
        {
            "id": made_id,
            "tenant": tx.tenant,
            "user": user,
            "kind": kind,
            "name": name,
            "digest": token_digest(text),
            "roles": roles_text(roles) if roles is not None else None,
            "created_at": time_text(tx.now),
            "created_by": tx.actor,
            "expires_at": time_text(expires_at),
            "proven_at": proven_at,
        },
    )
    return MadeToken(made_id, name, text, expires_at)


def _row(row: Mapping[Any, Any]) -> TokenRow:
    revoked = row["revoked_at"]
    return TokenRow(
        id=row["id"],
        user=row["user"],
        kind=row["kind"],
        name=row["name"],
        roles=roles_of(row["roles"]) if row["roles"] is not None else (),
        created_at=parse_time(row["created_at"]),
        expires_at=parse_time(row["expires_at"]),
        revoked_at=parse_time(revoked) if revoked else None,
    )


def _beyond(why: str) -> RolesBeyondOwn:
    return RolesBeyondOwn(why, remedy=Remedy("Ask for fewer roles, or ask an administrator."))


def _malformed(why: str) -> MalformedUser:
    return MalformedUser(why, remedy=Remedy("Change that and ask again."))
