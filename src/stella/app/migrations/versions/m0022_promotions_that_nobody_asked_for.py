"""promotions that nobody asked for."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    with op.batch_alter_table("promotion", schema=None) as batch_op:
        batch_op.add_column(sa.Column("follows", sa.String(length=40), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_promotion_environment_state_deployment"),
            ["environment", "state", "deployment"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_promotion_release_digest_environment"),
            ["release_digest", "environment"],
            unique=False,
        )
