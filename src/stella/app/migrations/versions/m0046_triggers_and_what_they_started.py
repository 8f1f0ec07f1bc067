"""triggers and what they started."""

import sqlalchemy as sa
from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "workflow_firing",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("trigger", sa.String(length=80), nullable=False),
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("event", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("outcome", sa.String(length=20), nullable=False),
        sa.Column("run", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_firing")),
        sa.UniqueConstraint(
            "tenant", "trigger", "key", name=op.f("uq_workflow_firing_tenant_trigger_key")
        ),
    )
    with op.batch_alter_table("workflow_firing", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workflow_firing_at"), ["at"], unique=False)
        batch_op.create_index(
            batch_op.f("ix_workflow_firing_trigger_id"), ["trigger", "id"], unique=False
        )

    op.create_table(
        "workflow_trigger",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("workflow", sa.String(length=80), nullable=False),
        sa.Column("event", sa.String(length=80), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("lent", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.String(length=27), nullable=False),
        sa.Column("next_at", sa.String(length=27), nullable=True),
        sa.Column("set_at", sa.String(length=27), nullable=True),
        sa.Column("held_back", sa.Integer(), nullable=False),
        sa.Column("held_back_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_workflow_trigger")),
    )
    with op.batch_alter_table("workflow_trigger", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_workflow_trigger_event"), ["event"], unique=False)
        batch_op.create_index(batch_op.f("ix_workflow_trigger_next_at"), ["next_at"], unique=False)

    with op.batch_alter_table("workflow_run", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("trigger", sa.String(length=80), nullable=False, server_default="")
        )
        batch_op.add_column(sa.Column("follows", sa.Text(), nullable=False, server_default="{}"))
    with op.batch_alter_table("workflow_run", schema=None) as batch_op:
        batch_op.alter_column("trigger", server_default=None)
        batch_op.alter_column("follows", server_default=None)
    with op.batch_alter_table("workflow_node", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("taken_by", sa.String(length=40), nullable=False, server_default="")
        )
        batch_op.create_index(batch_op.f("ix_workflow_node_taken_by"), ["taken_by"], unique=False)
    with op.batch_alter_table("workflow_node", schema=None) as batch_op:
        batch_op.alter_column("taken_by", server_default=None)
    with op.batch_alter_table("fact_pending", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fact_pending_fact"), ["fact"], unique=False)
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reported_at", sa.String(length=27), nullable=True))
