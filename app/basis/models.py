"""Adapter: the tables of what was in use when. Rows are only added; no word of a call is in them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.models import Base


class BasisText(Base):
    """The text of a policy or of the word lists, once for each content."""

    __tablename__ = "basis_texts"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    """SHA-256 of the text in UTF-8."""
    text: Mapped[str] = mapped_column(Text)


class BasisInUse(Base):
    """From a moment on the server judged by this, until the next row of the kind."""

    __tablename__ = "basis_in_use"
    __table_args__ = (Index("ix_basis_in_use_kind_since", "kind", "since"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    version: Mapped[str] = mapped_column(String(160))
    digest: Mapped[str] = mapped_column(String(64), default="")
    """Of the text that is kept; empty where the version says everything."""
    since: Mapped[datetime]
