"""when people proved who they are."""

import sqlalchemy as sa
from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proven_at", sa.String(length=27), nullable=True))

    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.add_column(sa.Column("proven_at", sa.String(length=27), nullable=True))
