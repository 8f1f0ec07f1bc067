"""queues of environments."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py, but for the ranks of what was asked for before there were any.
    with op.batch_alter_table("promotion", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rank", sa.Integer(), nullable=False, server_default="2"))
        batch_op.add_column(sa.Column("superseded_by", sa.String(length=40), nullable=True))
        batch_op.drop_index(batch_op.f("ix_promotion_environment_state"))
        batch_op.create_index(
            batch_op.f("ix_promotion_environment_state_rank_id"),
            ["environment", "state", "rank", "id"],
            unique=False,
        )
    promotion = sa.table("promotion", sa.column("rank"), sa.column("rollback", sa.Boolean()))
    op.execute(promotion.update().where(promotion.c.rollback).values(rank=0))
    with op.batch_alter_table("promotion", schema=None) as batch_op:
        batch_op.alter_column("rank", server_default=None)
