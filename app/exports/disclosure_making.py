"""Glue: what may be covered in a call, and the copy in which it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import anyio.to_thread

from app.auth.errors import FieldRefused
from app.auth.identity import Identity
from app.calls.endpoints import load_seen
from app.calls.repository import events_of_call, utterances_of
from app.errors import Conflict
from app.events import EventType
from app.exports.disclosing import (
    Cover,
    Place,
    Said,
    SoundCover,
    Suggestion,
    Unheard,
    suggested,
    unseen,
)
from app.exports.disclosure_file import Copy, write_copy
from app.exports.keeping import Made
from app.japan import JAPAN
from app.models import Call
from app.privacy.sight import TextSight
from app.privacy.sight_of_call import text_sight
from app.review.looking import over
from app.services import Services


@dataclass(frozen=True, slots=True)
class Disclosable:
    """An ended call as one person may disclose it."""

    call: Call
    said: Sequence[Said]
    sight: TextSight
    suggestions: Sequence[Suggestion]
    unheard: Sequence[Unheard]
    """In order."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What somebody wants covered who has read the sentences."""

    covers: Sequence[Place] = ()
    """Beside what is suggested."""
    spared: Sequence[Place] = ()
    """Suggestions that may be read."""
    reach: SoundCover = SoundCover.SENTENCE


async def disclosable(services: Services, identity: Identity, call_id: str) -> Disclosable:
    """Return the call's sentences, whole, with what should be covered in them.

    Raises:
        NotFound, NotAllowed: the call is not for these eyes.
        Conflict: it goes on.
    """
    call = over(await load_seen(services, identity, call_id))
    async with services.database.transaction() as session:
        rows = await utterances_of(session, call_id)
        sight = await text_sight(session, services, identity, call)
        gaps = await events_of_call(session, call_id, EventType.GAP)
    said = sorted(
        (Said(row.id, row.track, row.start_ms, row.end_ms, row.text) for row in rows),
        key=lambda one: (one.start_ms, one.track),
    )
    # Three hours are half a second of work, which no live call may wait for.
    suggestions = await anyio.to_thread.run_sync(suggested, said)
    unheard = sorted(
        (Unheard(gap.data["track"], gap.data["start_ms"], gap.data["end_ms"]) for gap in gaps),
        key=lambda one: (one.start_ms, one.track),
    )
    return Disclosable(call, said, sight, suggestions, unheard)


async def make_copy(
    services: Services,
    identity: Identity,
    call_id: str,
    choice: Choice,
    *,
    reference: str,
    with_sound: bool,
) -> Made:
    """Return the copy that *identity* chose. What nobody decided on is covered, and what they read covered.

    Raises:
        FieldRefused: a place lies in no sentence, or what is spared was not suggested
            (``cover_unknown``), or the reference is blank.
        Conflict: no sound was kept (``no_sound``).
        NotFound, NotAllowed, Unavailable: as ``disclosable`` and the recording say.
    """
    if not reference.strip():
        raise FieldRefused(
            "reference", "reference_missing", "開示の求めの整理番号を入力してください。"
        )
    found = await disclosable(services, identity, call_id)
    covers = _covers(found, choice)
    recording = await services.recordings.find(call_id) if with_sound else None
    if with_sound and recording is None:
        raise Conflict("no_sound", "この通話の録音はありません。録音を含めずに書き出してください。")
    copy = Copy(
        call=found.call,
        said=found.said,
        unheard=found.unheard,
        covers=covers,
        recording=recording,
        office=services.settings.reports.office_name or services.settings.aids.office_name,
        reference=reference.strip(),
        made_at=services.clock.now(),
    )
    return Made(
        kind="disclosure",
        write=partial(write_copy, copy),
        file_name=f"通話記録の写し_{copy.made_at.astimezone(JAPAN):%Y%m%d}.zip",
        media_type="application/zip",
        covered=True,
        sound=recording is not None,
        reference=copy.reference,
    )


def _covers(found: Disclosable, choice: Choice) -> list[Cover]:
    """Return what is covered of *found*; raises what ``make_copy`` does."""
    lengths = {one.utterance_id: len(one.text) for one in found.said}
    places = {one.place for one in found.suggestions}
    spared = set(choice.spared)
    inside = all(0 <= at.start < at.end <= lengths.get(at.utterance_id, -1) for at in choice.covers)
    if not inside or not spared <= places:
        raise FieldRefused(
            "covers",
            "cover_unknown",
            "伏せる場所がこの通話の発言と合いません。ページを読み込み直してください。",
        )
    if found.sight.whole:
        wanted = [*choice.covers, *(places - spared)]
        return [Cover(place, choice.reach) for place in wanted]
    # Nobody can let out what they are not shown.
    hidden = {*places, *unseen(found.said, found.sight)}
    return [
        *(Cover(place, choice.reach) for place in choice.covers),
        *(Cover(place) for place in hidden),
    ]
