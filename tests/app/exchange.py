"""Glue: the live calls of a server without its sockets, made of parts that a test chooses."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel

from app.auth.administration import Administration
from app.auth.identity import Role
from app.bus.memory import MemoryBus
from app.calls.explaining import Explainer
from app.calls.protocol import CallStarted, Track
from app.calls.registry import Attached, CallParts, CallRegistry
from app.calls.repository import call_by_id, utterances_of
from app.clock import SystemClock
from app.db import Database, open_database
from app.ledger import Ledger
from app.models import Call
from app.responses.scripts import load_scripts
from app.settings import Settings, StreamSettings
from asr.ports import VoiceActivityModel
from asr.types import AudioFormat, Encoding, Samples
from detection.conversation import CallConversation
from detection.policy_files import load_policy
from detection.ports import Conversation, Detector
from detection.rule_book import load_rule_book
from detection.types import Assessment, Utterance
from tests.detection.shipped import shipped_detector
from tests.fakes import LoudnessActivity, TrackByTrack
from tests.fakes_transcriber import ScriptedTranscriber

SECTION = "市民課"
ANSWER_SECONDS = 20
BREAKING = "壊れる言葉"
NO_WAIT = (0.0, 0.0)


class BreakingDetector:
    """Finds nothing, and breaks over one word."""

    version = "breaking"

    def assess(self, utterance: Utterance) -> Assessment:
        if BREAKING in utterance.text:
            raise RuntimeError(utterance.text)
        return Assessment(utterance.utterance_id, (), ())


class BreakingActivity:
    """Fails with *error* at one window, and otherwise hears what is loud."""

    def __init__(self, at_window: int, error: Exception) -> None:
        self._left = at_window
        self._error = error
        self._loudness = LoudnessActivity()

    def probability(self, samples: Samples) -> float:
        self._left -= 1
        if self._left == 0:
            raise self._error
        return self._loudness.probability(samples)


@dataclass(slots=True)
class Exchange:
    registry: CallRegistry
    database: Database
    ledger: Ledger
    bus: MemoryBus
    token_id: int
    formats: dict[str, AudioFormat] = field(default_factory=dict)

    async def attach(self, call_id: str, *, resume: bool = False, **fields: Any) -> Attached:
        return await self.registry.attach(
            started(call_id, resume=resume, **fields), token_id=self.token_id, section=SECTION
        )

    async def call(self, call_id: str, payload: bytes) -> None:
        """Play a whole call."""
        attached = await self.attach(call_id)
        attached.call.hear(payload)
        await self.registry.stop(attached, "stop")
        self.registry.detach(attached)

    async def row(self, call_id: str) -> Call:
        async with self.database.transaction() as session:
            call = await call_by_id(session, call_id)
        assert call is not None
        return call

    async def texts(self, call_id: str) -> list[str]:
        async with self.database.transaction() as session:
            return [row.text for row in await utterances_of(session, call_id)]

    async def spans(self, call_id: str) -> dict[str, list[tuple[int, int]]]:
        """Return where each track's utterances begin and end."""
        spans: dict[str, list[tuple[int, int]]] = {"caller": [], "operator": []}
        async with self.database.transaction() as session:
            for row in await utterances_of(session, call_id):
                spans[row.track].append((row.start_ms, row.end_ms))
        return spans

    async def until_said(self, call_id: str, count: int) -> None:
        """Let the calls go on until *count* utterances of one are in the tables."""
        with anyio.fail_after(ANSWER_SECONDS):
            while len(await self.texts(call_id)) < count:
                pass  # each look at the tables lets the calls go on

    async def until(self, holds: Callable[[], bool]) -> None:
        """Let the calls go on until *holds*; fail rather than wait for ever."""
        with anyio.fail_after(ANSWER_SECONDS):
            while not holds():
                await anyio.lowlevel.checkpoint()


def started(call_id: str, *, resume: bool = False, **fields: Any) -> CallStarted:
    return CallStarted(
        call_id=call_id,
        tracks=(Track.CALLER, Track.OPERATOR),
        format=AudioFormat(Encoding.MULAW, 8_000, 2),
        resume=resume,
        operator=fields.get("operator", "sato"),
    )


@asynccontextmanager
async def exchange(
    settings: Settings,
    transcriber: ScriptedTranscriber,
    *,
    stream: StreamSettings | None = None,
    detector: Detector | None = None,
    new_conversation: Callable[[], Conversation] | None = None,
    new_voice_activity: Callable[[], VoiceActivityModel] = LoudnessActivity,
    through: Callable[[Database], Database] = lambda database: database,
    partials: bool = False,
) -> AsyncIterator[Exchange]:
    """Run a registry; *through* may put something between it and the tables."""
    clock = SystemClock()
    judging = detector or shipped_detector()
    policy = load_policy("ebetsu")
    async with open_database(settings.async_database_url) as database:
        made = await Administration(database, clock).create_token(
            name="exchange", role=Role.STREAM, section=SECTION
        )
        bus = MemoryBus(256)
        ledger = Ledger(through(database), bus, clock, retry_seconds=NO_WAIT)
        await ledger.open()
        registry = CallRegistry(
            CallParts(
                settings=stream or settings.stream,
                clock=clock,
                database=database,
                ledger=ledger,
                transcriber=transcriber,
                voice_activity=TrackByTrack(new_voice_activity),
                detector=judging,
                new_conversation=new_conversation
                or (lambda: CallConversation(policy, judging.version)),
                explainer=Explainer(policy, load_rule_book()),
                scripts=load_scripts(),
                warning_limit=None,
                partials=partials,
            ),
            end_retry_seconds=0,
            gather_ms=0,
        )
        async with registry.running():
            yield Exchange(registry, database, ledger, bus, made.token.id)
