"""First tables."""

import sqlalchemy as sa
from alembic import op

from prelabel.models.columns import BigId, Dollars, Moment, NullableJson

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "attempt",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempt")),
    )
    op.create_index(op.f("ix_attempt_at"), "attempt", ["at"], unique=False)
    op.create_index(op.f("ix_attempt_key_at"), "attempt", ["key", "at"], unique=False)
    op.create_table(
        "image",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_image")),
    )
    op.create_table(
        "project",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("cap", Dollars(), nullable=True),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("replies_days", sa.Integer(), nullable=True),
        sa.Column("retention_due_at", Moment(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
        sa.UniqueConstraint("name", name=op.f("uq_project_name")),
    )
    op.create_table(
        "prompt",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt")),
        sa.UniqueConstraint("digest", name=op.f("uq_prompt_digest")),
    )
    op.create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("disabled_at", Moment(), nullable=True),
        sa.CheckConstraint(
            "role IN ('reviewer', 'senior', 'lead', 'admin')", name=op.f("ck_users_role_known")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("name", name=op.f("uq_users_name")),
    )
    op.create_table(
        "worker",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker")),
    )
    op.create_table(
        "dataset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_dataset_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_dataset_project_id_name")),
    )
    op.create_table(
        "invitation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("project_ids", sa.JSON(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_invitation_by_id_users")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_invitation_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitation_digest")),
    )
    op.create_table(
        "journal",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_journal_project_id_project")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_journal_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_project_id_id"), "journal", ["project_id", "id"], unique=False)
    op.create_index(op.f("ix_journal_user_id_id"), "journal", ["user_id", "id"], unique=False)
    op.create_table(
        "kept_figure",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", NullableJson(), nullable=True),
        sa.Column("as_of", Moment(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("mark", sa.JSON(), nullable=False),
        sa.Column("same_since", Moment(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_kept_figure_project_id_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kept_figure")),
        sa.UniqueConstraint("project_id", "name", name=op.f("uq_kept_figure_project_id_name")),
    )
    op.create_table(
        "member",
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_member_project_id_project")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_member_user_id_users")),
        sa.PrimaryKeyConstraint("project_id", "user_id", name=op.f("pk_member")),
    )
    op.create_index(op.f("ix_member_user_id"), "member", ["user_id"], unique=False)
    op.create_table(
        "schema_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_schema_version_project_id_project")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schema_version")),
        sa.UniqueConstraint("project_id", "version", name=op.f("uq_schema_version_project_id_version")),
    )
    op.create_table(
        "sign_in",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("seen_at", Moment(), nullable=False),
        sa.Column("ended_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_sign_in_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in")),
        sa.UniqueConstraint("digest", name=op.f("uq_sign_in_digest")),
    )
    op.create_index(op.f("ix_sign_in_user_id"), "sign_in", ["user_id"], unique=False)
    op.create_table(
        "token",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=True),
        sa.Column("last_used_at", Moment(), nullable=True),
        sa.Column("revoked_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_token_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("digest", name=op.f("uq_token_digest")),
    )
    op.create_index(op.f("ix_token_user_id"), "token", ["user_id"], unique=False)
    op.create_table(
        "webhook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("events", sa.JSON(), nullable=False),
        sa.Column("salt", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["project_id"], ["project.id"], name=op.f("fk_webhook_project_id_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index(op.f("ix_webhook_project_id"), "webhook", ["project_id"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("delivered_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.id"], name=op.f("fk_delivery_webhook_id_webhook")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("message_id", name=op.f("uq_delivery_message_id")),
    )
    op.create_index(op.f("ix_delivery_due_at"), "delivery", ["due_at"], unique=False)
    op.create_index(op.f("ix_delivery_webhook_id_id"), "delivery", ["webhook_id", "id"], unique=False)
    op.create_table(
        "example",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.String(), nullable=False),
        sa.Column("content_hash", sa.String(), nullable=False),
        sa.Column("content", sa.JSON(), nullable=False),
        sa.Column("gold", NullableJson(), nullable=True),
        sa.Column("meta", NullableJson(), nullable=True),
        sa.Column("schema_version_id", sa.Integer(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("replies_removed_at", Moment(), nullable=True),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_example_dataset_id_dataset")),
        sa.ForeignKeyConstraint(
            ["schema_version_id"],
            ["schema_version.id"],
            name=op.f("fk_example_schema_version_id_schema_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_example")),
        sa.UniqueConstraint("dataset_id", "external_id", name=op.f("uq_example_dataset_id_external_id")),
    )
    op.create_index(
        op.f("ix_example_dataset_id_content_hash"), "example", ["dataset_id", "content_hash"], unique=False
    )
    op.create_index(
        "ix_example_with_content",
        "example",
        ["dataset_id", "replies_removed_at", "created_at"],
        unique=False,
        postgresql_where=sa.text("removed_at IS NULL"),
        sqlite_where=sa.text("removed_at IS NULL"),
    )
    op.create_table(
        "image_name",
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_image_name_dataset_id_dataset")
        ),
        sa.ForeignKeyConstraint(["sha256"], ["image.sha256"], name=op.f("fk_image_name_sha256_image")),
        sa.PrimaryKeyConstraint("dataset_id", "name", name=op.f("pk_image_name")),
    )
    op.create_table(
        "import",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("started_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=True),
        sa.Column("added", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_import_dataset_id_dataset")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import")),
    )
    op.create_index(op.f("ix_import_dataset_id"), "import", ["dataset_id"], unique=False)
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("schema_version_id", sa.Integer(), nullable=False),
        sa.Column("prompt_id", sa.Integer(), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("trial", sa.Boolean(), nullable=False),
        sa.Column("cap", Dollars(), nullable=True),
        sa.Column("quote", NullableJson(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("learned_label_id", BigId(), nullable=False),
        sa.Column("seed", BigId(), nullable=False),
        sa.Column("accepting", sa.Boolean(), nullable=False),
        sa.Column("accepting_note", sa.Text(), nullable=False),
        sa.Column("accepting_since", Moment(), nullable=False),
        sa.Column("audited_from", BigId(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("drafted_at", Moment(), nullable=True),
        sa.Column("cancelled_at", Moment(), nullable=True),
        sa.CheckConstraint("lane IN ('live', 'batch')", name=op.f("ck_run_lane_known")),
        sa.CheckConstraint(
            "state IN ('running', 'paused', 'over_budget', 'cancelled')", name=op.f("ck_run_state_known")
        ),
        sa.ForeignKeyConstraint(["dataset_id"], ["dataset.id"], name=op.f("fk_run_dataset_id_dataset")),
        sa.ForeignKeyConstraint(["prompt_id"], ["prompt.id"], name=op.f("fk_run_prompt_id_prompt")),
        sa.ForeignKeyConstraint(
            ["schema_version_id"], ["schema_version.id"], name=op.f("fk_run_schema_version_id_schema_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_dataset_id"), "run", ["dataset_id"], unique=False)
    op.create_table(
        "schema_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("project_id", sa.Integer(), nullable=False),
        sa.Column("from_id", sa.Integer(), nullable=False),
        sa.Column("to_id", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("moved_up_to", BigId(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["from_id"], ["schema_version.id"], name=op.f("fk_schema_change_from_id_schema_version")
        ),
        sa.ForeignKeyConstraint(
            ["project_id"], ["project.id"], name=op.f("fk_schema_change_project_id_project")
        ),
        sa.ForeignKeyConstraint(
            ["to_id"], ["schema_version.id"], name=op.f("fk_schema_change_to_id_schema_version")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_schema_change")),
        sa.UniqueConstraint("from_id", name=op.f("uq_schema_change_from_id")),
    )
    op.create_index(op.f("ix_schema_change_project_id"), "schema_change", ["project_id"], unique=False)
    op.create_table(
        "alarm",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("raised_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_alarm_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alarm")),
    )
    op.create_index(op.f("ix_alarm_run_id_id"), "alarm", ["run_id", "id"], unique=False)
    op.create_table(
        "auditcut",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("look", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("newest_label_id", BigId(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sizes", sa.JSON(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_auditcut_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auditcut")),
    )
    op.create_index(op.f("ix_auditcut_run_id"), "auditcut", ["run_id"], unique=False)
    op.create_table(
        "auditdraw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("terms", sa.JSON(), nullable=False),
        sa.Column("schema_version_id", sa.Integer(), nullable=False),
        sa.Column("examples", sa.Integer(), nullable=False),
        sa.Column("pool", sa.Integer(), nullable=False),
        sa.Column("ranked_by", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("planned", NullableJson(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_auditdraw_run_id_run")),
        sa.ForeignKeyConstraint(
            ["schema_version_id"],
            ["schema_version.id"],
            name=op.f("fk_auditdraw_schema_version_id_schema_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auditdraw")),
        sa.UniqueConstraint("run_id", name=op.f("uq_auditdraw_run_id")),
    )
    op.create_table(
        "auditlook",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("look", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_auditlook_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_auditlook")),
        sa.UniqueConstraint("run_id", "look", name=op.f("uq_auditlook_run_id_look")),
    )
    op.create_table(
        "bad_row",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["import_id"], ["import.id"], name=op.f("fk_bad_row_import_id_import")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bad_row")),
    )
    op.create_index(op.f("ix_bad_row_import_id"), "bad_row", ["import_id"], unique=False)
    op.create_table(
        "batch",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("remote_id", sa.String(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("answered", sa.Integer(), nullable=False),
        sa.Column("learned_label_id", BigId(), nullable=False),
        sa.Column("schema_version_id", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("polled_at", Moment(), nullable=True),
        sa.Column("due_at", Moment(), nullable=True),
        sa.CheckConstraint(
            "state IN ('preparing', 'sending', 'submitted', 'collected', 'cancelled', 'failed')",
            name=op.f("ck_batch_state_known"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_batch_run_id_run")),
        sa.ForeignKeyConstraint(
            ["schema_version_id"],
            ["schema_version.id"],
            name=op.f("fk_batch_schema_version_id_schema_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sa.UniqueConstraint("owner", name=op.f("uq_batch_owner")),
    )
    op.create_index(op.f("ix_batch_due_at"), "batch", ["due_at"], unique=False)
    op.create_index(op.f("ix_batch_run_id"), "batch", ["run_id"], unique=False)
    op.create_table(
        "call",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("example_id", BigId(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("request_hash", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("tokens_in", sa.Integer(), nullable=False),
        sa.Column("tokens_out", sa.Integer(), nullable=False),
        sa.Column("tokens_cached", sa.Integer(), nullable=False),
        sa.Column("tokens_reasoning", sa.Integer(), nullable=False),
        sa.Column("dollars", Dollars(), nullable=True),
        sa.Column("price_version", sa.String(), nullable=False),
        sa.Column("latency_ms", sa.Integer(), nullable=False),
        sa.Column("reply", NullableJson(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint("lane IN ('live', 'batch')", name=op.f("ck_call_lane_known")),
        sa.CheckConstraint(
            "outcome IN ('ok', 'invalid', 'limited', 'transient', 'refused', 'stopping')",
            name=op.f("ck_call_outcome_known"),
        ),
        sa.CheckConstraint(
            "purpose IN ('draft', 'repair', 'sample', 'group', 'embed')", name=op.f("ck_call_purpose_known")
        ),
        sa.ForeignKeyConstraint(["example_id"], ["example.id"], name=op.f("fk_call_example_id_example")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_call_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_call")),
    )
    op.create_index(
        op.f("ix_call_example_id_request_hash"), "call", ["example_id", "request_hash"], unique=False
    )
    op.create_index(
        "ix_call_limited",
        "call",
        ["run_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("outcome = 'limited'"),
        sqlite_where=sa.text("outcome = 'limited'"),
    )
    op.create_index(op.f("ix_call_request_hash"), "call", ["request_hash"], unique=False)
    op.create_index(
        "ix_call_sums",
        "call",
        ["run_id", "step", "model", "purpose", "lane", "outcome", "requests", "dollars"],
        unique=False,
    )
    op.create_table(
        "conflict_search",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("examples", sa.Integer(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("finished_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_conflict_search_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict_search")),
    )
    op.create_index(op.f("ix_conflict_search_run_id"), "conflict_search", ["run_id"], unique=False)
    op.create_table(
        "draft",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("example_id", BigId(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("schema_version_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("prompt_digest", sa.String(), nullable=False),
        sa.Column("label", NullableJson(), nullable=True),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("confidences", sa.JSON(), nullable=False),
        sa.Column("alternatives", sa.JSON(), nullable=False),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["example_id"], ["example.id"], name=op.f("fk_draft_example_id_example")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_draft_run_id_run")),
        sa.ForeignKeyConstraint(
            ["schema_version_id"],
            ["schema_version.id"],
            name=op.f("fk_draft_schema_version_id_schema_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_draft")),
    )
    op.create_index(
        "ix_draft_failed",
        "draft",
        ["run_id", "step"],
        unique=False,
        postgresql_where=sa.text("failure <> ''"),
        sqlite_where=sa.text("failure <> ''"),
    )
    op.create_index(op.f("ix_draft_run_id_example_id"), "draft", ["run_id", "example_id"], unique=False)
    op.create_index(
        op.f("ix_draft_run_id_step_created_at"), "draft", ["run_id", "step", "created_at"], unique=False
    )
    op.create_table(
        "drawn",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("example_id", BigId(), nullable=False),
        sa.Column("draft_id", BigId(), nullable=False),
        sa.Column("uncertainty", sa.Float(), nullable=False),
        sa.Column("look", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["example_id"], ["example.id"], name=op.f("fk_drawn_example_id_example")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_drawn_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drawn")),
        sa.UniqueConstraint("run_id", "example_id", name=op.f("uq_drawn_run_id_example_id")),
    )
    op.create_index(op.f("ix_drawn_run_id_look"), "drawn", ["run_id", "look"], unique=False)
    op.create_table(
        "given_draft",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("example_id", BigId(), nullable=False),
        sa.Column("import_id", sa.Integer(), nullable=False),
        sa.Column("schema_version_id", sa.Integer(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("label", sa.JSON(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_given_draft_dataset_id_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["example_id"], ["example.id"], name=op.f("fk_given_draft_example_id_example")
        ),
        sa.ForeignKeyConstraint(["import_id"], ["import.id"], name=op.f("fk_given_draft_import_id_import")),
        sa.ForeignKeyConstraint(
            ["schema_version_id"],
            ["schema_version.id"],
            name=op.f("fk_given_draft_schema_version_id_schema_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_given_draft")),
        sa.UniqueConstraint("example_id", "model", name=op.f("uq_given_draft_example_id_model")),
    )
    op.create_index(
        op.f("ix_given_draft_dataset_id_model"), "given_draft", ["dataset_id", "model"], unique=False
    )
    op.create_table(
        "issuedcertificate",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("newest_label_id", BigId(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_issuedcertificate_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_issuedcertificate")),
    )
    op.create_index(op.f("ix_issuedcertificate_run_id"), "issuedcertificate", ["run_id"], unique=False)
    op.create_table(
        "label",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("example_id", BigId(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("draft_id", BigId(), nullable=True),
        sa.Column("review_id", BigId(), nullable=True),
        sa.Column("schema_version_id", sa.Integer(), nullable=False),
        sa.Column("mapped_from", BigId(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "source IN ('auto', 'review', 'consensus', 'adjudication', 'gold')",
            name=op.f("ck_label_source_known"),
        ),
        sa.ForeignKeyConstraint(["example_id"], ["example.id"], name=op.f("fk_label_example_id_example")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_label_run_id_run")),
        sa.ForeignKeyConstraint(
            ["schema_version_id"],
            ["schema_version.id"],
            name=op.f("fk_label_schema_version_id_schema_version"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_label")),
    )
    op.create_index(op.f("ix_label_run_id_example_id"), "label", ["run_id", "example_id"], unique=False)
    op.create_index(op.f("ix_label_run_id_source"), "label", ["run_id", "source"], unique=False)
    op.create_table(
        "placement",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("example_id", BigId(), nullable=False),
        sa.Column("is_gold", sa.Boolean(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("draft_id", BigId(), nullable=True),
        sa.Column("label_id", BigId(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("lease_owner", sa.String(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.CheckConstraint("lane IN ('live', 'batch')", name=op.f("ck_placement_lane_known")),
        sa.CheckConstraint(
            "place IN ('waiting', 'drafted', 'queued', 'settled', 'failed')",
            name=op.f("ck_placement_place_known"),
        ),
        sa.ForeignKeyConstraint(["example_id"], ["example.id"], name=op.f("fk_placement_example_id_example")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_placement_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_placement")),
        sa.UniqueConstraint("run_id", "example_id", name=op.f("uq_placement_run_id_example_id")),
    )
    op.create_index(
        "ix_placement_audit",
        "placement",
        ["run_id", "label_id"],
        unique=False,
        postgresql_where=sa.text("reason = 'audit'"),
        sqlite_where=sa.text("reason = 'audit'"),
    )
    op.create_index(op.f("ix_placement_lease_owner"), "placement", ["lease_owner"], unique=False)
    op.create_index(
        op.f("ix_placement_run_id_place_is_gold_id"),
        "placement",
        ["run_id", "place", "is_gold", "id"],
        unique=False,
    )
    op.create_table(
        "reservation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("dollars", Dollars(), nullable=False),
        sa.Column("expires_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_reservation_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reservation")),
        sa.UniqueConstraint("run_id", "owner", name=op.f("uq_reservation_run_id_owner")),
    )
    op.create_table(
        "reviewer_pause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("after_review_id", BigId(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("carried_out_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_reviewer_pause_by_id_users")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_reviewer_pause_run_id_run")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_reviewer_pause_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reviewer_pause")),
    )
    op.create_index(
        "ix_reviewer_pause_due",
        "reviewer_pause",
        ["id"],
        unique=False,
        postgresql_where=sa.text("is_paused AND carried_out_at IS NULL"),
        sqlite_where=sa.text("is_paused AND carried_out_at IS NULL"),
    )
    op.create_index(
        op.f("ix_reviewer_pause_user_id_run_id"), "reviewer_pause", ["user_id", "run_id"], unique=False
    )
    op.create_table(
        "acknowledgement",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("alarm_id", BigId(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"], name=op.f("fk_acknowledgement_alarm_id_alarm")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_acknowledgement_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acknowledgement")),
        sa.UniqueConstraint("alarm_id", name=op.f("uq_acknowledgement_alarm_id")),
    )
    op.create_table(
        "conflict",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("search_id", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("placement_id", BigId(), nullable=False),
        sa.Column("label_id", BigId(), nullable=False),
        sa.Column("other_placement_id", BigId(), nullable=True),
        sa.Column("other_label_id", BigId(), nullable=True),
        sa.Column("dismissed_by", sa.Integer(), nullable=True),
        sa.Column("dismissed_at", Moment(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["dismissed_by"], ["users.id"], name=op.f("fk_conflict_dismissed_by_users")),
        sa.ForeignKeyConstraint(
            ["other_placement_id"], ["placement.id"], name=op.f("fk_conflict_other_placement_id_placement")
        ),
        sa.ForeignKeyConstraint(
            ["placement_id"], ["placement.id"], name=op.f("fk_conflict_placement_id_placement")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_conflict_run_id_run")),
        sa.ForeignKeyConstraint(
            ["search_id"], ["conflict_search.id"], name=op.f("fk_conflict_search_id_conflict_search")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conflict")),
        sa.UniqueConstraint("run_id", "digest", name=op.f("uq_conflict_run_id_digest")),
    )
    op.create_index(
        op.f("ix_conflict_search_id_score_id"), "conflict", ["search_id", "score", "id"], unique=False
    )
    op.create_table(
        "scratch",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("placement_id", BigId(), nullable=False),
        sa.Column("label", NullableJson(), nullable=True),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("saved_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(
            ["placement_id"], ["placement.id"], name=op.f("fk_scratch_placement_id_placement")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_scratch_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "placement_id", name=op.f("pk_scratch")),
    )
    op.create_table(
        "slot",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("placement_id", BigId(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("example_id", BigId(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("for_senior", sa.Boolean(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("shown_draft", NullableJson(), nullable=True),
        sa.Column("asked_at", Moment(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("claimed_by", sa.Integer(), nullable=True),
        sa.Column("claimed_at", Moment(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("assigned_until", Moment(), nullable=True),
        sa.CheckConstraint(
            "reason IN ('low_confidence', 'gold_failed', 'audit', 'draft_failed', 'conflict', 'redundancy', 'requested', 'check')",
            name=op.f("ck_slot_reason_known"),
        ),
        sa.CheckConstraint("state IN ('open', 'answered', 'withdrawn')", name=op.f("ck_slot_state_known")),
        sa.ForeignKeyConstraint(["claimed_by"], ["users.id"], name=op.f("fk_slot_claimed_by_users")),
        sa.ForeignKeyConstraint(["example_id"], ["example.id"], name=op.f("fk_slot_example_id_example")),
        sa.ForeignKeyConstraint(
            ["placement_id"], ["placement.id"], name=op.f("fk_slot_placement_id_placement")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_slot_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_slot")),
        sa.UniqueConstraint("placement_id", "claimed_by", name=op.f("uq_slot_placement_id_claimed_by")),
    )
    op.create_index(
        "ix_slot_expiring",
        "slot",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND claimed_by IS NOT NULL"),
        sqlite_where=sa.text("state = 'open' AND claimed_by IS NOT NULL"),
    )
    op.create_index(
        "ix_slot_free",
        "slot",
        ["for_senior", "priority", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND claimed_by IS NULL"),
        sqlite_where=sa.text("state = 'open' AND claimed_by IS NULL"),
    )
    op.create_index(
        "ix_slot_free_in_run",
        "slot",
        ["run_id", "for_senior", "priority", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND claimed_by IS NULL"),
        sqlite_where=sa.text("state = 'open' AND claimed_by IS NULL"),
    )
    op.create_index(
        "ix_slot_held",
        "slot",
        ["claimed_by", "for_senior", "priority", "id"],
        unique=False,
        postgresql_where=sa.text("state = 'open' AND claimed_by IS NOT NULL"),
        sqlite_where=sa.text("state = 'open' AND claimed_by IS NOT NULL"),
    )
    op.create_index(
        "ix_slot_open",
        "slot",
        ["reason", "for_senior", "asked_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "unsent_label",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("webhook_id", sa.Integer(), nullable=False),
        sa.Column("label_id", BigId(), nullable=False),
        sa.ForeignKeyConstraint(["label_id"], ["label.id"], name=op.f("fk_unsent_label_label_id_label")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_unsent_label_webhook_id_webhook")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unsent_label")),
    )
    op.create_index(op.f("ix_unsent_label_webhook_id_id"), "unsent_label", ["webhook_id", "id"], unique=False)
    op.create_table(
        "review",
        sa.Column("id", BigId(), nullable=False),
        sa.Column("slot_id", BigId(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("example_id", BigId(), nullable=False),
        sa.Column("draft_id", BigId(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("schema_version_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("label", NullableJson(), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("client_token", sa.String(), nullable=False),
        sa.Column("undoes", BigId(), nullable=True),
        sa.Column("created_at", Moment(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('confirmed', 'corrected', 'skipped', 'flagged', 'undone')",
            name=op.f("ck_review_verdict_known"),
        ),
        sa.ForeignKeyConstraint(["example_id"], ["example.id"], name=op.f("fk_review_example_id_example")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_review_run_id_run")),
        sa.ForeignKeyConstraint(["slot_id"], ["slot.id"], name=op.f("fk_review_slot_id_slot")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_review_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review")),
        sa.UniqueConstraint("user_id", "client_token", name=op.f("uq_review_user_id_client_token")),
    )
    op.create_index(op.f("ix_review_run_id_example_id"), "review", ["run_id", "example_id"], unique=False)
    op.create_index(op.f("ix_review_run_id_id"), "review", ["run_id", "id"], unique=False)
    op.create_index(op.f("ix_review_run_id_user_id_id"), "review", ["run_id", "user_id", "id"], unique=False)
    op.create_index(op.f("ix_review_run_id_verdict_id"), "review", ["run_id", "verdict", "id"], unique=False)
    op.create_index(op.f("ix_review_undoes"), "review", ["undoes"], unique=False)
    op.create_index(op.f("ix_review_user_id_example_id"), "review", ["user_id", "example_id"], unique=False)
    op.create_index(op.f("ix_review_user_id_id"), "review", ["user_id", "id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_review_user_id_id"), table_name="review")
    op.drop_index(op.f("ix_review_user_id_example_id"), table_name="review")
    op.drop_index(op.f("ix_review_undoes"), table_name="review")
    op.drop_index(op.f("ix_review_run_id_verdict_id"), table_name="review")
    op.drop_index(op.f("ix_review_run_id_user_id_id"), table_name="review")
    op.drop_index(op.f("ix_review_run_id_id"), table_name="review")
    op.drop_index(op.f("ix_review_run_id_example_id"), table_name="review")
    op.drop_table("review")
    op.drop_index(op.f("ix_unsent_label_webhook_id_id"), table_name="unsent_label")
    op.drop_table("unsent_label")
    op.drop_index(
        "ix_slot_open",
        table_name="slot",
        postgresql_where=sa.text("state = 'open'"),
        sqlite_where=sa.text("state = 'open'"),
    )
    op.drop_index(
        "ix_slot_held",
        table_name="slot",
        postgresql_where=sa.text("state = 'open' AND claimed_by IS NOT NULL"),
        sqlite_where=sa.text("state = 'open' AND claimed_by IS NOT NULL"),
    )
    op.drop_index(
        "ix_slot_free_in_run",
        table_name="slot",
        postgresql_where=sa.text("state = 'open' AND claimed_by IS NULL"),
        sqlite_where=sa.text("state = 'open' AND claimed_by IS NULL"),
    )
    op.drop_index(
        "ix_slot_free",
        table_name="slot",
        postgresql_where=sa.text("state = 'open' AND claimed_by IS NULL"),
        sqlite_where=sa.text("state = 'open' AND claimed_by IS NULL"),
    )
    op.drop_index(
        "ix_slot_expiring",
        table_name="slot",
        postgresql_where=sa.text("state = 'open' AND claimed_by IS NOT NULL"),
        sqlite_where=sa.text("state = 'open' AND claimed_by IS NOT NULL"),
    )
    op.drop_table("slot")
    op.drop_table("scratch")
    op.drop_index(op.f("ix_conflict_search_id_score_id"), table_name="conflict")
    op.drop_table("conflict")
    op.drop_table("acknowledgement")
    op.drop_index(op.f("ix_reviewer_pause_user_id_run_id"), table_name="reviewer_pause")
    op.drop_index(
        "ix_reviewer_pause_due",
        table_name="reviewer_pause",
        postgresql_where=sa.text("is_paused AND carried_out_at IS NULL"),
        sqlite_where=sa.text("is_paused AND carried_out_at IS NULL"),
    )
    op.drop_table("reviewer_pause")
    op.drop_table("reservation")
    op.drop_index(op.f("ix_placement_run_id_place_is_gold_id"), table_name="placement")
    op.drop_index(op.f("ix_placement_lease_owner"), table_name="placement")
    op.drop_index(
        "ix_placement_audit",
        table_name="placement",
        postgresql_where=sa.text("reason = 'audit'"),
        sqlite_where=sa.text("reason = 'audit'"),
    )
    op.drop_table("placement")
    op.drop_index(op.f("ix_label_run_id_source"), table_name="label")
    op.drop_index(op.f("ix_label_run_id_example_id"), table_name="label")
    op.drop_table("label")
    op.drop_index(op.f("ix_issuedcertificate_run_id"), table_name="issuedcertificate")
    op.drop_table("issuedcertificate")
    op.drop_index(op.f("ix_given_draft_dataset_id_model"), table_name="given_draft")
    op.drop_table("given_draft")
    op.drop_index(op.f("ix_drawn_run_id_look"), table_name="drawn")
    op.drop_table("drawn")
    op.drop_index(op.f("ix_draft_run_id_step_created_at"), table_name="draft")
    op.drop_index(op.f("ix_draft_run_id_example_id"), table_name="draft")
    op.drop_index(
        "ix_draft_failed",
        table_name="draft",
        postgresql_where=sa.text("failure <> ''"),
        sqlite_where=sa.text("failure <> ''"),
    )
    op.drop_table("draft")
    op.drop_index(op.f("ix_conflict_search_run_id"), table_name="conflict_search")
    op.drop_table("conflict_search")
    op.drop_index("ix_call_sums", table_name="call")
    op.drop_index(op.f("ix_call_request_hash"), table_name="call")
    op.drop_index(
        "ix_call_limited",
        table_name="call",
        postgresql_where=sa.text("outcome = 'limited'"),
        sqlite_where=sa.text("outcome = 'limited'"),
    )
    op.drop_index(op.f("ix_call_example_id_request_hash"), table_name="call")
    op.drop_table("call")
    op.drop_index(op.f("ix_batch_run_id"), table_name="batch")
    op.drop_index(op.f("ix_batch_due_at"), table_name="batch")
    op.drop_table("batch")
    op.drop_index(op.f("ix_bad_row_import_id"), table_name="bad_row")
    op.drop_table("bad_row")
    op.drop_table("auditlook")
    op.drop_table("auditdraw")
    op.drop_index(op.f("ix_auditcut_run_id"), table_name="auditcut")
    op.drop_table("auditcut")
    op.drop_index(op.f("ix_alarm_run_id_id"), table_name="alarm")
    op.drop_table("alarm")
    op.drop_index(op.f("ix_schema_change_project_id"), table_name="schema_change")
    op.drop_table("schema_change")
    op.drop_index(op.f("ix_run_dataset_id"), table_name="run")
    op.drop_table("run")
    op.drop_index(op.f("ix_import_dataset_id"), table_name="import")
    op.drop_table("import")
    op.drop_table("image_name")
    op.drop_index(
        "ix_example_with_content",
        table_name="example",
        postgresql_where=sa.text("removed_at IS NULL"),
        sqlite_where=sa.text("removed_at IS NULL"),
    )
    op.drop_index(op.f("ix_example_dataset_id_content_hash"), table_name="example")
    op.drop_table("example")
    op.drop_index(op.f("ix_delivery_webhook_id_id"), table_name="delivery")
    op.drop_index(op.f("ix_delivery_due_at"), table_name="delivery")
    op.drop_table("delivery")
    op.drop_index(op.f("ix_webhook_project_id"), table_name="webhook")
    op.drop_table("webhook")
    op.drop_index(op.f("ix_token_user_id"), table_name="token")
    op.drop_table("token")
    op.drop_index(op.f("ix_sign_in_user_id"), table_name="sign_in")
    op.drop_table("sign_in")
    op.drop_table("schema_version")
    op.drop_index(op.f("ix_member_user_id"), table_name="member")
    op.drop_table("member")
    op.drop_table("kept_figure")
    op.drop_index(op.f("ix_journal_user_id_id"), table_name="journal")
    op.drop_index(op.f("ix_journal_project_id_id"), table_name="journal")
    op.drop_table("journal")
    op.drop_table("invitation")
    op.drop_table("dataset")
    op.drop_table("worker")
    op.drop_table("users")
    op.drop_table("prompt")
    op.drop_table("project")
    op.drop_table("image")
    op.drop_index(op.f("ix_attempt_key_at"), table_name="attempt")
    op.drop_index(op.f("ix_attempt_at"), table_name="attempt")
    op.drop_table("attempt")
