"""followed repositories."""

import sqlalchemy as sa
from alembic import op

revision = "0038"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "followed_repository",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("checked_at", sa.String(length=27), nullable=True),
        sa.Column("head", sa.Text(), nullable=True),
        sa.Column("applied", sa.String(length=64), nullable=True),
        sa.Column("applied_at", sa.String(length=27), nullable=True),
        sa.Column("accepted", sa.String(length=64), nullable=True),
        sa.Column("asked", sa.Boolean(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("advice", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_followed_repository")),
    )
