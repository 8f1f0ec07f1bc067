"""take-downs."""

import sqlalchemy as sa
from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "environment_emptied",
        sa.Column("take_down", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("environment", sa.String(length=80), nullable=False),
        sa.Column("last", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("take_down", name=op.f("pk_environment_emptied")),
    )
    with op.batch_alter_table("environment_emptied", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_environment_emptied_tenant_environment_at"),
            ["tenant", "environment", "at"],
            unique=False,
        )

    op.create_table(
        "take_down",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("environment", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("deployment", sa.String(length=40), nullable=True),
        sa.Column("release", sa.String(length=40), nullable=True),
        sa.Column("plan", sa.String(length=71), nullable=False),
        sa.Column("input", sa.String(length=71), nullable=False),
        sa.Column("record", sa.String(length=71), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ends_at", sa.String(length=27), nullable=True),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.String(length=27), nullable=False),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_take_down")),
    )
    with op.batch_alter_table("take_down", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_take_down_tenant_environment_state"),
            ["tenant", "environment", "state"],
            unique=False,
        )
