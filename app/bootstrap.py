"""Glue: the composition root. The one place where ports meet their adapters."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Final

import anyio
import structlog

from app.beside import running_beside
from app.bus.memory import MemoryBus
from app.callers.keys import open_caller_keys
from app.calls.explaining import Explainer
from app.calls.registry import CallParts, CallRegistry
from app.clock import SystemClock
from app.control.opening import open_call_control
from app.errors import Unavailable
from app.health import tell_health
from app.ledger import Ledger
from app.loop_pause import PauseCount, watch_loop
from app.notices.opening import open_notices
from app.privacy.numbers import reading_numbers, sealing_numbers
from app.private_files import make_private_folder
from app.recordings.desk import RecordingDesk
from app.recordings.library import RecordingLibrary
from app.responses.live_scripts import KnownWarnings, LiveScripts
from app.responses.scripts import load_scripts, warning_sentences
from app.sealing import open_record_keys
from app.services import Services
from app.settings import AsrSettings, Settings
from app.telephony.audiosocket_tcp import listening
from app.telephony.live_doors import LiveDoors
from app.trail.opening import open_trailed_database
from asr.dispatch import DispatchConfig
from asr.model_facts import read_facts
from asr.model_files import ModelFiles, find_model, models_in, present_model
from asr.openai_protocol import server_address
from asr.openai_server import START_PATIENCE_MS, OpenAiServer, ServerConfig
from asr.pool import PoolConfig, RecogniserPool
from asr.ports import SharedVoiceActivity, Transcriber, VoiceActivityModel
from asr.recogniser_process import process_recogniser, recogniser_command
from asr.silero import SileroModel
from detection.conversation import CallConversation
from detection.office_warnings import OfficeWarnings
from detection.policy_files import load_policy
from detection.ports import Conversation, Detector
from detection.rule_book import load_rule_book
from detection.sentence_vectors import shared_sentence_vectors
from detection.understanding import load_detector

Progress = Callable[[str, int, int], None]

_SMALL_CORES: Final = 2
_MOST_PROCESSES: Final = 32
"""Each holds its own copy of the model."""
_REASON_MS: Final = 2_000
_BYTES_OF: Final = {
    "int8": 1,
    "int8_float32": 1,
    "int8_float16": 1,
    "int8_bfloat16": 1,
    "int16": 2,
    "float16": 2,
    "bfloat16": 2,
    "float32": 4,
}
"""Of one weight in memory, by precision."""

_log = structlog.get_logger()


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
    warnings = open_warnings()
    detector, new_conversation = open_detection(settings, warnings)
    policy = load_policy(settings.detection.policy)
    # One warning is what every policy wants; only more than one is a count to look at.
    warning_limit = policy.warnings_before_close if policy.warnings_before_close > 1 else None
    voice_activity = await anyio.to_thread.run_sync(open_shared_voice_activity)
    scripts = LiveScripts(
        load_scripts(), settings.responses.recording_announcements, warnings=warnings
    )
    caller_keys = await anyio.to_thread.run_sync(open_caller_keys, settings.data_dir)
    record_keys = await anyio.to_thread.run_sync(open_record_keys, settings.data_dir)
    async with (
        open_trailed_database(settings, clock) as database,
        open_call_control(
            settings.telephony.control,
            operators_by_extension=settings.telephony.operators_by_extension,
            clock=clock,
        ) as call_control,
        AsyncExitStack() as stack,
    ):
        bus = MemoryBus(settings.screen.queue_events)
        ledger = Ledger(database, bus, clock)
        await ledger.open()
        async with database.transaction() as session:
            await scripts.catch_up(session)
        recordings = RecordingLibrary(database, record_keys, settings.recordings_folder)
        recording_desk = RecordingDesk(
            settings.recording, recordings, ledger=ledger, bus=bus, clock=clock
        )
        registry = CallRegistry(
            CallParts(
                settings=settings.stream,
                clock=clock,
                database=database,
                ledger=ledger,
                transcriber=transcriber,
                voice_activity=voice_activity,
                detector=detector,
                new_conversation=new_conversation,
                explainer=Explainer(policy, load_rule_book()),
                scripts=scripts,
                warning_limit=warning_limit,
                partials=settings.asr.partials,
                hash_at_start=caller_keys.hash_at_start,
                seal_number=sealing_numbers(record_keys),
                record=recording_desk.follow,
            )
        )
        notices = await stack.enter_async_context(
            open_notices(
                settings.notices,
                public_url=settings.public_url,
                ledger=ledger,
                database=database,
                bus=bus,
                clock=clock,
                number_of=reading_numbers(record_keys),
            )
        )
        doors = LiveDoors(settings.telephony, registry=registry, database=database, clock=clock)
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
            doors=doors,
            call_control=call_control,
            notices=notices,
            loop_pauses=loop_pauses,
            record_keys=record_keys,
            recordings=recordings,
            recording_desk=recording_desk,
        )
        # The watch ends first: calls are still judged to their end when the registry closes.
        async with (
            notices.running(),
            recording_desk.running(),  # written to the end of what the registry accepts
            registry.running(),
            doors.running(),
            listening(services),
            running_beside(services),
            anyio.create_task_group() as watching,
        ):
            watching.start_soon(watch_loop, loop_pauses, clock)
            watching.start_soon(tell_health, transcriber, registry, ledger, loop_pauses, clock)
            try:
                yield services
            finally:
                watching.cancel_scope.cancel()


def office_warnings() -> OfficeWarnings:
    """Return what knows the shipped warnings again when an operator says them in other words."""
    return OfficeWarnings(shared_sentence_vectors(), warning_sentences(load_scripts()))


def open_warnings() -> KnownWarnings:
    """Return what knows the shipped warnings, and learns those that the office approves."""

    def known(sentences: Iterable[str]) -> OfficeWarnings:
        return OfficeWarnings(shared_sentence_vectors(), sentences)

    return KnownWarnings(known, warning_sentences(load_scripts()))


def open_detection(
    settings: Settings, warnings: KnownWarnings | None = None
) -> tuple[Detector, Callable[[], Conversation]]:
    """Return the detector and a maker of conversations under the policy of *settings*.

    A conversation knows the *warnings* that are known when it begins.
    """
    detector = load_detector()
    policy = load_policy(settings.detection.policy)
    known = warnings or open_warnings()

    def new_conversation() -> Conversation:
        return CallConversation(policy, detector.version, known.now)

    return detector, new_conversation


def prepare_model(settings: Settings, progress: Progress | None = None) -> ModelFiles:
    """Find, join or download the recognition model of *settings*; blocking."""
    make_private_folder(settings.data_dir)
    return find_model(
        settings.asr.model, settings.data_dir / "models", progress=progress, allow_download=True
    )


def describe_model(settings: Settings) -> dict[str, object]:
    """Return what the model of *settings* is, as it lies on this disk; blocking.

    Raises:
        AsrError: it is not there or broken; the message names the next step.
    """
    asr = settings.asr
    described = _described(present_model(asr.model, settings.data_dir / "models"))
    precision = compute_type(asr)
    parameters = described.get("parameters")
    weights = parameters * _BYTES_OF[precision] if isinstance(parameters, int) else None
    return {
        **described,
        "device": asr.device,
        "compute_type": precision,
        "weights_bytes": weights,
    }


def list_models(settings: Settings) -> list[dict[str, object]]:
    """Return what ``describe_model`` knows of every model that was joined or fetched; blocking."""
    return [_described(model) for model in models_in(settings.data_dir / "models")]


def _described(model: ModelFiles) -> dict[str, object]:
    named: dict[str, object] = {"name": model.name, "path": str(model.path)}
    facts = read_facts(model.path)
    if facts is None:
        return named
    return {
        **named,
        "size_bytes": facts.size_bytes,
        "parameters": facts.parameters,
        "stored_as": facts.stored_as,
        "encoder_layers": facts.encoder_layers,
        "decoder_layers": facts.decoder_layers,
        "mel_bands": facts.mel_bands,
        "languages": len(facts.languages),
        "japanese": facts.japanese,
        "trimmed": facts.trimmed,
    }


def open_voice_activity() -> Callable[[], VoiceActivityModel]:
    """Load the voice activity model and return a maker of tracks; blocking, 35 ms."""
    return SileroModel.load().new_track


def open_shared_voice_activity() -> SharedVoiceActivity:
    """Load the voice activity model for the tracks of all calls; blocking, 35 ms."""
    return SileroModel.load().many_tracks()


@asynccontextmanager
async def open_transcriber(
    settings: Settings, *, may_shed: bool = True
) -> AsyncIterator[RecogniserPool]:
    """Start the recognisers; ready when the first is warm.

    Unless it *may_shed*, every segment is read as thoroughly as the settings say and
    none is given up, however long that takes.
    """
    asr = settings.asr
    dispatch = DispatchConfig(
        max_batch=asr.batch_size,
        capacity=asr.queue_segments,
        late_limit_ms=asr.give_up_after_ms,
        partials=asr.partials,
        may_shed=may_shed,
    )
    if asr.engine == "openai":
        config = _server_pool(asr, dispatch)
    else:
        config = await _process_pool(settings, dispatch)
    async with RecogniserPool(config) as pool:
        await pool.wait_ready()
        yield pool


async def _process_pool(settings: Settings, dispatch: DispatchConfig) -> PoolConfig:
    asr = settings.asr
    model = await anyio.to_thread.run_sync(prepare_model, settings)
    return PoolConfig(
        open_recogniser=process_recogniser(whisper_command(asr, model)),
        processes=process_count(asr, usable_cores()),
        unavailable_after_ms=start_allowance_ms((model.path / "model.bin").stat().st_size),
        dispatch=dispatch,
    )


def whisper_command(asr: AsrSettings, model: ModelFiles) -> tuple[str, ...]:
    """Return the command line of one recogniser process."""
    return recogniser_command(
        model.path,
        model.name,
        beam_size=asr.beam_size,
        device=asr.device,
        compute_type=compute_type(asr),
    )


def start_allowance_ms(model_bytes: int) -> int:
    """Return how long a recogniser with a model of that size may take to start before calls give up on it.

    Whisper base (145 MB) is warm after 1.2 s on an idle machine; a slow disk reads 100 MB a second.
    """
    return 10_000 + 30 * model_bytes // 1_000_000


def _server_pool(asr: AsrSettings, dispatch: DispatchConfig) -> PoolConfig:
    server = server_config(asr)
    _log.warning("callers' voices are sent to a recognition server", host=server.address.host)
    return PoolConfig(
        open_recogniser=OpenAiServer(server).connection,
        processes=asr.server_connections,
        start_timeout_ms=asr.server_timeout_ms,
        # Later than a connection says why: that reason is what the person at the start needs.
        unavailable_after_ms=max(START_PATIENCE_MS, asr.server_timeout_ms) + _REASON_MS,
        dispatch=replace(
            dispatch,
            first_answer_timeout_ms=asr.server_timeout_ms,
            answer_timeout_ms=asr.server_timeout_ms,
        ),
    )


def server_config(asr: AsrSettings) -> ServerConfig:
    """Return where callers' voices go under settings whose engine is ``openai``."""
    if asr.server_url is None or asr.server_model is None:
        raise ValueError("the engine openai needs server_url and server_model")
    return ServerConfig(
        address=server_address(asr.server_url, allow_plain_http=asr.server_allow_plain_http),
        model=asr.server_model,
        key=asr.server_key.get_secret_value() if asr.server_key else "",
        timeout_ms=asr.server_timeout_ms,
        ca_file=asr.server_ca_file,
    )


def compute_type(asr: AsrSettings) -> str:
    if asr.compute_type == "auto":
        return "float16" if asr.device == "cuda" else "int8"
    return asr.compute_type


def process_count(asr: AsrSettings, cores: int) -> int:
    """Return how many recogniser processes *cores* carry beside the sockets."""
    if asr.processes:
        return asr.processes
    if asr.device == "cuda":
        return 1
    # On a small machine every core is needed, and recognisers give way to sockets (nice 5).
    return cores if cores <= _SMALL_CORES else min(cores - 1, _MOST_PROCESSES)


def usable_cores() -> int:
    """Return how many cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return max(1, os.cpu_count() or 1)
