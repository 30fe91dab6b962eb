"""Glue: the index of what was said."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "search_calls",
        sa.Column("number", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=16), nullable=False),
        sa.Column("caller_words", sa.Text(), nullable=False),
        sa.Column("caller_readings", sa.Text(), nullable=False),
        sa.Column("operator_words", sa.Text(), nullable=False),
        sa.Column("operator_readings", sa.Text(), nullable=False),
        sa.Column("covers", sa.JSON(), nullable=False),
        sa.Column("indexed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["call_id"],
            ["calls.id"],
            name=op.f("fk_search_calls_call_id_calls"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_search_calls")),
        sa.UniqueConstraint("call_id", name=op.f("uq_search_calls_call_id")),
        sqlite_autoincrement=True,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TABLE search_grams (number integer PRIMARY KEY "
            "REFERENCES search_calls (number) ON DELETE CASCADE, grams tsvector NOT NULL)"
        )
        op.execute("CREATE INDEX ix_search_grams_grams ON search_grams USING gin (grams)")
    else:
        # Which pieces a call holds, and nothing else: neither the words nor where they stood.
        op.execute(
            "CREATE VIRTUAL TABLE search_grams USING fts5("
            "grams, content='', columnsize=0, detail=none, tokenize='ascii')"
        )


def downgrade() -> None:
    op.execute("DROP TABLE search_grams")
    op.drop_table("search_calls")
