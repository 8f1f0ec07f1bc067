"""files of followed repositories, and versions that were told."""

import sqlalchemy as sa
from alembic import op

revision = "0041"
down_revision = "0040"
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
    op.create_table(
        "told_version",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("component", sa.String(length=80), nullable=False),
        sa.Column("channel", sa.String(length=80), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("image", sa.String(length=512), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=False),
        sa.Column("build", sa.String(length=200), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "component", "channel", "version", name=op.f("pk_told_version")
        ),
    )
    with op.batch_alter_table("told_version", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_told_version_tenant_component_at"),
            ["tenant", "component", "at"],
            unique=False,
        )
