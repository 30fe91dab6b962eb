"""Pure: which lines stand on the operator's screen: one a category, updated in place, at most three."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from detection.policy import Policy
from detection.types import Alert, AlertChange, Category, Finding, Severity

_BUDGET_WINDOW_MS: Final = 600_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one utterance, or one overrun of the clock, puts on the screen."""

    findings: tuple[Finding, ...]
    """The gravest first; never empty."""
    utterance_id: str
    start_ms: int
    end_ms: int
    confidence: float


@dataclass(frozen=True, slots=True)
class Board:
    """The open lines, and what is needed to open the next."""

    alerts: tuple[Alert, ...] = ()
    """As last shown; the longest untouched first."""
    touched_ms: tuple[int, ...] = ()
    """When each was last added to."""
    opened: tuple[tuple[Category, int], ...] = ()
    """Lines of each category so far; makes keys unique."""
    cautions_ms: tuple[int, ...] = ()
    """When the last lines of severity 1 were opened."""


def placed(
    board: Board, evidence: Evidence, now_ms: int, policy: Policy
) -> tuple[Board, tuple[Alert, ...], str]:
    """Put *evidence* on *board*; return the board, the changed lines and the key of its line.

    The key is empty where there was no room for it: three graver lines, or the budget
    of new cautions spent. The findings themselves are not lost by that.
    """
    category, level = evidence.findings[0].category, evidence.findings[0].severity
    for alert, touched_ms in zip(board.alerts, board.touched_ms, strict=True):
        if alert.categories[0] is category:
            updated = _updated(alert, evidence, policy)
            board = _with(_without(board, alert.key), updated, max(touched_ms, now_ms))
            return board, (updated,), updated.key
    recent = tuple(at for at in board.cautions_ms if now_ms - at < _BUDGET_WINDOW_MS)
    if level is Severity.CAUTION and len(recent) >= policy.new_cautions_per_10_min:
        return board, (), ""
    closed: tuple[Alert, ...] = ()
    if len(board.alerts) >= policy.alerts_shown:
        mildest = min(board.alerts, key=lambda alert: alert.level)
        if mildest.level > level:
            return board, (), ""
        closed = (replace(mildest, change=AlertChange.CLOSED),)
        board = _without(board, mildest.key)
    opened = dict(board.opened)
    opened[category] = opened.get(category, 0) + 1
    raised = _raised(evidence, f"{category.value}-{opened[category]}", policy)
    board = replace(
        _with(board, raised, now_ms),
        opened=tuple(opened.items()),
        cautions_ms=(*recent, now_ms) if level is Severity.CAUTION else recent,
    )
    return board, (*closed, raised), raised.key


def lapsed(
    board: Board, now_ms: int, level: Severity, policy: Policy
) -> tuple[Board, tuple[Alert, ...]]:
    """Close the lines that nothing has added to for long, and all but threats once *level* is 0."""
    old = [
        alert.key
        for alert, touched_ms in zip(board.alerts, board.touched_ms, strict=True)
        if alert.level < Severity.STOP
        and (level is Severity.NONE or now_ms - touched_ms >= policy.alert_lapse_ms)
    ]
    return closed(board, old)


def closed(board: Board, keys: list[str]) -> tuple[Board, tuple[Alert, ...]]:
    """Close the lines named by *keys*; one that is not open is passed over."""
    changes = tuple(
        replace(alert, change=AlertChange.CLOSED) for alert in board.alerts if alert.key in keys
    )
    for change in changes:
        board = _without(board, change.key)
    return board, changes


def lowered(
    board: Board, standing_for: Mapping[str, Sequence[Finding]]
) -> tuple[Board, tuple[Alert, ...]]:
    """Let each line weigh no more than what it still stands for, by its key; what it quotes stays."""
    alerts, changes = list[Alert](), list[Alert]()
    for alert in board.alerts:
        found = standing_for.get(alert.key, ())
        level = max((finding.severity for finding in found), default=alert.level)
        if level < alert.level:
            own = (finding.reason for finding in found if finding.quote == alert.quote)
            alert = replace(  # noqa: PLW2901 - the line as it stands now
                alert, change=AlertChange.UPDATED, level=level, reason=next(own, alert.reason)
            )
            changes.append(alert)
        alerts.append(alert)
    return replace(board, alerts=tuple(alerts)), tuple(changes)


def unsure(finding: Finding, confidence: float, policy: Policy) -> bool:
    """True where a person should read the words first: 要確認."""
    return finding.score < policy.check_below_score or confidence < policy.check_below_confidence


def _raised(evidence: Evidence, key: str, policy: Policy) -> Alert:
    first = evidence.findings[0]
    return Alert(
        key=key,
        change=AlertChange.RAISED,
        level=first.severity,
        categories=_categories((), evidence),
        utterance_id=evidence.utterance_id,
        quote=first.quote,
        start_ms=evidence.start_ms,
        end_ms=evidence.end_ms,
        reason=first.reason,
        clause=first.clause,
        count=1,
        needs_check=unsure(first, evidence.confidence, policy),
    )


def _updated(alert: Alert, evidence: Evidence, policy: Policy) -> Alert:
    """The line takes the latest words, but a milder or unsure one does not hide a graver or sure one."""
    latest = _raised(evidence, alert.key, policy)
    better = (latest.level, not latest.needs_check) >= (alert.level, not alert.needs_check)
    shown = latest if better else alert
    return replace(
        shown,
        change=AlertChange.UPDATED,
        categories=_categories(alert.categories, evidence),
        count=alert.count + 1,
    )


def _categories(known: tuple[Category, ...], evidence: Evidence) -> tuple[Category, ...]:
    return tuple(dict.fromkeys((*known, *(finding.category for finding in evidence.findings))))


def _with(board: Board, alert: Alert, touched_ms: int) -> Board:
    return replace(board, alerts=(*board.alerts, alert), touched_ms=(*board.touched_ms, touched_ms))


def _without(board: Board, key: str) -> Board:
    kept = [
        (alert, touched_ms)
        for alert, touched_ms in zip(board.alerts, board.touched_ms, strict=True)
        if alert.key != key
    ]
    return replace(
        board,
        alerts=tuple(alert for alert, _ in kept),
        touched_ms=tuple(touched_ms for _, touched_ms in kept),
    )
