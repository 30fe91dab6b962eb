"""Glue: what is asked and how it is asked, judged apart; room for the name of a token that acted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LOGIN, _TOKEN = 64, 160
"""``token:`` and a name of 128 characters did not fit."""


def upgrade() -> None:
    for name in ("calls", "decisions"):
        with op.batch_alter_table(name) as table:
            for column in ("content", "manner"):
                table.add_column(
                    sa.Column(column, sa.Integer(), nullable=False, server_default="0")
                )
    _widen(_LOGIN, _TOKEN)


def downgrade() -> None:
    _widen(_TOKEN, _LOGIN)
    for name in ("decisions", "calls"):
        with op.batch_alter_table(name) as table:
            for column in ("manner", "content"):
                table.drop_column(column)


def _widen(before: int, after: int) -> None:
    with op.batch_alter_table("staff_actions") as table:
        table.alter_column("by_login", existing_type=sa.String(before), type_=sa.String(after))
