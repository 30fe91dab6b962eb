"""Pure: a report as its page shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from app.reports.difference import Stretch, difference
from app.reports.filling import clock, versions_line
from app.reports.form import FIELDS, LARGEST, Field, Kind, Part
from app.reports.merging import Changed, Merged, mark_of
from app.reports.models import IncidentReport
from app.reports.reading import ReadReport
from app.reports.record import Said
from app.reports.repository import STATE_WORDS, STEP_WORDS, ReportState, StepKind
from app.screens.language import Phrase, phrase
from app.screens.words import CATEGORIES, LEVELS, OUTCOMES, TRACKS
from detection.types import Category, Outcome, Severity, Speaker

_QUOTES: Final = "quotes"


@dataclass(frozen=True, slots=True)
class ShownField:
    field: Field
    text: str
    mark: str
    """Digest of what is stored, as this person reads it."""
    rows: int
    most: int
    """Characters."""
    covered: bool
    edited: bool
    original: str
    changes: tuple[Stretch, ...]
    """From what was filled in to what stands there, where it was edited."""
    saved: str
    """What somebody else saved meanwhile, where both changed it."""
    theirs: bool
    """Somebody else changed it meanwhile, and this person did not."""


@dataclass(frozen=True, slots=True)
class ShownQuote:
    utterance_id: str
    at: str
    at_ms: int
    who: str
    text: str
    found: tuple[str, ...]
    level: int
    level_word: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class ShownStep:
    words: str
    at: datetime
    by: str
    reason: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownVersion:
    report_id: int
    label: Phrase
    state: str
    current: bool


@dataclass(frozen=True, slots=True)
class ShownReport:
    state: str
    state_words: str
    parts: tuple[tuple[str, tuple[ShownField, ...]], ...]
    quotes: tuple[ShownQuote, ...]
    chosen: str
    """Ids of the quoted sentences, one a line, for the form."""
    steps: tuple[ShownStep, ...]
    """The latest first."""
    versions: tuple[ShownVersion, ...]
    level: int
    level_words: str
    outcome: str
    versions_line: str
    latest: bool


def shown_report(
    read: ReadReport, typed: Mapping[str, Merged], typed_quotes: str | None
) -> ShownReport:
    """Return the page of *read*; *typed* goes on in the fields where a form came back."""
    chosen = (
        [one for one in typed_quotes.replace("\r", "").split("\n") if one]
        if typed_quotes is not None
        else [one.utterance_id for one in read.quotes]
    )
    return ShownReport(
        state=read.report.state,
        state_words=STATE_WORDS[ReportState(read.report.state)],
        parts=tuple(
            (
                part.value,
                tuple(
                    _field(read, field, typed.get(field.key))
                    for field in FIELDS
                    if field.part is part
                ),
            )
            for part in Part
        ),
        quotes=tuple(_quote(one, chosen=one.utterance_id in chosen) for one in read.offered),
        chosen="\n".join(chosen),
        steps=tuple(
            ShownStep(
                words=STEP_WORDS[StepKind(step.kind)],
                at=step.at,
                by=step.by_login,
                reason=read.sight.of(step.reason),
                fields=tuple(_LABELS[key] for key in step.changed if key in _LABELS),
            )
            for step in reversed(read.steps)
        ),
        versions=tuple(_version(one, read.report) for one in read.versions),
        level=read.call.top_level,
        level_words=LEVELS[Severity(read.call.top_level)].label,
        outcome=OUTCOMES[Outcome(read.call.outcome)],
        versions_line=versions_line(read.record),
        latest=read.versions[0].id == read.report.id,
    )


_LABELS: Final = {**{field.key: field.label for field in FIELDS}, _QUOTES: "発言の記録"}


def _field(read: ReadReport, field: Field, typed: Merged | None) -> ShownField:
    stored = read.texts[field.key]
    text = typed.text if typed is not None else stored
    original = read.originals.get(field.key, "")
    edited = original != "" and text != original
    lines = text.count("\n") + 1 + len(text) // 44
    return ShownField(
        field=field,
        text=text,
        mark=mark_of(stored),
        rows=1 if field.kind is Kind.LINE else min(14, max(2, lines)),
        most=LARGEST[field.kind],
        covered=field.key in read.covered,
        edited=edited,
        original=original,
        changes=difference(original, text) if edited else (),
        saved=typed.saved if typed is not None and typed.changed is Changed.BOTH else "",
        theirs=typed is not None and typed.changed is Changed.THEIRS,
    )


def _quote(one: Said, *, chosen: bool) -> ShownQuote:
    return ShownQuote(
        utterance_id=one.utterance_id,
        at=clock(one.start_ms),
        at_ms=one.start_ms,
        who=TRACKS[Speaker(one.track)],
        text=one.text,
        found=tuple(CATEGORIES[Category(name)].short for name in one.categories),
        level=one.severity,
        level_word=LEVELS[Severity(one.severity)].label,
        chosen=chosen,
    )


def _version(one: IncidentReport, current: IncidentReport) -> ShownVersion:
    return ShownVersion(
        report_id=one.id,
        label=phrase("第{n}版", n=one.version),
        state=STATE_WORDS[ReportState(one.state)],
        current=one.id == current.id,
    )
