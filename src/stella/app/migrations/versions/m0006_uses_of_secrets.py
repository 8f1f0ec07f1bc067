"""uses of secrets, what integrations are found by, what versions of plugins were."""

import json

import sqlalchemy as sa
from alembic import op

from stella.kernel import digest_of

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_WHERE = ("kind", "connector", "endpoint", "config", "hosts", "networks", "ca", "proxy")


def upgrade() -> None:
    """Bring the schema one step further. What is in use may go on as it is."""
    op.create_table(
        "secret_use",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("secret", sa.String(length=80), nullable=False),
        sa.Column("integration", sa.String(length=80), nullable=False),
        sa.Column("place", sa.String(length=71), nullable=False),
        sa.Column("allowed_by", sa.String(length=80), nullable=False),
        sa.Column("allowed_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "secret", "integration", name=op.f("pk_secret_use")),
    )
    with op.batch_alter_table("integration", schema=None) as batch_op:
        batch_op.add_column(sa.Column("kind", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("place", sa.String(length=1024), nullable=True))
    _fill(op.get_bind())
    with op.batch_alter_table("integration", schema=None) as batch_op:
        batch_op.alter_column("kind", existing_type=sa.String(length=40), nullable=False)
        batch_op.alter_column("place", existing_type=sa.String(length=1024), nullable=False)
        batch_op.create_index(
            batch_op.f("ix_integration_tenant_kind_place"),
            ["tenant", "kind", "place"],
            unique=False,
        )
    with op.batch_alter_table("plugin_version", schema=None) as batch_op:
        batch_op.add_column(sa.Column("manifest", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("tree", sa.String(length=71), nullable=True))


def _fill(connection: sa.Connection) -> None:
    table = sa.table(
        "integration",
        *(sa.column(one) for one in ("tenant", "name", "spec", "changed_at", "kind", "place")),
    )
    uses = sa.table(
        "secret_use",
        *(
            sa.column(one)
            for one in ("tenant", "secret", "integration", "place", "allowed_by", "allowed_at")
        ),
    )
    for row in connection.execute(sa.select(table)).mappings().all():
        spec = json.loads(row["spec"])
        connection.execute(
            table.update()
            .where(table.c.tenant == row["tenant"], table.c.name == row["name"])
            .values(kind=spec["kind"], place=spec["endpoint"].lower())
        )
        place = digest_of({key: spec[key] for key in _WHERE}).text
        named = {one for one in spec["credentials"].values() if one.startswith("secret://")}
        for reference in sorted(named):
            connection.execute(
                uses.insert().values(
                    tenant=row["tenant"],
                    secret=reference.removeprefix("secret://"),
                    integration=row["name"],
                    place=place,
                    allowed_by="system",
                    allowed_at=row["changed_at"],
                )
            )
