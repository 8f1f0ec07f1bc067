"""test results and change tickets."""

import sqlalchemy as sa
from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "test_result",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("image", sa.String(length=71), nullable=False),
        sa.Column("document", sa.String(length=71), nullable=False),
        sa.Column("said", sa.String(length=71), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("result", sa.String(length=20), nullable=False),
        sa.Column("suites", sa.Text(), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("by", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_test_result")),
    )
    op.create_index(
        op.f("ix_test_result_tenant_image"), "test_result", ["tenant", "image"], unique=False
    )
    op.create_table(
        "change_ticket",
        sa.Column("promotion", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("integration", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("is_approved", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.String(length=27), nullable=False),
        sa.Column("ends_at", sa.String(length=27), nullable=False),
        sa.Column("looked_up_at", sa.String(length=27), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("due_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("promotion", name=op.f("pk_change_ticket")),
    )
    op.create_index(op.f("ix_change_ticket_due_at"), "change_ticket", ["due_at"], unique=False)
    op.create_index(
        op.f("ix_change_ticket_tenant_integration_key"),
        "change_ticket",
        ["tenant", "integration", "key"],
        unique=False,
    )
