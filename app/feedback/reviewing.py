"""Glue: the rules as a person reads them, and what an administrator decides about one."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from app.auth.errors import FieldRefused
from app.auth.identity import Identity
from app.db import Database
from app.errors import Conflict, NotFound
from app.feedback.precision import Limits, records_of
from app.feedback.repository import gravest, reviews, tallies
from app.feedback.reviews import (
    LONGEST_CATEGORY,
    LONGEST_RULE,
    NOTE_CHARACTERS,
    Key,
    ReviewKind,
    Standing,
    standings,
    why_always_used,
)
from app.feedback.table import RuleTable, lined_up
from app.ledger import Entry, Ledger
from app.models import RuleReview
from app.plain_text import is_plain
from app.settings import FeedbackSettings
from detection.types import Severity

DAYS: Final = 90
MOST_DAYS: Final = 3_650
_SWITCHES: Final = {ReviewKind.SWITCHED_OFF: True, ReviewKind.SWITCHED_ON: False}
"""Whether the rule is off afterwards."""


async def rule_table(
    database: Database, now: datetime, settings: FeedbackSettings, days: int = DAYS
) -> RuleTable:
    """Return what the rules led to in the last *days* days, in all sections together.

    Not section by section: where one person answers, their section's numbers would be theirs.
    """
    since = now - timedelta(days=days)
    limits = Limits(settings.review_below, settings.review_from)
    async with database.transaction() as session:
        found = records_of(await tallies(session, since), limits)
        decided = standings(await reviews(session))
        ever = await gravest(session)
    return RuleTable(since, days, limits, lined_up(found, decided, ever))


async def decide(
    ledger: Ledger, identity: Identity, key: Key, kind: ReviewKind, note: str = ""
) -> None:
    """Store a decision about the rule *key*; to switch off or on what is so already changes nothing.

    Calls that start afterwards follow it, those that are going on end as they began.

    Raises:
        NotFound: the rule never raised an alert here (``rule_unknown``).
        FieldRefused: the note is missing or too long.
        Conflict: the rule cannot be switched off (``rule_always_used``).
    """
    if not _may_be(key):
        raise _unknown()
    written = _note(note, needed=kind is not ReviewKind.SWITCHED_ON)

    async def change(entry: Entry) -> None:
        standing = standings(await reviews(entry.session)).get(key, Standing())
        off = standing.switched_off is not None
        severity = (await gravest(entry.session)).get(key)
        # What was switched off can be taken back even when its calls have been deleted since.
        if severity is None and not off:
            raise _unknown()
        if _SWITCHES.get(kind) is off:
            return
        why = why_always_used(key[0], severity or Severity.NONE)
        if kind is ReviewKind.SWITCHED_OFF and why:
            raise Conflict("rule_always_used", why)
        entry.session.add(
            RuleReview(
                rule=key[0],
                category=key[1],
                kind=kind.value,
                note=written,
                by_login=identity.login,
                at=entry.now,
            )
        )

    # Through the ledger, in one order with the calls that start: a call heard again later knows
    # by its time alone which rules it began without.
    await ledger.write(change)


def _may_be(key: Key) -> bool:
    rule, category = key
    # PostgreSQL would choke on a NUL.
    return (
        0 < len(rule) <= LONGEST_RULE
        and 0 < len(category) <= LONGEST_CATEGORY
        and (rule + category).isprintable()
    )


def _note(text: str, *, needed: bool) -> str:
    note = "\n".join(line.strip() for line in text.strip().splitlines())
    if needed and not note:
        raise FieldRefused("note", "note_missing", "見直しの内容を入力してください。")
    if len(note) > NOTE_CHARACTERS or not is_plain(note.replace("\n", "")):
        raise FieldRefused(
            "note", "note_refused", f"見直しの内容は{NOTE_CHARACTERS}文字以内で入力してください。"
        )
    return note


def _unknown() -> NotFound:
    return NotFound("rule_unknown", "このルールのお知らせは、まだ記録されていません。")
