"""Glue: the calls shipped with the project are what the catalogue says they are."""

from __future__ import annotations

from importlib.resources import files
from itertools import pairwise

import numpy as np
import pytest

from app.demo.catalogue import (
    RATE_HZ,
    TRACKS,
    CallKind,
    DemoTurn,
    demo_call,
    demo_calls,
    demo_sound,
    demo_turns,
    demo_wav,
)
from app.errors import NotFound
from asr.codec import decode
from asr.types import Encoding, Samples
from asr.wav import read_wav
from detection.types import Category, Severity, Speaker

LARGEST_BYTES = 1_500_000
ALL_BYTES = 8_000_000
BLOCK_MS = 20

CALL_IDS = [call.call_id for call in demo_calls()]
every_call = pytest.mark.parametrize("call_id", CALL_IDS)


def track(call_id: str, speaker: Speaker) -> Samples:
    sound = decode(Encoding.MULAW, demo_sound(call_id))
    return sound.reshape(-1, len(TRACKS))[:, TRACKS.index(speaker)]


def loudness_dbfs(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64)) + 1e-12))


def cut(samples: Samples, start_ms: int, end_ms: int) -> Samples:
    return samples[start_ms * RATE_HZ // 1000 : end_ms * RATE_HZ // 1000]


def turns_of(call_id: str, speaker: Speaker) -> list[DemoTurn]:
    return [turn for turn in demo_turns(call_id) if turn.speaker is speaker]


def test_the_calls_that_the_demonstration_promises_are_shipped() -> None:
    kinds = {call.call_id: call.expected.kind for call in demo_calls()}

    assert kinds == {
        "fair_complaint": CallKind.LEGITIMATE,
        "ordinary_question": CallKind.HARD_NEGATIVE,
        "repeated_demand": CallKind.HARASSMENT,
        "snow_step_by_step": CallKind.HARASSMENT,
        "sudden_threat": CallKind.HARASSMENT,
        "welfare_hint": CallKind.HARD_NEGATIVE,
    }


def test_all_calls_together_stay_small_enough_to_ship() -> None:
    sizes = [len(demo_wav(call_id)) for call_id in CALL_IDS]

    assert max(sizes) <= LARGEST_BYTES
    assert sum(sizes) <= ALL_BYTES


@every_call
def test_the_sound_is_what_a_telephone_carries(call_id: str) -> None:
    wav = read_wav(demo_wav(call_id))

    assert (wav.encoding, wav.rate_hz, wav.channel_count) == (Encoding.MULAW, 8_000, 2)
    assert wav.payload == demo_sound(call_id)


def test_a_demonstration_begins_with_the_call_that_gets_worse_step_by_step() -> None:
    calls = demo_calls()

    assert calls[0].call_id == "snow_step_by_step"
    assert [call.place for call in calls] == list(range(1, len(calls) + 1))


def test_every_file_beside_the_scripts_belongs_to_a_call() -> None:
    names = {entry.name for entry in (files("app.demo") / "calls").iterdir()}

    assert names == {
        call_id + suffix for call_id in CALL_IDS for suffix in (".toml", ".wav", ".turns.jsonl")
    }


@every_call
def test_a_call_lasts_at_least_a_minute(call_id: str) -> None:
    seconds = len(demo_sound(call_id)) / len(TRACKS) / RATE_HZ

    assert seconds >= 60


@every_call
def test_turns_are_numbered_in_the_order_in_which_they_begin_and_lie_inside_the_sound(
    call_id: str,
) -> None:
    turns = demo_turns(call_id)

    sound_ms = len(demo_sound(call_id)) // len(TRACKS) * 1000 // RATE_HZ
    assert [turn.turn for turn in turns] == list(range(len(turns)))
    assert [turn.start_ms for turn in turns] == sorted(turn.start_ms for turn in turns)
    assert all(0 < turn.start_ms < turn.end_ms <= sound_ms for turn in turns)


@every_call
@pytest.mark.parametrize("speaker", TRACKS)
def test_nobody_speaks_over_themselves(call_id: str, speaker: Speaker) -> None:
    turns = turns_of(call_id, speaker)

    assert all(a.end_ms <= b.start_ms for a, b in pairwise(turns))


@every_call
@pytest.mark.parametrize("speaker", TRACKS)
def test_a_track_is_loud_during_its_turns_and_quiet_between_them(
    call_id: str, speaker: Speaker
) -> None:
    samples = track(call_id, speaker)
    turns = turns_of(call_id, speaker)

    spoken = [loudness_dbfs(cut(samples, turn.start_ms, turn.end_ms)) for turn in turns]
    edges = [0, *(ms for turn in turns for ms in (turn.start_ms, turn.end_ms))]
    silences = [
        loudness_dbfs(cut(samples, begin, end))
        for begin, end in zip(edges[0::2], edges[1::2], strict=False)
        if end - begin > BLOCK_MS
    ]

    assert min(spoken) > -35
    assert max(silences) < -40


@every_call
def test_the_sound_stays_inside_the_telephone_band(call_id: str) -> None:
    samples = decode(Encoding.MULAW, demo_sound(call_id)).reshape(-1, len(TRACKS)).sum(axis=1)
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / RATE_HZ)

    inside = power[(hertz >= 180) & (hertz <= 3_520)].sum() / power.sum()

    assert inside > 0.99


@every_call
def test_only_the_caller_is_labelled(call_id: str) -> None:
    labelled = {turn.speaker for turn in demo_turns(call_id) if turn.labels}

    assert labelled <= {Speaker.CALLER}


@every_call
def test_what_is_expected_agrees_with_the_labels(call_id: str) -> None:
    expected = demo_call(call_id).expected

    labelled = [turn.labels for turn in demo_turns(call_id) if turn.labels]

    assert (expected.kind is CallKind.HARASSMENT) == bool(labelled)
    assert (expected.max_level > Severity.NONE) == bool(labelled)
    assert expected.first_alert_category == (labelled[0][0] if labelled else None)
    assert not expected.repetition or any(Category.PERSISTENCE in labels for labels in labelled)


@every_call
def test_a_call_introduces_itself_in_japanese(call_id: str) -> None:
    call = demo_call(call_id)

    assert all(
        any("ぁ" <= character <= "龠" for character in words)
        for words in (call.title, call.description, call.section)
    )


@pytest.mark.parametrize("call_id", ["no_such_call", "", "../catalogue", "calls/fair_complaint"])
def test_a_call_that_is_not_shipped_is_not_found(call_id: str) -> None:
    with pytest.raises(NotFound):
        demo_call(call_id)
