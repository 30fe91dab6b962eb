"""Glue: counts that outlive their calls, what decisions rest on, checks of the trail and the way into it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "statistics_months",
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.Column("measure", sa.String(length=24), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "month", "section", "measure", "key", name=op.f("pk_statistics_months")
        ),
    )
    op.create_table(
        "statistics_repeats",
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.id"],
            name=op.f("fk_statistics_repeats_call_id_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_statistics_repeats")),
    )
    op.create_table(
        "basis_texts",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_basis_texts")),
    )
    op.create_table(
        "basis_in_use",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("version", sa.String(length=160), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_basis_in_use")),
    )
    op.create_index("ix_basis_in_use_kind_since", "basis_in_use", ["kind", "since"])
    op.create_table(
        "trail_checks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_login", sa.String(length=160), nullable=False),
        sa.Column("links", sa.Integer(), nullable=False),
        sa.Column("broken_number", sa.Integer(), nullable=True),
        sa.Column("fault", sa.String(length=16), nullable=False),
        sa.Column("altered", sa.JSON(), nullable=False),
        sa.Column("end_number", sa.Integer(), nullable=False),
        sa.Column("end_seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trail_checks")),
    )
    op.create_index("ix_trail_at", "trail", ["at"])
    op.create_index("ix_trail_kind_number", "trail", ["kind", "number"])
    op.create_index("ix_calls_started_at", "calls", ["started_at"])


def downgrade() -> None:
    op.drop_index("ix_calls_started_at", "calls")
    op.drop_index("ix_trail_kind_number", "trail")
    op.drop_index("ix_trail_at", "trail")
    op.drop_table("trail_checks")
    op.drop_index("ix_basis_in_use_kind_since", "basis_in_use")
    op.drop_table("basis_in_use")
    op.drop_table("basis_texts")
    op.drop_table("statistics_repeats")
    op.drop_table("statistics_months")
