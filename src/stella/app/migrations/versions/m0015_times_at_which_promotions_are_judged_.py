"""times at which promotions are judged again."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    with op.batch_alter_table("promotion", schema=None) as batch_op:
        batch_op.add_column(sa.Column("due_at", sa.String(length=27), nullable=True))
        batch_op.create_index(batch_op.f("ix_promotion_due_at"), ["due_at"], unique=False)
