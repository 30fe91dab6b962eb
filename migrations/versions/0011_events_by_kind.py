"""Glue: events of a call are asked for by their kind."""

from __future__ import annotations

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_events_call_id_seq", table_name="events")
    op.create_index("ix_events_call_id_type_seq", "events", ["call_id", "type", "seq"])


def downgrade() -> None:
    op.drop_index("ix_events_call_id_type_seq", table_name="events")
    op.create_index("ix_events_call_id_seq", "events", ["call_id", "seq"])
