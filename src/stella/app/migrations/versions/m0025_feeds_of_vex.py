"""feeds of vex."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "vex_feed",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("documents", sa.Integer(), nullable=False),
        sa.Column("unread", sa.Integer(), nullable=False),
        sa.Column("checked_at", sa.String(length=27), nullable=True),
        sa.Column("changed_at", sa.String(length=27), nullable=True),
        sa.Column("asked_at", sa.String(length=27), nullable=True),
        sa.Column("trouble", sa.Text(), nullable=False),
        sa.Column("trouble_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_vex_feed")),
    )
    with op.batch_alter_table("vex_document", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("source", sa.String(length=80), server_default="", nullable=False)
        )
        batch_op.create_index(
            batch_op.f("ix_vex_document_tenant_source"), ["tenant", "source"], unique=False
        )
    # What lay unsigned beside images was kept without saying beside which: the next scan finds it again.
    op.execute(
        "UPDATE vex_document SET state = 'gone', ended_at = at"
        " WHERE state = 'standing' AND basis = 'none' AND \"by\" = 'system'"
    )
