"""Adapter: the alerts of a call in the tables, those too that rest on a sentence which is not over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

from sqlalchemy import select

from app.calls.explaining import Explained, explanation_of
from app.calls.facts import CallFacts
from app.calls.standing import Early
from app.events import EventType
from app.ledger import Entry
from app.models import AlertRow, FindingRow
from detection.explanation import eased_fields
from detection.types import Alert, AlertChange


async def put_alerts(
    entry: Entry,
    facts: CallFacts,
    alert_ids: Mapping[str, str],
    alerts: Sequence[Alert],
    explained: Sequence[Explained] = (),
    explained_before: dict[str, Any] | None = None,
) -> dict[str, str]:
    """Store the changed alerts, tell them, and return the public id of every alert key.

    *explained_before* is the explanation of an alert that shows what was found earlier.
    """
    known = dict(alert_ids)
    for alert in alerts:
        row = await _line(entry, known, alert)
        # One that was shown before its sentence ended is raised a second time by the whole of it.
        stands = row is not None and row.closed_at is None
        if row is None:
            row = _new_row(entry, facts, alert)
            known[alert.key] = row.id
        _fill(row, alert, explained, explained_before)
        row.unconfirmed = None
        row.closed_at = entry.now if alert.change is AlertChange.CLOSED else None
        _tell(entry, facts, row, _kind(alert.change, stands=stands))
    return known


async def put_lines(
    entry: Entry, facts: CallFacts, alert_ids: Mapping[str, str], lines: Sequence[Alert]
) -> dict[str, str]:
    """Make *lines* all that stands, but for what rests on half a sentence; return the id of every key."""
    known = dict(alert_ids)
    keys = {line.key for line in lines}
    open_now = select(AlertRow).where(
        AlertRow.call_id == facts.call_id, AlertRow.closed_at.is_(None)
    )
    for row in (await entry.session.scalars(open_now)).all():
        if row.key not in keys and row.unconfirmed is None:
            row.closed_at = entry.now
            _tell(entry, facts, row, EventType.ALERT_CLOSED)
    for line in lines:
        stored = await _row(entry, known.get(line.key))
        if stored is None or stored.false_alarm or not _shows(stored, line):
            told = replace(line, change=AlertChange.RAISED)
            then = await _told_then(entry, facts, line)
            known = await put_alerts(entry, facts, known, [told], explained_before=then)
    return known


async def _told_then(entry: Entry, facts: CallFacts, line: Alert) -> dict[str, Any] | None:
    """Return the explanation that was given when what *line* shows was found."""
    found = select(FindingRow.explanation).where(
        FindingRow.call_id == facts.call_id,
        FindingRow.utterance_id == line.utterance_id,
        FindingRow.category == line.categories[0].value,
        FindingRow.quote == line.quote,
    )
    return (await entry.session.scalars(found.order_by(FindingRow.id.desc()).limit(1))).first()


def _shows(row: AlertRow, line: Alert) -> bool:
    """Whether there is nothing to tell of *line*: it stands so already, or waits for the end of its sentence."""
    if row.unconfirmed is not None:
        return True
    shown = (row.level, row.utterance_id, row.quote, row.count)
    stands = (int(line.level), line.utterance_id, line.quote, line.count)
    return row.closed_at is None and shown == stands


async def put_early(
    entry: Entry,
    facts: CallFacts,
    alert_ids: Mapping[str, str],
    alert: Alert,
    before: Early | None,
    explained: Sequence[Explained] = (),
) -> dict[str, str]:
    """Store and tell an alert that rests on half a sentence, in place of the one *before* it."""
    known = dict(alert_ids)
    if before is not None and before.key != alert.key:
        known = await _succeeded(entry, facts, known, before.key, alert)
    row = await _line(entry, known, alert)
    stands = row is not None and row.closed_at is None
    if row is None:
        row = _new_row(entry, facts, alert)
        row.unconfirmed = {}
        known[alert.key] = row.id
    elif row.unconfirmed is None:
        row.unconfirmed = _content(row)
    _fill(row, alert, explained)
    row.closed_at = None
    _tell(entry, facts, row, _kind(alert.change, stands=stands))
    return known


async def settle_early(
    entry: Entry,
    facts: CallFacts,
    alert_ids: Mapping[str, str],
    early: Early,
    alerts: Sequence[Alert],
    utterance_id: str,
) -> dict[str, str]:
    """Withdraw *early*, unless the sentence, now whole, changed *alerts* so that one takes its place.

    Comes before ``put_alerts``, which confirms it by storing what the whole sentence gave.
    """
    known = dict(alert_ids)
    if any(alert.key == early.key for alert in alerts):
        return known
    raised = (a for a in alerts if a.change is AlertChange.RAISED)
    successor = next((a for a in raised if a.utterance_id == utterance_id), None)
    return await _succeeded(entry, facts, known, early.key, successor)


async def withdraw_left_over(entry: Entry, facts: CallFacts) -> bool:
    """Withdraw what still rests on half a sentence when a call ends; say whether there was any."""
    rows = await entry.session.scalars(
        select(AlertRow).where(
            AlertRow.call_id == facts.call_id,
            AlertRow.unconfirmed.is_not(None),
            AlertRow.closed_at.is_(None),
        )
    )
    left_over = rows.all()
    for row in left_over:
        _withdraw(entry, facts, row)
    return bool(left_over)


def alert_fields(row: AlertRow) -> dict[str, object]:
    """Return an alert as screens know it, without its id."""
    return {**_content(row), "withdrawn": row.withdrawn}


async def _succeeded(
    entry: Entry, facts: CallFacts, known: dict[str, str], key: str, successor: Alert | None
) -> dict[str, str]:
    """Give the line of *key* to *successor*, where both are new; else take it back."""
    row = await _row(entry, known.get(key))
    if row is None or row.unconfirmed is None:
        return known
    if successor is not None and successor.key not in known and not row.unconfirmed:
        row.key = successor.key
        known[row.key] = known.pop(key)
    elif _withdraw(entry, facts, row):
        del known[key]
    return known


def _withdraw(entry: Entry, facts: CallFacts, row: AlertRow) -> bool:
    """Bring the line back to how it stood; close it and return true where it did not stand."""
    before, row.unconfirmed = row.unconfirmed, None
    if before:
        for name, value in before.items():
            setattr(row, name, value)
        _tell(entry, facts, row, EventType.ALERT_UPDATED)
        return False
    row.withdrawn = True
    row.closed_at = entry.now
    # The conversation never knew of this line and may use the key yet.
    _freed(row)
    _tell(entry, facts, row, EventType.ALERT_CLOSED)
    return True


def _freed(row: AlertRow) -> None:
    """Give the key of *row* back to the conversation."""
    row.key = f"{row.key}~{row.id[:8]}"


async def _line(entry: Entry, known: Mapping[str, str], alert: Alert) -> AlertRow | None:
    """Return the line that *alert* goes on with; None where it is a new one.

    A line called false is never gone on with: taking another mark back may have freed its key.
    """
    row = await _row(entry, known.get(alert.key))
    if row is None or not row.false_alarm or alert.change is not AlertChange.RAISED:
        return row
    _freed(row)
    await entry.session.flush()  # before another row may have the key
    return None


async def _row(entry: Entry, alert_id: str | None) -> AlertRow | None:
    return await entry.session.get(AlertRow, alert_id) if alert_id else None


def _new_row(entry: Entry, facts: CallFacts, alert: Alert) -> AlertRow:
    row = AlertRow(
        id=uuid4().hex,
        call_id=facts.call_id,
        key=alert.key,
        raised_at=entry.now,
        withdrawn=False,
    )
    entry.session.add(row)
    return row


def _fill(
    row: AlertRow,
    alert: Alert,
    explained: Sequence[Explained],
    explained_before: dict[str, Any] | None = None,
) -> None:
    told = explanation_of(alert, explained) or explained_before
    if told is not None:
        row.explanation = told
    elif (row.utterance_id, row.quote) != (alert.utterance_id, alert.quote):
        row.explanation = None
    elif row.explanation is not None and alert.level < row.level:
        row.explanation = eased_fields(row.explanation, alert.level)
    row.level = int(alert.level)
    row.categories = [category.value for category in alert.categories]
    row.utterance_id = alert.utterance_id
    row.quote = alert.quote
    row.start_ms = alert.start_ms
    row.end_ms = alert.end_ms
    row.reason = alert.reason
    row.clause = alert.clause
    row.count = alert.count
    row.needs_check = alert.needs_check


def _content(row: AlertRow) -> dict[str, Any]:
    return {
        "level": row.level,
        "categories": list(row.categories),
        "utterance_id": row.utterance_id,
        "quote": row.quote,
        "start_ms": row.start_ms,
        "end_ms": row.end_ms,
        "reason": row.reason,
        "clause": row.clause,
        "count": row.count,
        "needs_check": row.needs_check,
        "explanation": row.explanation,
    }


def _kind(change: AlertChange, *, stands: bool) -> EventType:
    if change is AlertChange.CLOSED:
        return EventType.ALERT_CLOSED
    return EventType.ALERT_UPDATED if stands else EventType.ALERT_RAISED


def _tell(entry: Entry, facts: CallFacts, row: AlertRow, kind: EventType) -> None:
    entry.tell(kind, facts.call_id, facts.audience, {"alert_id": row.id, **alert_fields(row)})
