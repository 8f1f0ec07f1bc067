"""rules of freezes and who overrides them."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "freeze_override",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("freeze", sa.String(length=80), nullable=False),
        sa.Column("environment", sa.String(length=80), nullable=False),
        sa.Column("release", sa.String(length=40), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("ends_at", sa.String(length=27), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze_override")),
    )
    with op.batch_alter_table("freeze_override", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_freeze_override_environment_release"),
            ["environment", "release"],
            unique=False,
        )

    op.create_table(
        "freeze_rule",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_freeze_rule")),
    )
