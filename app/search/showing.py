"""Glue: what was found, as one person may read it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.callers.number import masked
from app.judgements.opinions import Standing
from app.judgements.repository import standing_of
from app.models import Call
from app.privacy.numbers import number_of
from app.privacy.sight import MASK, TextSight
from app.privacy.sight_of_call import text_sights
from app.search.asking import Asked, Words
from app.search.finding import FoundCall
from app.search.index import Covers
from app.search.matching import HitLine, marks_in
from app.search.queries import (
    Said,
    calls_by_id,
    categories_of,
    covers_of,
    held,
    utterances_by_track,
)
from app.search.schemas import FoundCallOut, FoundCategoryOut, HitOut, MarkOut
from app.services import Services

HITS_SHOWN: Final = 3


async def shown(
    session: AsyncSession,
    services: Services,
    identity: Identity,
    asked: Asked,
    found: Sequence[FoundCall],
    words: Words,
) -> list[FoundCallOut]:
    """Return the cards of *found*, in its order; a call that was deleted meanwhile is left out."""
    ids = [one.candidate.place.call_id for one in found]
    if not ids:
        return []
    calls = await calls_by_id(session, ids)
    sights = await text_sights(session, services, identity, list(calls.values()))
    with_hits = [one.candidate for one in found if one.hits]
    said = await utterances_by_track(session, [one.place.call_id for one in with_hits])
    covers = await covers_of(session, [one.number for one in with_hits if one.number is not None])
    categories = await categories_of(session, ids)
    standing = await standing_of(session, ids)
    marks = await held(session, ids)
    cards = list[FoundCallOut]()
    for one in found:
        call = calls.get(one.candidate.place.call_id)
        if call is None:
            continue
        told = covers.get(one.candidate.number, {}) if one.candidate.number is not None else {}
        hits = [
            _hit(asked, row, _as_read(row, ranges, sights[call.id]), words)
            for row, ranges in _first_said(one.hits, call.id, said, told)
        ]
        number = masked(number_of(services.record_keys, call))
        found_in = categories.get(call.id, {})
        cards.append(_card(call, number, hits, len(one.hits), found_in, standing, marks))
    return cards


def _first_said(
    hits: Collection[HitLine],
    call_id: str,
    said: Mapping[tuple[str, str], Sequence[Said]],
    covers: Covers,
) -> list[tuple[Said, Sequence[Sequence[int]]]]:
    """Return the first utterances of *hits*, each with the ranges that are covered in it."""
    rows: list[tuple[Said, Sequence[Sequence[int]]]] = [
        (lines[hit.index], covers.get(hit.track, {}).get(str(hit.index), ()))
        for hit in hits
        if hit.index < len(lines := said.get((call_id, hit.track), ()))
    ]
    return sorted(rows, key=lambda one: (one[0].start_ms, one[0].id))[:HITS_SHOWN]


def _as_read(row: Said, ranges: Sequence[Sequence[int]], sight: TextSight) -> str:
    """Return the words of *row*; a name that the whole call made known is covered in a single line, too."""
    if sight.whole:
        return sight.of(row.text)
    letters = list(row.text)
    for start, end in ranges:
        letters[start:end] = MASK * (end - start)
    return sight.of("".join(letters))


def _hit(asked: Asked, row: Said, text: str, words: Words) -> HitOut:
    return HitOut(
        utterance_id=row.id,
        track="caller" if row.track == "caller" else "operator",
        start_ms=row.start_ms,
        end_ms=row.end_ms,
        text=text,
        # In the text as this person reads it: a mark must not tell what lies under a cover.
        marks=[
            MarkOut(
                start=mark.span.start,
                end=mark.span.end,
                by="reading" if mark.by_sound else "words",
            )
            for mark in marks_in(asked, text, words)
        ],
    )


def _card(
    call: Call,
    number: str,
    hits: list[HitOut],
    hit_count: int,
    categories: Mapping[str, int],
    standing: Mapping[str, Standing],
    marks: tuple[frozenset[str], frozenset[str], frozenset[str]],
) -> FoundCallOut:
    false_alarms, recordings, reports = marks
    judged = standing.get(call.id)
    gravest_first = sorted(categories.items(), key=lambda one: (-one[1], one[0]))
    return FoundCallOut(
        call_id=call.id,
        section=call.section,
        caller_number=number,
        started_at=call.started_at,
        duration_ms=call.duration_ms,
        top_level=call.top_level,
        outcome=call.outcome,
        categories=[
            FoundCategoryOut.model_validate({"category": category, "severity": severity})
            for category, severity in gravest_first
        ],
        judgement=judged.verdict.value if judged is not None else None,
        false_alarm=call.id in false_alarms,
        recording=call.id in recordings,
        report=call.id in reports,
        hits=hits,
        hit_count=hit_count,
    )
