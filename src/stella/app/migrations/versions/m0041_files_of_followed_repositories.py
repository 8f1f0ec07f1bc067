"""files of followed repositories."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0038"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py, but for the files that counted before they were kept.
    with op.batch_alter_table("followed_repository", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asks", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("counted", sa.Text(), nullable=False, server_default="[]"))
    with op.batch_alter_table("followed_repository", schema=None) as batch_op:
        batch_op.alter_column("asks", server_default=None)
        batch_op.alter_column("counted", server_default=None)
