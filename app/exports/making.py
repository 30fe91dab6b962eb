"""Glue: makes a call's signed container as one person may read the call."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, Final, Protocol
from urllib.parse import urlsplit

import anyio.to_thread

from app.auth.identity import Identity
from app.db import Database
from app.errors import Conflict, NotAllowed
from app.exports.keeping import Made
from app.exports.signing_key import FILE_NAME, open_signer
from app.exports.vcon import Exported, Sound, json_of
from app.judgements.models import Judgement
from app.judgements.repository import judgements_of
from app.ports import Clock
from app.recordings.library import RecordingLibrary, StoredRecording
from app.recordings.wav import Wav
from app.review.answering import read_whole
from app.review.schemas import ReviewOut
from app.services import Services
from app.settings import Settings

MEDIA_TYPE: Final = "application/vcon+json"


class NeedsToExport(Protocol):
    """What an export takes of the services; a command brings it without a server."""

    @property
    def settings(self) -> Settings: ...

    @property
    def database(self) -> Database: ...

    @property
    def recordings(self) -> RecordingLibrary: ...

    @property
    def clock(self) -> Clock: ...


async def make_vcon(
    services: Services, identity: Identity, call_id: str, *, with_sound: bool
) -> Made:
    """Return the signed vCon of an ended call, its words covered where *identity* reads them covered.

    Raises:
        NotFound, NotAllowed: the call is not for these eyes; or its sound is wanted by who reads its
            words covered (``sound_needs_whole``).
        Conflict: it goes on, has no sound, or too much (``no_sound``, ``sound_too_long``).
        Unavailable: its sound or the signing key cannot be read.
    """
    composed = await read_whole(services, identity, call_id)
    review = await anyio.to_thread.run_sync(composed)
    return await signed_file(services, review, with_sound=with_sound)


async def signed_file(needs: NeedsToExport, review: ReviewOut, *, with_sound: bool) -> Made:
    """Return *review* as a signed vCon; raises what ``make_vcon`` does."""
    call_id, settings = review.call.call_id, needs.settings
    sound = await _sound(needs, review) if with_sound else None
    async with needs.database.transaction() as session:
        judgements = [_said(row) for row in await judgements_of(session, call_id)]
    office, now = office_of(settings), needs.clock.now()
    file = settings.exports.signing_file or settings.data_dir / FILE_NAME
    exported = Exported(
        review=review,
        sound=sound,
        judgements=_as_read(judgements, review),
        made_at=now,
        office=office,
        random=os.urandom(8),
    )

    signer = await anyio.to_thread.run_sync(open_signer, file, office, now)

    def write(target: IO[bytes]) -> None:
        for piece in signer.signed(*json_of(exported)):
            target.write(piece)

    return Made(
        kind="vcon",
        write=write,
        file_name=f"{call_id}.vcon.json",
        media_type=MEDIA_TYPE,
        covered=review.covered,
        sound=sound is not None,
    )


def office_of(settings: Settings) -> str:
    """Return the office's name in the network."""
    return urlsplit(settings.public_url).hostname or "localhost"


async def _sound(needs: NeedsToExport, review: ReviewOut) -> Sound:
    if review.covered:
        raise NotAllowed(
            "sound_needs_whole",
            "録音には、伏せた言葉がそのまま入っています。録音を含めるときは、先に「伏せた部分を表示」で理由を記録してください。",
        )
    stored = await needs.recordings.find(review.call.call_id)
    if stored is None:
        raise Conflict("no_sound", "この通話の録音はありません。録音を含めずに書き出してください。")
    most = needs.settings.exports.sound_minutes
    if stored.duration_ms > most * 60_000:
        raise Conflict(
            "sound_too_long",
            f"録音が{most}分を超えるため、1つのファイルに入れられません。録音を含めずに書き出してください。",
        )
    return await anyio.to_thread.run_sync(_wav, stored)


def _wav(stored: StoredRecording) -> Sound:
    wav = Wav(stored.format, stored.tracks, stored.samples)

    def pieces() -> Iterator[bytes]:
        yield wav.head()
        yield from (block for _, block in wav.blocks(stored.carried))

    digest = hashlib.sha512()
    for piece in pieces():
        digest.update(piece)
    return Sound(pieces, digest.digest(), stored.duration_ms)


def _said(row: Judgement) -> dict[str, Any]:
    return {
        "verdict": row.verdict,
        "opinion": row.opinion,
        "reason": row.reason,
        "callers_side": row.callers_side,
        "by": row.by_login,
        "at": row.at.isoformat(),
    }


def _as_read(judgements: Sequence[Mapping[str, Any]], review: ReviewOut) -> list[dict[str, Any]]:
    if not review.covered:
        return [dict(one) for one in judgements]
    free = ("reason", "callers_side")  # a person's own words, which may name somebody
    return [{key: value for key, value in one.items() if key not in free} for one in judgements]
