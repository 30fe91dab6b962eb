"""Glue: each finding, and each alert, with its explanation as it was told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("findings", "alerts"):
        with op.batch_alter_table(name) as table:
            table.add_column(sa.Column("explanation", sa.JSON(), nullable=True))


def downgrade() -> None:
    for name in ("alerts", "findings"):
        with op.batch_alter_table(name) as table:
            table.drop_column("explanation")
