"""where findings and components are."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "scan_component",
        sa.Column("scan", sa.String(length=40), nullable=False),
        sa.Column("purl", sa.String(length=512), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("type", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("scan", "purl", name=op.f("pk_scan_component")),
    )
    with op.batch_alter_table("scan_component", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_scan_component_tenant_name"), ["tenant", "name"], unique=False
        )

    op.create_table(
        "scan_name",
        sa.Column("scan", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("scan", "name", name=op.f("pk_scan_name")),
    )
    with op.batch_alter_table("scan_name", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_scan_name_tenant_name"), ["tenant", "name"], unique=False
        )

    with op.batch_alter_table("scan", schema=None) as batch_op:
        batch_op.add_column(sa.Column("as_of", sa.String(length=71), nullable=True))
