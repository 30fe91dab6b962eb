"""Adapter: the table of recordings. The sound itself lies sealed in files; what opens them is here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base


class Recording(Base):
    """One call's recording. Without this row its file can never be opened again."""

    __tablename__ = "recordings"

    call_id: Mapped[str] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True
    )
    file: Mapped[str] = mapped_column(String(40), unique=True)
    """In the folder of recordings; drawn by lot."""
    key_id: Mapped[str] = mapped_column(String(16), index=True)
    sealed_key: Mapped[bytes] = mapped_column(LargeBinary)
    """The key of this recording alone, sealed with the record key *key_id*."""
    begun_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    """When it was finished in order; until then it ends with its last whole chunk."""
    chunks: Mapped[int | None]
    samples: Mapped[int | None] = mapped_column(BigInteger)
    """Both known once it is closed: a file that holds less was cut. Without chunks there is none: all was lost."""
