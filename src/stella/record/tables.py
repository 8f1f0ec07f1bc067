"""The tables of facts. Rooms put their own tables into the same ``metadata``."""

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

# Stable constraint names: migrations on both databases can name what they change.
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only in a column of type INTEGER.
_SEQUENCE = BigInteger().with_variant(Integer, "sqlite")

fact = Table(
    "fact",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("tenant", String(40), nullable=False),
    Column("kind", String(80), nullable=False),
    Column("subject", String(1024), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("cause", String(40)),
    Column("at", String(27), nullable=False),
    Column("data", Text, nullable=False),
    Column("position", BigInteger),
    Column("hash", String(71)),
    # What makes a repeated handler harmless. Rows without a cause never collide: NULLs are distinct.
    UniqueConstraint("cause", "kind", "subject"),
    UniqueConstraint("tenant", "position"),
    Index(None, "subject"),
    Index(None, "kind"),
)

fact_unsealed = Table(
    "fact_unsealed",
    metadata,
    Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("fact", String(40), nullable=False),
)

fact_pending = Table(
    "fact_pending",
    metadata,
    Column("sequence", _SEQUENCE, primary_key=True, autoincrement=True),
    Column("fact", String(40), nullable=False),
    Column("kind", String(80), nullable=False),
    Index(None, "fact"),
)

chain = Table(
    "chain",
    metadata,
    Column("tenant", String(40), primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("hash", String(71), nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("holder", String(80), nullable=False),
    Column("fence", BigInteger, nullable=False),
    Column("until", String(27), nullable=False),
)
