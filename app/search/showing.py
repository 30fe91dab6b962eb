"""Glue: what was found, as one person may read it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import anyio.to_thread
from sqlalchemy.ext.asyncio import AsyncSession

from app.auth.identity import Identity
from app.callers.number import masked
from app.judgements.opinions import Standing
from app.judgements.repository import standing_of
from app.models import Call
from app.privacy.numbers import number_of
from app.privacy.sight import MASK, TextSight
from app.privacy.sight_of_call import text_sights
from app.search.asking import Asked
from app.search.finding import FoundCall
from app.search.index import Covers
from app.search.matching import marks_in
from app.search.preparing import words_here
from app.search.queries import (
    Said,
    SaidPlace,
    calls_by_id,
    categories_of,
    covers_of,
    held,
    said_at,
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
) -> list[FoundCallOut]:
    """Return the cards of *found*, in its order; a call that was deleted meanwhile is left out."""
    ids = [one.candidate.place.call_id for one in found]
    if not ids:
        return []
    calls = await calls_by_id(session, ids)
    with_hits = [one for one in found if one.hits and one.candidate.place.call_id in calls]
    told = _Told(
        calls=calls,
        # Only who is shown words is asked how they are read: it may take the words of the whole call.
        sights=await text_sights(
            session, services, identity, [calls[one.candidate.place.call_id] for one in with_hits]
        ),
        said=await said_at(session, [place for one in with_hits for place in _first_places(one)]),
        covers=await covers_of(
            session, [one.candidate.number for one in with_hits if one.candidate.number is not None]
        ),
        categories=await categories_of(session, ids),
        standing=await standing_of(session, ids),
        marks=await held(session, ids),
    )
    number_here = partial(number_of, services.record_keys)
    # What sounds alike is read with the dictionary: no live call waits for it.
    return await anyio.to_thread.run_sync(partial(_cards, asked, found, told, number_here))


@dataclass(frozen=True, slots=True)
class _Told:
    """What the tables tell of the calls that were found, by their ids."""

    calls: Mapping[str, Call]
    sights: Mapping[str, TextSight]
    said: Mapping[SaidPlace, Said]
    covers: Mapping[int, Covers]
    """By the number of the call in the index."""
    categories: Mapping[str, Mapping[str, int]]
    standing: Mapping[str, Standing]
    marks: tuple[frozenset[str], frozenset[str], frozenset[str]]


def _first_places(found: FoundCall) -> list[SaidPlace]:
    """Return where the first hits of each side are said; the first of both are among them."""
    call_id = found.candidate.place.call_id
    sides: dict[str, list[SaidPlace]] = {}
    for hit in found.hits:
        side = sides.setdefault(hit.track, [])
        if len(side) < HITS_SHOWN:
            side.append((call_id, hit.track, hit.index))
    return [place for side in sides.values() for place in side]


def _cards(
    asked: Asked, found: Sequence[FoundCall], told: _Told, number_here: Callable[[Call], str]
) -> list[FoundCallOut]:
    cards = list[FoundCallOut]()
    for one in found:
        call = told.calls.get(one.candidate.place.call_id)
        if call is None:
            continue
        hits = [
            _hit(asked, place, said, _as_read(said, ranges, told.sights[call.id]))
            for place, said, ranges in _first_said(one, told)
        ]
        cards.append(_card(call, masked(number_here(call)), hits, len(one.hits), told))
    return cards


def _first_said(
    found: FoundCall, told: _Told
) -> list[tuple[SaidPlace, Said, Sequence[Sequence[int]]]]:
    """Return the first utterances that show it, each with the ranges that are covered in it."""
    number = found.candidate.number
    covers = told.covers.get(number, {}) if number is not None else {}
    rows: list[tuple[SaidPlace, Said, Sequence[Sequence[int]]]] = [
        (place, told.said[place], covers.get(place[1], {}).get(str(place[2]), ()))
        for place in _first_places(found)
        if place in told.said
    ]
    return sorted(rows, key=lambda one: (one[1].start_ms, one[1].utterance_id))[:HITS_SHOWN]


def _as_read(said: Said, ranges: Sequence[Sequence[int]], sight: TextSight) -> str:
    """Return the words of *said*; a name that the whole call made known is covered in a single line, too."""
    if sight.whole:
        return sight.of(said.text)
    letters = list(said.text)
    for start, end in ranges:
        letters[start:end] = MASK * (end - start)
    return sight.of("".join(letters))


def _hit(asked: Asked, place: SaidPlace, said: Said, text: str) -> HitOut:
    return HitOut(
        utterance_id=said.utterance_id,
        track="caller" if place[1] == "caller" else "operator",
        start_ms=said.start_ms,
        end_ms=said.end_ms,
        text=text,
        # In the text as this person reads it: a mark must not tell what lies under a cover.
        marks=[
            MarkOut(
                start=mark.span.start,
                end=mark.span.end,
                by="reading" if mark.by_sound else "words",
            )
            for mark in marks_in(asked, text, words_here)
        ],
    )


def _card(call: Call, number: str, hits: list[HitOut], hit_count: int, told: _Told) -> FoundCallOut:
    false_alarms, recordings, reports = told.marks
    judged = told.standing.get(call.id)
    gravest_first = sorted(
        told.categories.get(call.id, {}).items(), key=lambda one: (-one[1], one[0])
    )
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
