"""Adapter: the table of what was exported, whether it was fetched or not. The file itself lies sealed beside it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base

ID_CHARACTERS: Final = 43
"""32 random bytes: who does not know it cannot guess it."""


class CallExport(Base):
    __tablename__ = "call_exports"
    __table_args__ = (Index("ix_call_exports_expires_at", "expires_at"),)

    id: Mapped[str] = mapped_column(String(ID_CHARACTERS), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    """``vcon`` or ``disclosure``."""
    reference: Mapped[str] = mapped_column(String(120))
    """Under which the office keeps the request for disclosure; empty for others."""
    covered: Mapped[bool]
    """Whether personal data in it is covered."""
    sound: Mapped[bool]
    file_name: Mapped[str] = mapped_column(String(120))
    """As it is offered to who fetches it."""
    media_type: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64))
    by_login: Mapped[str] = mapped_column(String(160))
    made_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    fetched_at: Mapped[datetime | None]
