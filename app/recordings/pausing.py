"""Glue: pausing a live call's recording and going on with it: at once in memory, then in the record."""

from __future__ import annotations

from app.auth.identity import Identity
from app.ledger import Ledger
from app.models import Call
from app.recordings.live import LiveRecording
from app.recordings.notes import told_pause


async def pause(ledger: Ledger, recording: LiveRecording, call: Call, identity: Identity) -> None:
    """Record nothing from this moment on; doing it again does nothing.

    Raises:
        Conflict: the call has ended meanwhile (``call_ended``).
    """
    # At once: what is to be said now may be somebody's account number.
    recording.intake.pause()
    recording.pausing += 1
    try:
        async with recording.turn:
            if recording.paused_by is None:
                at_ms = recording.position_ms
                await ledger.write(told_pause(call, identity, at_ms, paused=True))
                recording.paused_by = identity.display_name
    except BaseException:
        if recording.paused_by is None and recording.pausing == 1:
            recording.intake.resume()
        raise
    finally:
        recording.pausing -= 1


async def resume(ledger: Ledger, recording: LiveRecording, call: Call, identity: Identity) -> None:
    """Record again, unless somebody has pressed pause meanwhile; doing it again does nothing.

    Raises:
        as ``pause``.
    """
    async with recording.turn:
        if recording.paused_by is None:
            return
        at_ms = recording.position_ms
        await ledger.write(told_pause(call, identity, at_ms, paused=False))
        recording.paused_by = None
        if not recording.pausing:
            recording.intake.resume()
