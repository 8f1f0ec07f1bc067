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
    # When its person last proved who they are; NULL where that is not known.
    Column("proven_at", String(27)),
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

login_document = Table(
    "login_document",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("kind", String(20), primary_key=True),  # MachineLogin, SignIn
    Column("name", String(80), primary_key=True),
    Column("spec", Text, nullable=False),
    Column("revision", BigInteger, nullable=False),
    Column("changed_at", String(27), nullable=False),
)

machine = Table(
    "machine",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("login", String(80), nullable=False),
    Column("name", String(400), nullable=False),
    Column("issuer", String(255), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("first_at", String(27), nullable=False),
    Column("last_at", String(27), nullable=False),
    Index(None, "tenant", "login"),
)

used_assertion = Table(
    "used_assertion",
    metadata,
    Column("tenant", String(40), primary_key=True),
    # SHA-256 of issuer and id, or of the token that has none.
    Column("digest", String(64), primary_key=True),
    Column("expires_at", String(27), nullable=False),
    Index(None, "expires_at"),
)

outside_account = Table(
    "outside_account",
    metadata,
    Column("tenant", String(40), primary_key=True),
    # SHA-256 of issuer and subject: of neither is the length known.
    Column("digest", String(64), primary_key=True),
    Column("issuer", String(255), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("sign_in", String(80), nullable=False),
    Column("user", String(40), nullable=False),
    Column("shown", String(255), nullable=False),
    Column("is_linked", Boolean, nullable=False),
    Column("made_at", String(27), nullable=False),
    Column("last_at", String(27), nullable=False),
    Index(None, "user"),
)


user_address = Table(
    "user_address",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("address", String(255), primary_key=True),
    Column("user", String(40), nullable=False),
    Column("at", String(27), nullable=False),
    Index(None, "user"),
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
