"""places of what was begun, and beginnings of take-downs."""

import base64
import json

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

_AT_A_TIME = 500


def upgrade() -> None:
    """Bring the schema one step further. What was ordered already gets its project from its order."""
    op.create_table(
        "environment_emptying",
        sa.Column("take_down", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("environment", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("take_down", name=op.f("pk_environment_emptying")),
    )
    with op.batch_alter_table("environment_emptying", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_environment_emptying_tenant_environment_at"),
            ["tenant", "environment", "at"],
            unique=False,
        )
    with op.batch_alter_table("target_deployment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("project", sa.String(length=80), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_target_deployment_tenant_agent_project"),
            ["tenant", "agent", "project"],
            unique=False,
        )
    _note_beginnings(op.get_bind())
    _note_projects(op.get_bind())


def _note_beginnings(connection: sa.Connection) -> None:
    names = ("tenant", "environment")
    began = sa.table("take_down", *(sa.column(one) for one in (*names, "id", "started_at")))
    table = sa.table("environment_emptying", *map(sa.column, ("take_down", *names, "at")))
    query = sa.select(began.c.id, began.c.tenant, began.c.environment, began.c.started_at)
    connection.execute(table.insert().from_select(["take_down", *names, "at"], query))


def _note_projects(connection: sa.Connection) -> None:
    """Without an order nothing was begun, and the project comes with the order."""
    order = sa.table("target_order", sa.column("id"), sa.column("bundle"))
    part = sa.table("target_deployment", sa.column("order"), sa.column("project"))
    noted = (
        part.update()
        .where(part.c.order == sa.bindparam("named"))
        .values(project=sa.bindparam("found"))
    )
    last = ""
    while True:
        query = sa.select(order.c.id, order.c.bundle).where(order.c.id > last).order_by(order.c.id)
        rows = connection.execute(query.limit(_AT_A_TIME)).all()
        if not rows:
            return
        connection.execute(noted, [{"named": one, "found": _project(text)} for one, text in rows])
        last = rows[-1][0]


def _project(bundle: str) -> str:
    payload = base64.b64decode(json.loads(bundle)["dsseEnvelope"]["payload"])
    return str(json.loads(payload)["predicate"]["intent"]["project"])
