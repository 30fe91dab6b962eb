"""Glue: an ended call as it is looked at again, put together from what the tables keep."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from app.calls.schemas import CallOut, GapOut
from app.privacy.sight import TextSight
from app.review import chronicle
from app.review.covering import CoveredCall
from app.review.placing import HeardAt, SoundPlaces
from app.review.records import CallRecords, Decided, Said, Told
from app.review.schemas import (
    LevelOut,
    ModelOut,
    ReviewAlertOut,
    ReviewFindingOut,
    ReviewOut,
    ReviewRecordingOut,
    ReviewUtteranceOut,
    StalemateOut,
    StayOut,
    VersionOut,
)


def review_of(
    records: CallRecords,
    call: CallOut,
    sight: TextSight,
    recording: ReviewRecordingOut,
    *,
    warning_limit: int | None,
) -> ReviewOut:
    """Return everything about the call on one axis, with its words as *sight* reads them."""
    covered = CoveredCall(sight)
    places = _places(records)
    utterances = _utterances(records.said, covered)
    quotes = {row.id: covered.quote(row.utterance_id, row.quote) for row in records.alerts}
    levels = levels_of(records.decided)
    gaps = [GapOut.model_validate(told.data) for told in records.gaps]
    stalemates = stalemates_of(records.stalemates, places)
    return ReviewOut(
        call=call.model_copy(update={"last_words": None}),
        covered=not sight.whole,
        warning_limit=warning_limit,
        utterances=utterances,
        findings=_findings(records, covered),
        alerts=_alerts(records, quotes),
        levels=levels,
        deeds=chronicle.in_order(
            chronicle.levels_told(levels),
            chronicle.alerts_of(records.alerts, quotes),
            chronicle.warnings_of(records.warnings, covered),
            chronicle.deeds_of(records.actions, places, covered),
            chronicle.stalemates_told(stalemates),
            chronicle.gaps_told(gaps),
            chronicle.stretches_told(recording.stretches),
        ),
        stays=[
            StayOut(
                login=row.login,
                display_name=row.display_name,
                listening=row.listening,
                start_ms=places.of(row.joined_at),
                end_ms=places.of(row.left_at) if row.left_at else call.duration_ms,
            )
            for row in records.stays
        ],
        gaps=gaps,
        stalemates=stalemates,
        models=_models(records.said),
        versions=versions_of(records.decided),
        recording=recording,
    )


def levels_of(decided: Sequence[Decided]) -> list[LevelOut]:
    """Return where the call stood, once for each change, in the order of the sound."""
    levels: list[LevelOut] = []
    for one in decided:
        if levels and one.at_ms < levels[-1].at_ms:
            continue  # of a sentence that was known late: where the call stands is told already
        stands = (one.level, one.outcome, one.content, one.manner, one.step)
        last = levels[-1] if levels else None
        if last is None or stands != (
            last.level,
            last.outcome,
            last.content,
            last.manner,
            last.step,
        ):
            levels.append(
                LevelOut(
                    at_ms=one.at_ms,
                    level=one.level,
                    outcome=one.outcome,
                    content=one.content,
                    manner=one.manner,
                    step=one.step,
                )
            )
    return levels


def versions_of(decided: Sequence[Decided]) -> list[VersionOut]:
    """Return which rules and which policy judged, once for each change."""
    versions: list[VersionOut] = []
    for one in decided:
        last = versions[-1] if versions else None
        names = (one.policy_version, one.detector_version)
        if last is not None and names == (last.policy_version, last.detector_version):
            versions[-1] = last.model_copy(
                update={"decisions": last.decisions + 1, "last_decided_at": one.decided_at}
            )
        else:
            versions.append(
                VersionOut(
                    from_ms=one.at_ms,
                    policy_version=one.policy_version,
                    detector_version=one.detector_version,
                    decisions=1,
                    first_decided_at=one.decided_at,
                    last_decided_at=one.decided_at,
                )
            )
    return versions


def stalemates_of(told: Sequence[tuple[bool, Told]], places: SoundPlaces) -> list[StalemateOut]:
    """Return each standstill, from where it began to where it was last told."""
    stood: list[StalemateOut] = []
    for first, one in told:
        end_ms = places.of(one.at)
        start_ms = max(0, end_ms - int(one.data["stalemate_ms"]))
        if first or not stood:
            stood.append(StalemateOut(start_ms=start_ms, end_ms=end_ms))
        else:
            stood[-1] = stood[-1].model_copy(update={"end_ms": max(end_ms, stood[-1].end_ms)})
    return stood


def _places(records: CallRecords) -> SoundPlaces:
    heard = [HeardAt(one.heard_at, one.end_ms) for one in records.said]
    return SoundPlaces(records.call.started_at, records.call.duration_ms, heard)


def _utterances(said: Sequence[Said], covered: CoveredCall) -> list[ReviewUtteranceOut]:
    places = {model: place for place, model in enumerate(_by_use(said))}
    return [
        ReviewUtteranceOut.model_validate(
            {
                "utterance_id": one.utterance_id,
                "track": one.track,
                "start_ms": one.start_ms,
                "end_ms": one.end_ms,
                "text": covered.said(one.utterance_id, one.text),
                "confidence": round(one.confidence, 2),
                "doubts": one.doubts,
                "model": places[one.model],
            }
        )
        for one in said
    ]


def _models(said: Sequence[Said]) -> list[ModelOut]:
    counted = _by_use(said)
    heard = {model: sorted(one.heard_at for one in said if one.model == model) for model in counted}
    return [
        ModelOut(
            model=model,
            utterances=count,
            first_heard_at=heard[model][0],
            last_heard_at=heard[model][-1],
        )
        for model, count in counted.items()
    ]


def _by_use(said: Sequence[Said]) -> dict[str, int]:
    """Return how often each model was used, the usual one first."""
    return dict(Counter(one.model for one in said).most_common())


def _findings(records: CallRecords, covered: CoveredCall) -> list[ReviewFindingOut]:
    spoken = {one.utterance_id: one for one in records.said}
    found = []
    for row in records.findings:
        said = spoken[row.utterance_id]
        quote = covered.quote(row.utterance_id, row.quote, row.span_start)
        found.append(
            ReviewFindingOut(
                utterance_id=row.utterance_id,
                start_ms=said.start_ms,
                end_ms=said.end_ms,
                category=row.category,
                severity=row.severity,
                start=row.span_start,
                end=row.span_end,
                quote=quote,
                rule=row.rule,
                clause=row.clause,
                reason=covered.other(row.reason),
                score=round(row.score, 3),
                explanation=covered.explanation(row.explanation, row.quote, quote),
            )
        )
    return sorted(found, key=lambda one: (one.start_ms, one.start))


def _alerts(records: CallRecords, quotes: dict[str, str]) -> list[ReviewAlertOut]:
    return [
        ReviewAlertOut(
            alert_id=row.id,
            level=row.level,
            categories=row.categories,
            utterance_id=row.utterance_id,
            quote=quotes[row.id],
            start_ms=row.start_ms,
            end_ms=row.end_ms,
            reason=row.reason,
            clause=row.clause,
            count=row.count,
            needs_check=row.needs_check,
            withdrawn=row.withdrawn,
            false_alarm=row.false_alarm,
            raised_at=row.raised_at,
            closed_at=row.closed_at,
        )
        for row in records.alerts
    ]
