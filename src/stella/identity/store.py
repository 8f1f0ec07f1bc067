"""The tables of users and tokens, and the questions asked of them."""

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from stella.identity.model import Role, User
from stella.kernel import canonical_json, parse_time
from stella.record import metadata

user_account = Table(
    "user_account",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("name", String(64), nullable=False),
    Column("roles", Text, nullable=False),
    # Argon2id in its own text form; NULL where the user has tokens only.
    Column("password", Text),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", String(27), nullable=False),
    Column("revision", BigInteger, nullable=False),
    UniqueConstraint("tenant", "name"),
)

token = Table(
    "token",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("user", String(40), nullable=False),
    Column("kind", String(10), nullable=False),  # "token", or "login" for what a password opened
    Column("name", String(80), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("roles", Text),  # NULL: its owner's
    Column("created_at", String(27), nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("expires_at", String(27), nullable=False),
    Column("revoked_at", String(27)),
    UniqueConstraint("digest"),
    Index(None, "user"),
)

login_failure = Table(
    "login_failure",
    metadata,
    Column("tenant", String(40), primary_key=True),
    # SHA-256 of the name: people type passwords into the wrong field.
    Column("name_digest", String(64), primary_key=True),
    Column("failures", BigInteger, nullable=False),
    Column("last_at", String(27), nullable=False),
)


def roles_text(roles: tuple[Role, ...]) -> str:
    """Roles as they are stored."""
    return canonical_json([role.value for role in roles]).decode()


def roles_of(text: str) -> tuple[Role, ...]:
    """Stored roles as values."""
    return tuple(Role(role) for role in json.loads(text))


def user_from(row: Mapping[Any, Any]) -> User:
    """A row of ``user_account`` as a value, without its password."""
    return User(
        id=row["id"],
        name=row["name"],
        roles=roles_of(row["roles"]),
        disabled=bool(row["disabled"]),
        created_at=parse_time(row["created_at"]),
        revision=row["revision"],
    )
