"""every finding in one list."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "scan_finding",
        sa.Column("scan", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("vulnerability", sa.String(length=200), nullable=False),
        sa.Column("names", sa.Text(), nullable=False),
        sa.Column("purl", sa.String(length=512), nullable=False),
        sa.Column("component", sa.String(length=200), nullable=False),
        sa.Column("version", sa.String(length=200), nullable=False),
        sa.Column("severity", sa.String(length=10), nullable=False),
        sa.Column("fixed", sa.String(length=200), nullable=False),
        sa.Column("exploited", sa.Boolean(), nullable=False),
        sa.Column("vex", sa.String(length=20), nullable=False),
        sa.Column("reach", sa.String(length=20), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("epss_permille", sa.Integer(), nullable=True),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scan", "number", name=op.f("pk_scan_finding")),
    )
    with op.batch_alter_table("scan_finding", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_scan_finding_tenant_urgency_vulnerability_scan_number"),
            ["tenant", "urgency", "vulnerability", "scan", "number"],
            unique=False,
        )
    # What was found before is put into the list where scans are brought to the advisories of now.
    op.execute("UPDATE scan SET as_of = ''")
