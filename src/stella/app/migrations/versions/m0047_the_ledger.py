"""the ledger: its head, and which statements are public."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "ledger_head",
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_ledger_head")),
    )
    op.create_table(
        "ledger_statement",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("bundle", sa.String(length=71), nullable=False),
        sa.Column("public", sa.String(length=71), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "bundle", name=op.f("pk_ledger_statement")),
    )
