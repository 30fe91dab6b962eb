"""Glue: judgements and trials."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "judgements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("opinion", sa.String(length=8), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("callers_side", sa.Text(), nullable=False),
        sa.Column("considered", sa.JSON(), nullable=False),
        sa.Column("second_wanted", sa.Boolean(), nullable=False),
        sa.Column("by_login", sa.String(length=160), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        _of_a_call("judgements"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_judgements")),
    )
    op.create_index(op.f("ix_judgements_call_id"), "judgements", ["call_id"])
    op.create_table(
        "judged_findings",
        sa.Column("judgement_id", sa.Integer(), nullable=False),
        sa.Column("finding_id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("borne_out", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["judgement_id"],
            ["judgements.id"],
            name=op.f("fk_judged_findings_judgement_id_judgements"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["finding_id"],
            ["findings.id"],
            name=op.f("fk_judged_findings_finding_id_findings"),
            ondelete="CASCADE",
        ),
        _of_a_call("judged_findings"),
        sa.PrimaryKeyConstraint("judgement_id", "finding_id", name=op.f("pk_judged_findings")),
    )
    for column in ("call_id", "finding_id"):
        op.create_index(op.f(f"ix_judged_findings_{column}"), "judged_findings", [column])
    op.create_table(
        "trials",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("change", sa.JSON(), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("most_calls", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=48), nullable=False),
        sa.Column("by_login", sa.String(length=160), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("policy_before", sa.Text(), nullable=False),
        sa.Column("policy_after", sa.Text(), nullable=False),
        sa.Column("off_before", sa.JSON(), nullable=False),
        sa.Column("versions", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trials")),
    )
    op.create_index(op.f("ix_trials_state"), "trials", ["state"])
    op.create_table(
        "trial_calls",
        sa.Column("trial_id", sa.String(length=32), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("why", sa.String(length=64), nullable=False),
        sa.Column("level_before", sa.Integer(), nullable=False),
        sa.Column("level_after", sa.Integer(), nullable=False),
        sa.Column("come", sa.Integer(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.Column("differs", sa.Boolean(), nullable=False),
        sa.Column("differences", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["trial_id"],
            ["trials.id"],
            name=op.f("fk_trial_calls_trial_id_trials"),
            ondelete="CASCADE",
        ),
        _of_a_call("trial_calls"),
        sa.PrimaryKeyConstraint("trial_id", "call_id", name=op.f("pk_trial_calls")),
    )
    op.create_index("ix_trial_calls_trial_id_state", "trial_calls", ["trial_id", "state"])
    op.create_index(op.f("ix_trial_calls_call_id"), "trial_calls", ["call_id"])


def _of_a_call(table: str) -> sa.ForeignKeyConstraint:
    """What a deleted call takes with it."""
    return sa.ForeignKeyConstraint(
        ["call_id"], ["calls.id"], name=op.f(f"fk_{table}_call_id_calls"), ondelete="CASCADE"
    )


def downgrade() -> None:
    for table in ("trial_calls", "trials", "judged_findings", "judgements"):
        op.drop_table(table)
