"""Adapter: the tables. Every name of a constraint is given, so that migrations can speak of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, aware and in UTC on both databases (SQLite itself forgets the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            raise ValueError("a stored moment must know its zone")
        return value.astimezone(UTC) if value is not None else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None or value.tzinfo is not None:
            return value
        return value.replace(tzinfo=UTC)


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: JSON(), list[str]: JSON()}  # noqa: RUF012


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(16))
    section: Mapped[str] = mapped_column(String(64), default="")
    password_hash: Mapped[str] = mapped_column(String(256))
    must_change_password: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class BrowserSession(Base):
    """A signed-in browser. The cookie's secret is stored hashed."""

    __tablename__ = "browser_sessions"

    secret_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf_token: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class AccessToken(Base):
    """An API or stream token, stored hashed; shown once, when it is made."""

    __tablename__ = "access_tokens"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    role: Mapped[str] = mapped_column(String(16))
    section: Mapped[str] = mapped_column(String(64), default="")
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Call(Base):
    __tablename__ = "calls"
    __table_args__ = (
        Index("ix_calls_section_started_at", "section", "started_at"),
        Index("ix_calls_started_at", "started_at"),
        Index("ix_calls_caller_hash_started_at", "caller_hash", "started_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    token_id: Mapped[int] = mapped_column(ForeignKey("access_tokens.id"))
    """The stream token that began it: only the same one may resume it."""
    operator: Mapped[str] = mapped_column(String(64), default="", index=True)
    section: Mapped[str] = mapped_column(String(64), default="")
    caller_number: Mapped[str] = mapped_column(String(64), default="")
    """Plain in calls before version 0016 only, until the next start seals it: ask ``app.privacy.numbers``."""
    number_box: Mapped[bytes | None] = mapped_column(LargeBinary)
    number_key_id: Mapped[str | None] = mapped_column(String(16))
    """The caller's number, sealed, and the key that opens it."""
    called_number: Mapped[str] = mapped_column(String(64), default="")
    caller_hash: Mapped[str | None] = mapped_column(String(64))
    """By which the same number is known again (``app.callers``)."""
    caller_key_id: Mapped[str | None] = mapped_column(String(16))
    stream_format: Mapped[dict[str, Any]]
    """``encoding``, ``rate``, ``tracks``, ``metadata`` of the start message."""
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    end_reason: Mapped[str] = mapped_column(String(64), default="")
    duration_ms: Mapped[int] = mapped_column(default=0)
    level: Mapped[int] = mapped_column(default=0)
    top_level: Mapped[int] = mapped_column(default=0)
    """The highest level that the call reached."""
    outcome: Mapped[str] = mapped_column(String(32), default="ordinary")
    content: Mapped[int] = mapped_column(default=0, server_default="0")
    manner: Mapped[int] = mapped_column(default=0, server_default="0")
    """The levels that what is asked, and how, have alone."""
    warnings_spoken: Mapped[int] = mapped_column(default=0)
    policy_version: Mapped[str] = mapped_column(String(64), default="")
    detector_version: Mapped[str] = mapped_column(String(64), default="")


class CallTrack(Base):
    """How far one track has been judged: where it goes on after a crash."""

    __tablename__ = "call_tracks"

    call_id: Mapped[str] = mapped_column(
        ForeignKey("calls.id", ondelete="CASCADE"), primary_key=True
    )
    track: Mapped[str] = mapped_column(String(16), primary_key=True)
    judged_ms: Mapped[int] = mapped_column(default=0)
    """Everything before it is in the tables or was silence; a multiple of 32."""


class UtteranceRow(Base):
    __tablename__ = "utterances"
    __table_args__ = (
        UniqueConstraint("call_id", "track", "start_ms"),
        Index("ix_utterances_call_id_end_ms", "call_id", "end_ms"),
    )

    id: Mapped[str] = mapped_column(String(96), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    track: Mapped[str] = mapped_column(String(16))
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    hypotheses: Mapped[list[str]]
    confidence: Mapped[float]
    doubts: Mapped[list[str]]
    model: Mapped[str] = mapped_column(String(128))
    heard_at: Mapped[datetime]


class FindingRow(Base):
    __tablename__ = "findings"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    utterance_id: Mapped[str] = mapped_column(
        ForeignKey("utterances.id", ondelete="CASCADE"), index=True
    )
    category: Mapped[str] = mapped_column(String(32))
    severity: Mapped[int]
    span_start: Mapped[int]
    span_end: Mapped[int]
    quote: Mapped[str] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(String(128), index=True)
    clause: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    score: Mapped[float]
    explanation: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """``text`` and ``parts``, as it was told when it was found; null in calls before version 0004."""


class DecisionRow(Base):
    """Where the call stood after one utterance, and by which rules, so that it can be explained later."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    utterance_id: Mapped[str] = mapped_column(
        ForeignKey("utterances.id", ondelete="CASCADE"), index=True
    )
    at_ms: Mapped[int]
    level: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(32))
    content: Mapped[int] = mapped_column(default=0, server_default="0")
    manner: Mapped[int] = mapped_column(default=0, server_default="0")
    step: Mapped[str] = mapped_column(String(32))
    set_aside: Mapped[list[str]]
    policy_version: Mapped[str] = mapped_column(String(64))
    detector_version: Mapped[str] = mapped_column(String(64))
    decided_at: Mapped[datetime]


class AlertRow(Base):
    __tablename__ = "alerts"
    __table_args__ = (
        UniqueConstraint("call_id", "key"),
        Index("ix_alerts_raised_at", "raised_at"),
    )

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"))
    key: Mapped[str] = mapped_column(String(64))
    level: Mapped[int]
    categories: Mapped[list[str]]
    utterance_id: Mapped[str] = mapped_column(String(96))
    quote: Mapped[str] = mapped_column(Text)
    start_ms: Mapped[int]
    end_ms: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    clause: Mapped[str] = mapped_column(Text)
    count: Mapped[int]
    needs_check: Mapped[bool]
    explanation: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Of the finding that the line shows."""
    raised_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    false_alarm: Mapped[bool] = mapped_column(default=False)
    unconfirmed: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Set while it rests on a sentence that is not over: how it stood before, empty if it did not."""
    withdrawn: Mapped[bool] = mapped_column(default=False)
    """It rested on half a sentence only, which the whole one did not bear out."""


class AlertRule(Base):
    """A rule that had a part in an alert: one row however often the alert was updated."""

    __tablename__ = "alert_rules"

    alert_id: Mapped[str] = mapped_column(
        ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True
    )
    rule: Mapped[str] = mapped_column(String(128), primary_key=True)
    category: Mapped[str] = mapped_column(String(32), primary_key=True)
    severity: Mapped[int]
    """The gravest that it found there."""
    early: Mapped[bool]
    """Only half a sentence showed it; false once a whole one bore it out."""


class RuleReview(Base):
    """What an administrator decided about a rule. Rows are only added: the last ones say where it stands."""

    __tablename__ = "rule_reviews"

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(String(128))
    category: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(Text)
    by_login: Mapped[str] = mapped_column(String(160))
    """Longer than a person's: a token's name may have 128 characters."""
    at: Mapped[datetime]


class StaffAction(Base):
    """What a person did about a call: help, false alarm, spoken sentence, note."""

    __tablename__ = "staff_actions"

    id: Mapped[int] = mapped_column(primary_key=True)
    call_id: Mapped[str] = mapped_column(ForeignKey("calls.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(32))
    by_login: Mapped[str] = mapped_column(String(160))
    at: Mapped[datetime]
    detail: Mapped[dict[str, Any]]


class EventRow(Base):
    __tablename__ = "events"
    __table_args__ = (
        # What a screen or the board asks: the last event of a kind of a call, of 200 calls at once.
        Index("ix_events_call_id_type_seq", "call_id", "type", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    type: Mapped[str] = mapped_column(String(32))
    call_id: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
    data: Mapped[dict[str, Any]]
    operator: Mapped[str] = mapped_column(String(64), default="")
    section: Mapped[str] = mapped_column(String(64), default="")
