"""steps that are taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    with op.batch_alter_table("deployment_step", schema=None) as batch_op:
        batch_op.add_column(sa.Column("purpose", sa.String(length=10), nullable=True))
    table = sa.table("deployment_step", sa.column("purpose"))
    op.get_bind().execute(table.update().values(purpose="run"))
    with op.batch_alter_table("deployment_step", schema=None) as batch_op:
        batch_op.alter_column("purpose", existing_type=sa.String(length=10), nullable=False)
