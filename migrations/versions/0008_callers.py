"""Glue: the keyed hash of callers' numbers, what was asked and answered, and measures in force."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Calls that are there already get no hash: nobody was told that they would be looked up.
    with op.batch_alter_table("calls") as table:
        table.add_column(sa.Column("caller_hash", sa.String(length=64), nullable=True))
        table.add_column(sa.Column("caller_key_id", sa.String(length=16), nullable=True))
        table.create_index(
            "ix_calls_caller_hash_started_at", ["caller_hash", "started_at"], unique=False
        )
    op.create_table(
        "call_matters",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("matter", sa.String(length=300), nullable=False),
        sa.Column("answer", sa.String(length=300), nullable=False),
        sa.Column("by_login", sa.String(length=160), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.id"],
            name=op.f("fk_call_matters_call_id_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_call_matters")),
    )
    op.create_table(
        "caller_measures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("caller_hash", sa.String(length=64), nullable=False),
        sa.Column("caller_key_id", sa.String(length=16), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=True),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.Column("office_wide", sa.Boolean(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("detail", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("words", sa.String(length=300), nullable=False),
        sa.Column("clause", sa.String(length=300), nullable=False),
        sa.Column("begins_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.Column("requested_by", sa.String(length=160), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(length=160), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.String(length=160), nullable=True),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lift_reason", sa.String(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.id"],
            name=op.f("fk_caller_measures_call_id_calls"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caller_measures")),
    )
    op.create_index("ix_caller_measures_caller_hash", "caller_measures", ["caller_hash"])


def downgrade() -> None:
    op.drop_table("caller_measures")
    op.drop_table("call_matters")
    with op.batch_alter_table("calls") as table:
        table.drop_index("ix_calls_caller_hash_started_at")
        table.drop_column("caller_key_id")
        table.drop_column("caller_hash")
