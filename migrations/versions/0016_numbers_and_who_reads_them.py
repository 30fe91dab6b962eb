"""Glue: callers' numbers sealed, and who read a call uncovered.

What stands plainly in ``calls.caller_number`` is sealed at the next start of the server, which has the key.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("calls") as table:
        table.add_column(sa.Column("number_box", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("number_key_id", sa.String(length=16), nullable=True))
    op.create_table(
        "unmaskings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("by_login", sa.String(length=160), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("covered_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.id"],
            name=op.f("fk_unmaskings_call_id_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unmaskings")),
    )
    op.create_index("ix_unmaskings_call_id_by_login", "unmaskings", ["call_id", "by_login"])


def downgrade() -> None:
    op.drop_table("unmaskings")
    with op.batch_alter_table("calls") as table:
        table.drop_column("number_key_id")
        table.drop_column("number_box")
