"""First tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema one step further."""
    # Written by tools/migration.py.
    op.create_table(
        "agent",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("enrolled_at", sa.String(length=27), nullable=False),
        sa.Column("certificate_expires_at", sa.String(length=27), nullable=False),
        sa.Column("last_seen_at", sa.String(length=27), nullable=True),
        sa.Column("report", sa.Text(), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent")),
    )
    with op.batch_alter_table("agent", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_agent_state_last_seen_at"), ["state", "last_seen_at"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_agent_tenant_name"), ["tenant", "name"], unique=False)

    op.create_table(
        "agent_nonce",
        sa.Column("agent", sa.String(length=40), nullable=False),
        sa.Column("nonce", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("agent", "nonce", name=op.f("pk_agent_nonce")),
    )
    with op.batch_alter_table("agent_nonce", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_agent_nonce_at"), ["at"], unique=False)

    op.create_table(
        "agent_token",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("expires_at", sa.String(length=27), nullable=False),
        sa.Column("agent", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_agent_token")),
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("promotion", sa.String(length=40), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("plan_digest", sa.String(length=71), nullable=False),
        sa.Column("bundle", sa.String(length=71), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
    )
    with op.batch_alter_table("approval", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_approval_promotion"), ["promotion"], unique=False)

    op.create_table(
        "artifact",
        sa.Column("deployment", sa.String(length=40), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("deployment", "target", "name", name=op.f("pk_artifact")),
    )
    with op.batch_alter_table("artifact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_artifact_digest"), ["digest"], unique=False)

    op.create_table(
        "chain",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.String(length=71), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_chain")),
    )
    op.create_table(
        "deployment",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("promotion", sa.String(length=40), nullable=False),
        sa.Column("release", sa.String(length=40), nullable=False),
        sa.Column("environment", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("plan", sa.String(length=71), nullable=False),
        sa.Column("record", sa.String(length=71), nullable=False),
        sa.Column("previous", sa.String(length=40), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("rollback", sa.Boolean(), nullable=False),
        sa.Column("simulated", sa.Boolean(), nullable=False),
        sa.Column("started_at", sa.String(length=27), nullable=False),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployment")),
        sa.UniqueConstraint("promotion", name=op.f("uq_deployment_promotion")),
    )
    with op.batch_alter_table("deployment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_deployment_environment_state"), ["environment", "state"], unique=False
        )

    op.create_table(
        "deployment_log",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("deployment", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.String(length=40), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("order_seq", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "deployment", "seq", name=op.f("pk_deployment_log")),
        sa.UniqueConstraint(
            "order_id",
            "fence",
            "order_seq",
            name=op.f("uq_deployment_log_order_id_fence_order_seq"),
        ),
    )
    op.create_table(
        "deployment_log_head",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("deployment", sa.String(length=40), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "deployment", name=op.f("pk_deployment_log_head")),
    )
    op.create_table(
        "environment",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_environment")),
    )
    op.create_table(
        "evidence",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
    )
    with op.batch_alter_table("evidence", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_evidence_subject"), ["subject"], unique=False)

    op.create_table(
        "fact",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.Column("subject", sa.String(length=1024), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=True),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.Column("hash", sa.String(length=71), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fact")),
        sa.UniqueConstraint("cause", "kind", "subject", name=op.f("uq_fact_cause_kind_subject")),
        sa.UniqueConstraint("tenant", "position", name=op.f("uq_fact_tenant_position")),
    )
    with op.batch_alter_table("fact", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_fact_kind"), ["kind"], unique=False)
        batch_op.create_index(batch_op.f("ix_fact_subject"), ["subject"], unique=False)

    op.create_table(
        "fact_pending",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("fact", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_fact_pending")),
    )
    op.create_table(
        "fact_unsealed",
        sa.Column(
            "sequence",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("fact", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_fact_unsealed")),
    )
    op.create_table(
        "freeze",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("environment", sa.String(length=80), nullable=False),
        sa.Column("starts_at", sa.String(length=27), nullable=False),
        sa.Column("ends_at", sa.String(length=27), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freeze")),
    )
    with op.batch_alter_table("freeze", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_freeze_environment"), ["environment"], unique=False)

    op.create_table(
        "idempotency",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("key_digest", sa.String(length=64), nullable=False),
        sa.Column("request_digest", sa.String(length=64), nullable=False),
        sa.Column("status", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("etag", sa.String(length=80), nullable=False),
        sa.Column("is_secret", sa.Boolean(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "actor", "key_digest", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("holder", sa.String(length=80), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "login_failure",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name_digest", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name_digest", name=op.f("pk_login_failure")),
    )
    op.create_table(
        "policy",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_policy")),
    )
    op.create_table(
        "promotion",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("release", sa.String(length=40), nullable=False),
        sa.Column("release_digest", sa.String(length=71), nullable=False),
        sa.Column("environment", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.String(length=27), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("rollback", sa.Boolean(), nullable=False),
        sa.Column("plan_digest", sa.String(length=71), nullable=True),
        sa.Column("input", sa.String(length=71), nullable=True),
        sa.Column("record", sa.String(length=71), nullable=True),
        sa.Column("bundle", sa.String(length=71), nullable=True),
        sa.Column("plan", sa.String(length=71), nullable=True),
        sa.Column("deployment", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promotion")),
    )
    with op.batch_alter_table("promotion", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_promotion_environment_state"), ["environment", "state"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_promotion_release"), ["release"], unique=False)

    op.create_table(
        "release",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("version", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("manifest", sa.String(length=71), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_release")),
        sa.UniqueConstraint(
            "tenant", "name", "version", name=op.f("uq_release_tenant_name_version")
        ),
    )
    with op.batch_alter_table("release", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_release_digest"), ["digest"], unique=False)

    op.create_table(
        "release_component",
        sa.Column("release", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(length=1024), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("repository", sa.String(length=255), nullable=False),
        sa.Column("tag", sa.String(length=128), nullable=True),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("media_type", sa.String(length=200), nullable=False),
        sa.Column("platforms", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("release", "name", name=op.f("pk_release_component")),
    )
    with op.batch_alter_table("release_component", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_release_component_digest"), ["digest"], unique=False)

    op.create_table(
        "scan",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=1024), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.Column("image", sa.String(length=71), nullable=True),
        sa.Column("platform_digest", sa.String(length=71), nullable=True),
        sa.Column("platform", sa.String(length=80), nullable=True),
        sa.Column("snapshot", sa.String(length=71), nullable=True),
        sa.Column("sbom", sa.String(length=71), nullable=True),
        sa.Column("sbom_bundle", sa.String(length=71), nullable=True),
        sa.Column("findings", sa.String(length=71), nullable=True),
        sa.Column("advisories", sa.String(length=71), nullable=True),
        sa.Column("components", sa.Integer(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.Column("kev", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_scan")),
        sa.UniqueConstraint(
            "tenant", "platform_digest", name=op.f("uq_scan_tenant_platform_digest")
        ),
    )
    with op.batch_alter_table("scan", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scan_image"), ["image"], unique=False)
        batch_op.create_index(batch_op.f("ix_scan_reference"), ["reference"], unique=False)

    op.create_table(
        "tag_seen",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("repository", sa.String(length=512), nullable=False),
        sa.Column("tag", sa.String(length=128), nullable=False),
        sa.Column("digest", sa.String(length=71), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "repository", "tag", name=op.f("pk_tag_seen")),
    )
    op.create_table(
        "target",
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("environment", sa.String(length=80), nullable=False),
        sa.Column("spec", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_target")),
    )
    with op.batch_alter_table("target", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_target_environment"), ["environment"], unique=False)

    op.create_table(
        "target_deployment",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("deployment", sa.String(length=40), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("connector", sa.String(length=80), nullable=False),
        sa.Column("agent", sa.String(length=80), nullable=False),
        sa.Column("plan", sa.String(length=71), nullable=False),
        sa.Column("sticker", sa.String(length=71), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("order", sa.String(length=40), nullable=True),
        sa.Column("started_at", sa.String(length=27), nullable=True),
        sa.Column("ended_at", sa.String(length=27), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("running", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_deployment")),
    )
    with op.batch_alter_table("target_deployment", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_target_deployment_deployment"), ["deployment"], unique=False
        )
        batch_op.create_index(batch_op.f("ix_target_deployment_order"), ["order"], unique=False)

    op.create_table(
        "target_order",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("agent", sa.String(length=40), nullable=False),
        sa.Column("deployment", sa.String(length=40), nullable=False),
        sa.Column("target", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("bundle", sa.Text(), nullable=False),
        sa.Column("issued_at", sa.String(length=27), nullable=False),
        sa.Column("expires_at", sa.String(length=27), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.String(length=27), nullable=True),
        sa.Column("taken_at", sa.String(length=27), nullable=True),
        sa.Column("finished_at", sa.String(length=27), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_target_order")),
        sa.UniqueConstraint(
            "tenant",
            "deployment",
            "target",
            "purpose",
            name=op.f("uq_target_order_tenant_deployment_target_purpose"),
        ),
    )
    with op.batch_alter_table("target_order", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_target_order_agent_state"), ["agent", "state"], unique=False
        )
        batch_op.create_index(
            batch_op.f("ix_target_order_state_expires_at"), ["state", "expires_at"], unique=False
        )

    op.create_table(
        "token",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("user", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("roles", sa.Text(), nullable=True),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("created_by", sa.String(length=80), nullable=False),
        sa.Column("expires_at", sa.String(length=27), nullable=False),
        sa.Column("revoked_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_token_digest")),
    )
    with op.batch_alter_table("token", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_token_user"), ["user"], unique=False)

    op.create_table(
        "user_account",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("tenant", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("password", sa.Text(), nullable=True),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.String(length=27), nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("tenant", "name", name=op.f("uq_user_account_tenant_name")),
    )
