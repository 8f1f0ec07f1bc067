"""fixes that were told of."""

import sqlalchemy as sa
from alembic import op

from stella.kernel import digest_of

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further. Of fixes that are known already nobody noted since when."""
    op.create_table(
        "fix_told",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("fix", sa.String(length=64), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "fix", name=op.f("pk_fix_told")),
    )
    _fill(op.get_bind())


def _fill(connection: sa.Connection) -> None:
    findings = sa.table(
        "scan_finding",
        *(sa.column(one) for one in ("tenant", "vulnerability", "purl", "fixed")),
    )
    query = (
        sa.select(findings.c.tenant, findings.c.vulnerability, findings.c.purl)
        .where(findings.c.fixed != "")
        .distinct()
    )
    told = {
        (row["tenant"], digest_of([row["vulnerability"], _package(row["purl"])]).hex)
        for row in connection.execute(query).mappings()
    }
    table = sa.table("fix_told", *(sa.column(one) for one in ("tenant", "fix", "at")))
    rows = [{"tenant": tenant, "fix": fix, "at": ""} for tenant, fix in sorted(told)]
    if rows:
        connection.execute(table.insert(), rows)


def _package(purl: str) -> str:
    plain, _, qualifiers = purl.partition("#")[0].partition("?")
    path, _, name = plain.rpartition("/")
    distros = sorted(one for one in qualifiers.split("&") if one.startswith("distro="))
    return "?".join([f"{path}/{name.partition('@')[0]}", *distros[:1]])
