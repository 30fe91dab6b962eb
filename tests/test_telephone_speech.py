"""Facts about the telephone speech that recognition is measured with."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.bench.recordings import load_recordings
from asr.types import Encoding, Samples
from asr.wav import read_wav, wav_bytes
from scripts.make_telephone_speech import (
    SEEDS,
    SENTENCES,
    Manner,
    Sentence,
    main,
    manner_of,
    read_sentences,
    render_recordings,
    telephoned,
    utterance_line,
)
from scripts.telephone_speech import LINE_HZ, VOICES, active_rms

MANNER = Manner(
    voice="recorded",
    speed=1.0,
    pitch=1.0,
    level_dbfs=-20.0,
    clip_over_rms=None,
    snr_db=None,
    background="line",
    behind_share=0.0,
    lead_ms=300,
    tail_ms=200,
)
LISTS = {name: read_sentences(SENTENCES / f"{name}.txt") for name in SEEDS}
every_list = pytest.mark.parametrize("name", list(SEEDS))


def voice(seconds: float, seed: int = 1) -> Samples:
    """Something that comes and goes three times a second inside the telephone band."""
    time_s = np.arange(round(seconds * LINE_HZ)) / LINE_HZ
    carrier = np.sin(2 * np.pi * (500 + 40 * seed) * time_s) + np.sin(2 * np.pi * 1_300 * time_s)
    return (carrier * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time_s))).astype(np.float32)


def heard(manner: Manner, seed: int = 5, seconds: float = 2.0) -> Samples:
    others = [voice(1.5, other) for other in range(2, 9)]
    return telephoned(voice(seconds), manner, others, np.random.default_rng(seed))


def dbfs(samples: Samples) -> float:
    return float(10 * np.log10(np.mean(np.square(samples, dtype=np.float64))))


def letters(text: str) -> str:
    return "".join(c for c in text if unicodedata.category(c)[0] not in "PSZ")


# The lists


def test_what_is_reported_was_never_chosen_on() -> None:
    choose, report = ({letters(s.text) for s in LISTS[name]} for name in ("choose", "report"))

    assert (len(choose), len(report)) == (160, 225)
    assert choose & report == set()


@every_list
def test_a_list_holds_short_middling_and_long_sentences_alike(name: str) -> None:
    lengths = [len(letters(sentence.text)) for sentence in LISTS[name]]

    short, long = sum(n <= 11 for n in lengths), sum(n >= 27 for n in lengths)

    thirds = [count / len(lengths) for count in (short, len(lengths) - short - long, long)]
    assert all(0.28 < third < 0.39 for third in thirds)


@every_list
def test_every_sentence_ends_as_one(name: str) -> None:
    ends = {text[-1] for s in LISTS[name] for text in (s.text, s.say)}

    assert ends == {"。", "！"}


def test_a_tab_stands_before_what_is_read_instead(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text(
        "# 註\n\n分別です。\tぶんべつです。\nはい。\n", encoding="utf-8"
    )

    assert read_sentences(tmp_path / "list.txt") == [
        Sentence("分別です。", "ぶんべつです。"),
        Sentence("はい。", "はい。"),
    ]


# How they are said


def test_voices_take_turns_and_only_who_shouts_is_cut_off() -> None:
    calm, shouted = Sentence("はい。", "はい。"), Sentence("黙れ！", "黙れ！")
    rng = np.random.default_rng(0)

    manners = [manner_of(s, i, rng) for i, s in enumerate([calm, shouted] * 100)]

    assert {m.voice for m in manners} == set(VOICES)
    assert [m.clip_over_rms is None for m in manners] == [True, False] * 100
    assert min(m.level_dbfs for m in manners) >= -30
    assert all(0.85 <= m.speed <= 1.25 and 10 <= (m.snr_db or 0) <= 28 for m in manners)
    assert {m.background for m in manners} == {"line", "room", "babble"}


# The line


@pytest.mark.parametrize("snr_db", [10.0, 28.0])
@pytest.mark.parametrize(
    ("background", "share"), [("line", 0.0), ("room", 0.4), ("room", 0.8), ("babble", 0.6)]
)
def test_noise_lies_as_far_under_the_words_as_was_asked(
    snr_db: float, background: str, share: float
) -> None:
    noisy = replace(MANNER, snr_db=snr_db, background=background, behind_share=share)

    noise = heard(noisy) - heard(MANNER)

    assert 20 * np.log10(active_rms(heard(MANNER), LINE_HZ)) == pytest.approx(-20, abs=0.5)
    assert dbfs(noise) == pytest.approx(-20 - snr_db, abs=0.3)


@pytest.mark.parametrize("background", ["line", "room", "babble"])
def test_the_line_carries_nothing_outside_its_band(background: str) -> None:
    samples = heard(replace(MANNER, snr_db=12.0, background=background, behind_share=0.6))
    power = np.abs(np.fft.rfft(samples)) ** 2
    hertz = np.fft.rfftfreq(len(samples), 1 / LINE_HZ)

    inside = power[(hertz >= 180) & (hertz <= 3_520)].sum() / power.sum()

    assert inside > 0.99


def test_the_same_seed_makes_the_same_sound_and_another_does_not() -> None:
    noisy = replace(MANNER, snr_db=12.0, background="babble", behind_share=0.5)

    assert np.array_equal(heard(noisy, seed=7), heard(noisy, seed=7))
    assert not np.array_equal(heard(noisy, seed=7), heard(noisy, seed=8))


def test_a_word_shorter_than_the_knock_of_a_cup_has_a_room_behind_it() -> None:
    samples = heard(replace(MANNER, snr_db=10.0, background="room", behind_share=0.5), seconds=0.1)

    assert len(samples) == LINE_HZ * 600 // 1000
    assert np.isfinite(samples).all()


def test_an_overloaded_handset_flattens_the_peaks() -> None:
    calm, shouted = heard(MANNER), heard(replace(MANNER, clip_over_rms=1.2))

    def crest(samples: Samples) -> float:
        return float(np.max(np.abs(samples))) / active_rms(samples, LINE_HZ)

    assert crest(shouted) < crest(calm) - 0.2


# Recordings of real voices


def test_recordings_come_out_once_for_each_noise_and_as_the_benchmark_reads_them(
    tmp_path: Path,
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for index, name in enumerate(("a", "b")):
        wav = wav_bytes(Encoding.PCM_S16LE, LINE_HZ, [voice(1.0, index) * np.float32(0.1)])
        (folder / f"{name}.wav").write_bytes(wav)
    (folder / "transcripts.tsv").write_text("file\ttext\na.wav\tはい\nb.wav\t「いいえ」\n", "utf-8")

    main(["line", str(folder), str(out), "--snr-db", "clean,12"])

    recordings = load_recordings(out, out / "utterances.jsonl")
    assert [(r.utterance_id, r.text) for r in recordings] == [
        ("a-clean", "はい"),
        ("a-12db", "はい"),
        ("b-clean", "「いいえ」"),
        ("b-12db", "「いいえ」"),
    ]
    made = read_wav(out / "a-12db.wav")
    assert (made.encoding, made.rate_hz, made.channel_count) == (Encoding.MULAW, LINE_HZ, 1)


def test_transcripts_may_be_listed_as_utterances(tmp_path: Path) -> None:
    wav = wav_bytes(Encoding.MULAW, LINE_HZ, [voice(0.5) * np.float32(0.1)])
    (tmp_path / "x.wav").write_bytes(wav)
    (tmp_path / "utterances.jsonl").write_text('{"id": "x", "text": "はい"}\n', encoding="utf-8")

    lines = render_recordings(tmp_path, tmp_path, [None])

    assert [(line["id"], line["text"]) for line in lines] == [("x-clean", "はい")]


def test_a_line_says_what_was_said_and_in_what_noise() -> None:
    line = json.loads(json.dumps(utterance_line("a-1", "はい。", MANNER, LINE_HZ)))

    assert (line["labels"], line["severity"], line["kind"]) == ([], 0, "legitimate")
    assert (line["voice"], line["snr_db"], line["speed"]) == ("recorded", None, 1.0)
    assert line["seconds"] == 1.0
