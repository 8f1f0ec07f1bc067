"""lifecycles and channels of releases."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0033"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "lifecycle",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_lifecycle")),
    )
    with op.batch_alter_table("promotion", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("hotfix", sa.Boolean(), server_default=sa.false(), nullable=False)
        )

    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("channel", sa.String(length=80), server_default="", nullable=False)
        )
