"""Glue: alerts that rest on a sentence which is still being spoken, and those that it did not bear out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("alerts") as table:
        table.add_column(sa.Column("unconfirmed", sa.JSON(), nullable=True))
        table.add_column(
            sa.Column("withdrawn", sa.Boolean(), nullable=False, server_default=sa.false())
        )
    with op.batch_alter_table("alerts") as table:
        table.alter_column("withdrawn", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("alerts") as table:
        table.drop_column("withdrawn")
        table.drop_column("unconfirmed")
