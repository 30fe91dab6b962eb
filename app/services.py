"""Glue: what an endpoint may reach; put together once in ``app.bootstrap``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from starlette.requests import HTTPConnection

from app.db import Database
from app.loop_pause import PauseCount
from app.ports import Clock, EventBus
from app.sealing import RecordKeys
from app.settings import Settings
from asr.ports import Transcriber
from detection.ports import Conversation, Detector

if TYPE_CHECKING:
    from app.calls.registry import CallRegistry
    from app.control.ports import CallControl
    from app.ledger import Ledger
    from app.notices.delivering import NoticeDesk
    from app.recordings.desk import RecordingDesk
    from app.recordings.library import RecordingLibrary
    from app.responses.live_scripts import LiveScripts
    from app.telephony.live_doors import LiveDoors


@dataclass(frozen=True, slots=True)
class Services:
    settings: Settings
    clock: Clock
    database: Database
    bus: EventBus
    ledger: Ledger
    """The one door through which calls are written and events get their numbers."""
    transcriber: Transcriber
    detector: Detector
    new_conversation: Callable[[], Conversation]
    scripts: LiveScripts
    """The sentences to say, as this office has approved them."""
    warning_limit: int | None
    """How many warnings the policy wants before the end; None where it fixes no number."""
    registry: CallRegistry
    """The live calls of this process."""
    doors: LiveDoors
    """What telephones bring over them, and the way back."""
    call_control: CallControl | None
    """The office's way to join or end a call, where one is set up."""
    notices: NoticeDesk
    """What is told to other systems."""
    loop_pauses: PauseCount
    """For how long the event loop answered nobody."""
    record_keys: RecordKeys
    """What recordings and callers' numbers are sealed with."""
    recordings: RecordingLibrary
    """What is kept of the sound of calls."""
    recording_desk: RecordingDesk
    """What records live calls."""


def services_of(connection: HTTPConnection) -> Services:
    """Return the services that the application serving *connection* was made with."""
    return cast("Services", connection.app.state.services)
