"""what is linked in an image."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    with op.batch_alter_table("scan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("linked", sa.String(length=71), nullable=True))
        batch_op.add_column(sa.Column("reached", sa.String(length=71), nullable=True))
    # In the order of now, of findings that nobody has looked at: behind those that are reachable.
    op.execute("UPDATE scan_finding SET urgency = urgency + 12 WHERE exploited")
    op.execute("UPDATE scan_finding SET urgency = urgency + 24 WHERE NOT exploited")
