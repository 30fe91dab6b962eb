"""Pure: what may be said of a sentence that is still being spoken.

In Japanese what takes a word's harm away stands behind it: 「殺すぞって言われたんです」. So a
finding counts only once some letters have followed it, never where they begin to say that
somebody's words are told, and only a grave one is worth the risk.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from detection.alerting import Board
from detection.text import normalise
from detection.types import Alert, AlertChange, Assessment, Cue, Finding, Severity, Utterance

LETTERS_BEHIND: Final = 5
"""「って言われ」 is five letters. What they spared and what they cost: docs/decisions/0011."""
GRAVE_ENOUGH: Final = Severity.WARNING

_TAKEN_UP: Final = re.compile(
    r"(?:[^。?]{0,5}?[ぁ-んー])?(?:と|って|など|なん[てか]|みたい)"
    r"|て(?![やんるめろ])|(?:は|も|を|で(?:は|も)|じゃ|くらい)"
)
"""「…だと」「…なんて」: whose words they are comes behind; 「…するつもりは」: it may be denied."""


def safe_early(utterance: Utterance, assessment: Assessment) -> Assessment:
    """Return what of *assessment* the rest of the sentence will hardly take back.

    Of the cues only the sign of need stays, which makes the judgement milder: what a sentence
    does in the talk is known when it is over.
    """
    until = _settled_until(utterance.text)
    return replace(
        assessment,
        findings=tuple(
            finding
            for finding in assessment.findings
            if finding.severity >= GRAVE_ENOUGH
            and finding.span.end <= until
            and not _taken_up(utterance.text, finding)
        ),
        cues=tuple(cue for cue in assessment.cues if cue is Cue.WELFARE),
        demand="",
    )


def new_line(before: Board, alerts: tuple[Alert, ...], utterance_id: str) -> Alert | None:
    """Return which of *alerts* opens a line for these words or makes one graver, to be checked."""
    levels = {alert.key: alert.level for alert in before.alerts}
    for alert in alerts:
        if alert.utterance_id != utterance_id or alert.change is AlertChange.CLOSED:
            continue
        if alert.level > levels.get(alert.key, Severity.NONE):
            return replace(alert, needs_check=True)
    return None


def _taken_up(text: str, finding: Finding) -> bool:
    """Whether the words stand in quotation marks, open ones too, or those behind speak about them."""
    before = text[: finding.span.start + 1]
    if max(map(before.rfind, "「『“")) > max(map(before.rfind, "」』”")):
        return True
    return _TAKEN_UP.match(normalise(text[finding.span.end :]).normal) is not None


def _settled_until(text: str) -> int:
    """Return before which place of *text* the last ``LETTERS_BEHIND`` letters begin; marks are none."""
    letters = 0
    for at in range(len(text) - 1, -1, -1):
        letters += text[at].isalnum()
        if letters == LETTERS_BEHIND:
            return at
    return 0
