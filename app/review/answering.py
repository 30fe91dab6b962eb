"""Glue: everything about one ended call, read in one transaction, as one person may read it."""

from __future__ import annotations

from collections.abc import Callable

from app.auth.identity import Identity
from app.calls.endpoints import numbers_for, seen_by
from app.calls.protocol import CALL_ID
from app.calls.repository import call_by_id
from app.calls.views import calls_view
from app.health import health_of
from app.privacy.sight_of_call import text_sight
from app.review.looking import over
from app.review.recording import recording_of
from app.review.records import records_of
from app.review.schemas import ReviewOut
from app.review.view import review_of
from app.services import Services


async def read_whole(
    services: Services, identity: Identity, call_id: str
) -> Callable[[], ReviewOut]:
    """Return what composes the answer; it is half a second of work for three hours, so call it in a thread.

    Raises:
        NotFound, NotAllowed: the call is not for these eyes.
        Conflict: it goes on.
    """
    async with services.database.transaction() as session:
        found = await call_by_id(session, call_id) if CALL_ID.fullmatch(call_id) else None
        call = over(seen_by(identity, found))
        sight = await text_sight(session, services, identity, call)
        listed = await calls_view(
            session,
            [call],
            health_of(services.transcriber),
            seq=0,
            numbers=numbers_for(services, identity),
            sights={call.id: sight},
        )
        records = await records_of(session, call)
    recording = await recording_of(services, call_id)

    def composed() -> ReviewOut:
        return review_of(
            records, listed.calls[0], sight, recording, warning_limit=services.warning_limit
        )

    return composed
