"""What images are made of."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "image_chain",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("platform_digest", sa.String(length=71), nullable=False),
        sa.Column("chain", sa.String(length=71), nullable=False),
        sa.Column("layers", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=1024), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "platform_digest", name=op.f("pk_image_chain")),
    )
    with op.batch_alter_table("image_chain", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_image_chain_tenant_chain"), ["tenant", "chain"], unique=False
        )
