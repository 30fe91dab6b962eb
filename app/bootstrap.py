"""Glue: the composition root. The one place where ports meet their adapters."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from app.bus.memory import MemoryBus
from app.calls.registry import CallParts, CallRegistry
from app.clock import SystemClock
from app.db import open_database
from app.errors import Unavailable
from app.health import tell_health
from app.ledger import Ledger
from app.loop_pause import PauseCount, watch_loop
from app.private_files import make_private_folder
from app.responses.scripts import load_scripts
from app.services import Services
from app.settings import Settings
from asr.dispatch import DispatchConfig
from asr.model_files import ModelFiles, find_model
from asr.pool import PoolConfig, RecogniserPool
from asr.ports import Transcriber, VoiceActivityModel
from asr.recogniser_process import process_recogniser, recogniser_command
from asr.silero import SileroModel
from detection.conversation import CallConversation
from detection.detector import load_detector
from detection.policy_files import load_policy
from detection.ports import Conversation, Detector

Progress = Callable[[str, int, int], None]


@asynccontextmanager
async def open_services(
    settings: Settings, *, transcriber: Transcriber | None = None
) -> AsyncIterator[Services]:
    """Open everything that the server needs; tests may bring their own *transcriber*."""
    if transcriber is not None:
        async with _open_around(settings, transcriber) as services:
            yield services
        return
    async with open_transcriber(settings) as pool, _open_around(settings, pool) as services:
        yield services


@asynccontextmanager
async def _open_around(settings: Settings, transcriber: Transcriber) -> AsyncIterator[Services]:
    if settings.nats_url is not None:
        raise Unavailable(
            "nats_not_supported",
            "MIMAMORI_NATS_URL はこの版ではまだ使えません。設定を外して起動してください。",
        )
    clock = SystemClock()
    detector, new_conversation = open_detection(settings)
    policy = load_policy(settings.detection.policy)
    # One warning is what every policy wants; only more than one is a count to look at.
    warning_limit = policy.warnings_before_close if policy.warnings_before_close > 1 else None
    model = await anyio.to_thread.run_sync(SileroModel.load)
    scripts = load_scripts()
    async with open_database(settings.async_database_url) as database:
        bus = MemoryBus(settings.screen.queue_events)
        ledger = Ledger(database, bus, clock)
        await ledger.open()
        registry = CallRegistry(
            CallParts(
                settings=settings.stream,
                clock=clock,
                database=database,
                ledger=ledger,
                transcriber=transcriber,
                voice_activity=model.many_tracks(),
                detector=detector,
                new_conversation=new_conversation,
                scripts=scripts,
                warning_limit=warning_limit,
            )
        )
        loop_pauses = PauseCount()
        services = Services(
            settings=settings,
            clock=clock,
            database=database,
            bus=bus,
            ledger=ledger,
            transcriber=transcriber,
            detector=detector,
            new_conversation=new_conversation,
            scripts=scripts,
            warning_limit=warning_limit,
            registry=registry,
            loop_pauses=loop_pauses,
        )
        # The watch ends first: calls are still judged to their end when the registry closes.
        async with registry.running(), anyio.create_task_group() as watching:
            watching.start_soon(watch_loop, loop_pauses, clock)
            watching.start_soon(tell_health, transcriber, registry, ledger, loop_pauses, clock)
            try:
                yield services
            finally:
                watching.cancel_scope.cancel()


def open_detection(settings: Settings) -> tuple[Detector, Callable[[], Conversation]]:
    """Return the detector and a maker of conversations under the policy of *settings*."""
    detector = load_detector()
    policy = load_policy(settings.detection.policy)

    def new_conversation() -> Conversation:
        return CallConversation(policy, detector.version)

    return detector, new_conversation


def prepare_model(settings: Settings, progress: Progress | None = None) -> ModelFiles:
    """Find, join or download the recognition model of *settings*; blocking."""
    make_private_folder(settings.data_dir)
    return find_model(
        settings.asr.model, settings.data_dir / "models", progress=progress, allow_download=True
    )


def open_voice_activity() -> Callable[[], VoiceActivityModel]:
    """Load the voice activity model and return a maker of tracks; blocking, 35 ms."""
    return SileroModel.load().new_track


@asynccontextmanager
async def open_transcriber(settings: Settings) -> AsyncIterator[RecogniserPool]:
    """Start the recogniser processes; ready when the first is warm."""
    model = await anyio.to_thread.run_sync(prepare_model, settings)
    config = PoolConfig(
        open_recogniser=process_recogniser(
            recogniser_command(model.path, model.name, beam_size=settings.asr.beam_size)
        ),
        processes=settings.asr.processes or os.cpu_count() or 1,
        dispatch=DispatchConfig(
            max_batch=settings.asr.batch_size,
            capacity=settings.asr.queue_segments,
            late_limit_ms=settings.asr.give_up_after_ms,
        ),
    )
    async with RecogniserPool(config) as pool:
        await pool.wait_ready()
        yield pool
