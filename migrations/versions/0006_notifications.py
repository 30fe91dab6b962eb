"""Glue: deliveries of notices to other systems, so that none is lost or sent twice."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "notices",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("route", sa.String(length=32), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=True),
        sa.Column("event_seq", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("section", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("problem", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.id"],
            name=op.f("fk_notices_call_id_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
        sa.UniqueConstraint("route", "event_seq", name=op.f("uq_notices_route_event_seq")),
        sa.UniqueConstraint(
            "route", "call_id", "subject", name=op.f("uq_notices_route_call_id_subject")
        ),
    )
    with op.batch_alter_table("notices") as table:
        table.create_index("ix_notices_call_id", ["call_id"], unique=False)
        table.create_index(
            "ix_notices_route_state_next_try_at", ["route", "state", "next_try_at"], unique=False
        )
    op.create_table(
        "notice_positions",
        sa.Column("route", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("route", name=op.f("pk_notice_positions")),
    )


def downgrade() -> None:
    op.drop_table("notice_positions")
    with op.batch_alter_table("notices") as table:
        table.drop_index("ix_notices_route_state_next_try_at")
        table.drop_index("ix_notices_call_id")
    op.drop_table("notices")
