"""when findings are weighed again."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    with op.batch_alter_table("scan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("weigh_again_at", sa.String(length=27), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_scan_tenant_weigh_again_at"), ["tenant", "weigh_again_at"], unique=False
        )
    # Whether something that was weighed before this ended since, nobody noted: it is weighed once more.
    op.execute("UPDATE scan SET weigh_again_at = at WHERE vex IS NOT NULL")
