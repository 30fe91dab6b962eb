"""Facts about measuring detection on files: what is read, how it is played, what comes out."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from app.errors import BadRequest
from app.evaluation import report
from app.evaluation.cases import CallCase, TurnCase, parse_calls, parse_utterances
from app.evaluation.listening import (
    Listened,
    listen_to_all,
    recogniser,
    refuse_missing,
    segments_of,
)
from app.evaluation.running import Heard, judge_call, judge_utterance, judge_utterances
from app.evaluation.timing import TimeUnit, spoken_at
from asr.errors import TranscriptionFailed
from asr.types import Encoding, Shedding, SpeechSegment, Transcript, Urgency
from asr.wav import read_wav, wav_bytes
from detection.measures import Kind, character_errors, measure_calls, measure_utterances
from detection.policy import Policy
from detection.types import (
    Assessment,
    Category,
    Cue,
    Finding,
    Severity,
    Span,
    Speaker,
    Utterance,
)
from tests.fakes import LoudnessActivity, babble, line_noise

POLICY = Policy(name="plain", version="plain-1", title="試験用")


class WordDetector:
    """Knows four words: enough to say what should come out."""

    version = "words-1"

    def assess(self, utterance: Utterance) -> Assessment:
        known = {
            "ばか": (Category.MENTAL_ATTACK, Severity.WARNING, 0.8),
            "殺す": (Category.PHYSICAL_ATTACK, Severity.STOP, 1.0),
            "たぶん": (Category.SEXUAL, Severity.CAUTION, 0.2),
        }
        findings = tuple(
            Finding(category, severity, Span(at, at + len(word)), word, word, "", "理由", score)
            for word, (category, severity, score) in known.items()
            if (at := utterance.text.find(word)) >= 0
        )
        cues = {
            "減免": (Cue.DEMAND,),
            "できません": (Cue.REFUSAL,),
            "終えます": (Cue.WARNED,),
        }
        found = tuple(c for word, all_ in cues.items() if word in utterance.text for c in all_)
        words = "減免" if Cue.DEMAND in found else ""
        return Assessment(utterance.utterance_id, findings, found, words)


def utterance_line(**changed: object) -> str:
    return json.dumps(
        {
            "id": "u1",
            "text": "お前はばかか",
            "labels": ["mental_attack"],
            "severity": 2,
            "kind": "harassment",
            **changed,
        },
        ensure_ascii=False,
    )


def call_line(**changed: object) -> str:
    return json.dumps(
        {
            "id": "c1",
            "turns": [
                {"speaker": "caller", "text": "ばか", "labels": ["mental_attack"], "t": 1},
                {"speaker": "operator", "text": "終えます", "labels": []},
            ],
            "expect": {"max_level": 2, "first_alert_turn": 0, "repetition": False},
            "kind": "harassment",
            **changed,
        },
        ensure_ascii=False,
    )


def turn(text: str, speaker: Speaker = Speaker.CALLER, t: float | None = None) -> TurnCase:
    return TurnCase(speaker, text, frozenset(), t)


def call(*turns: TurnCase) -> CallCase:
    return CallCase("c", turns, 0, None, expected_repetition=False, kind=Kind.HARASSMENT)


# Reading


def test_utterances_are_read_line_by_line_and_empty_lines_passed_over() -> None:
    cases = parse_utterances([utterance_line(), "", utterance_line(id=7, kind="legitimate")], "f")

    assert [(c.id, c.kind, c.severity) for c in cases] == [
        ("u1", Kind.HARASSMENT, 2),
        ("7", Kind.LEGITIMATE, 2),
    ]
    assert cases[0].labels == {Category.MENTAL_ATTACK}


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        (["{"], "f.jsonl:1: JSON として読めません"),
        (['{"id": ' + "9" * 5_000 + "}"], "f.jsonl:1: JSON として読めません(数の桁か"),
        (["[" * 20_000], "f.jsonl:1: JSON として読めません(数の桁か"),
        ([utterance_line(text="ば\ud800か").replace("\ud800", "\\ud800")], "f.jsonl:1: text に"),
        ([utterance_line(id="\ud800").replace("\ud800", "\\ud800")], "f.jsonl:1: id に"),
        (["[1]"], "f.jsonl:1: 1 行に JSON オブジェクト"),
        ([utterance_line(), utterance_line()], "f.jsonl:2: id が 1 行目と重複"),
        ([utterance_line(id="")], "f.jsonl:1: id は空でない"),
        (["", utterance_line(text=None)], "f.jsonl:2: text は文字列"),
        ([utterance_line(severity=4)], "f.jsonl:1: severity は 0〜3"),
        ([utterance_line(severity=True)], "f.jsonl:1: severity は 0〜3"),
        (
            ['{"id":"a","text":"x","labels":[],"kind":"harassment"}'],
            "f.jsonl:1: kind が harassment の行には severity",
        ),
        ([utterance_line(kind="rude")], "f.jsonl:1: kind は harassment、"),
        ([utterance_line(labels=["rude"])], "f.jsonl:1: labels の 'rude' は知らない分類"),
        ([utterance_line(labels=[[]])], "f.jsonl:1: labels の [] は知らない分類"),
        ([utterance_line(labels="sexual")], "f.jsonl:1: labels は配列"),
        ([], "f.jsonl: 評価する行がありません"),
    ],
)
def test_a_bad_utterance_is_refused_by_file_and_line(lines: list[str], complaint: str) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_utterances(lines, "f.jsonl")

    assert refused.value.message.startswith(complaint)


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"turns": []}, "turns は 1 つ以上"),
        ({"turns": [3]}, "turns[0]: 発言はオブジェクト"),
        ({"turns": [{"speaker": "clerk", "text": "x"}]}, "turns[0]: speaker は caller、operator"),
        ({"turns": [{"speaker": "caller", "text": "x", "t": -1}]}, "turns[0]: t は 0 以上"),
        ({"turns": [{"speaker": "caller", "text": "x", "t": float("nan")}]}, "turns[0]: t は"),
        ({"turns": [{"speaker": "caller", "text": "x", "t": 1e306}]}, "turns[0]: t は"),
        ({"turns": [{"speaker": "caller", "text": "x", "t": 10**400}]}, "turns[0]: t は"),
        ({"expect": None}, "expect は max_level"),
        ({"expect": {"max_level": "2"}}, "max_level は 0〜3"),
        ({"expect": {"max_level": 2, "first_alert_turn": 2}}, "expect.first_alert_turn は null か"),
        ({"expect": {"max_level": 2, "repetition": 1}}, "expect.repetition は true か"),
    ],
)
def test_a_bad_call_is_refused_by_file_line_and_turn(
    changed: dict[str, object], complaint: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        parse_calls([call_line(**changed)], "f.jsonl")

    assert refused.value.message.startswith(f"f.jsonl:1: {complaint}")


# Time


def test_turns_without_a_time_follow_each_other_at_the_pace_of_speech() -> None:
    assert spoken_at([turn("あ" * 10), turn("はい")]) == [(0, 1_500), (2_100, 2_600)]


def test_a_turn_that_begins_ends_the_others() -> None:
    assert spoken_at([turn("あ" * 100, t=0), turn("はい", t=3)])[0] == (0, 3_000)


def test_times_are_seconds_unless_they_can_only_be_milliseconds() -> None:
    seconds = [turn("a", t=t) for t in (0, 4, 9.5, 600)]
    milliseconds = [turn("a", t=t) for t in (0, 4_000, 9_500, 600_000)]

    assert [start for start, _ in spoken_at(seconds)] == [0, 4_000, 9_500, 600_000]
    assert [start for start, _ in spoken_at(milliseconds)] == [0, 4_000, 9_500, 600_000]
    assert spoken_at(milliseconds[:2], TimeUnit.SECONDS)[1][0] == 4_000_000


# Utterances


def test_a_prediction_names_every_category_and_the_callers_words() -> None:
    (case,) = parse_utterances([utterance_line()], "f")
    (result,) = judge_utterances([case], WordDetector(), POLICY, lambda: None)

    prediction = result.prediction()

    assert (prediction["flagged"], prediction["level"]) == (True, 2)
    assert set(prediction["scores"]) == {category.value for category in Category}
    assert prediction["scores"]["mental_attack"] == 0.8
    assert prediction["scores"]["sexual"] == 0.0
    (finding,) = prediction["findings"]
    explanation = finding.pop("explanation")
    assert finding == {
        "category": "mental_attack",
        "text": "ばか",
        "start": 3,
        "end": 5,
        "rule": "ばか",
    }
    assert explanation.startswith("相手の方の「")
    assert "ばか" in explanation


def test_what_the_policy_would_not_count_is_not_flagged() -> None:
    (case,) = parse_utterances([utterance_line(text="たぶんね")], "f")

    assert not judge_utterance(case, [Heard(case.text)], WordDetector(), POLICY).flagged


def test_findings_of_a_later_segment_keep_their_place_in_the_transcript() -> None:
    (case,) = parse_utterances([utterance_line()], "f")
    pieces = Listened((Heard("あのね"), Heard("ばか")))

    result = judge_utterance(case, pieces.pieces, WordDetector(), POLICY)
    found = result.prediction()["findings"][0]

    assert pieces.transcript[found["start"] : found["end"]] == "ばか"


# Calls


def test_a_call_is_played_and_its_alerts_are_noted_by_turn() -> None:
    result = judge_call(
        call(
            turn("こんにちは"),
            turn("ばか"),
            turn("続くなら終えます", Speaker.OPERATOR),
            turn("ばか、殺すぞ"),
        ),
        WordDetector(),
        POLICY,
    )

    assert result.prediction() == {
        "id": "c",
        "max_level": 2,
        "first_alert_turn": 1,
        "repetition": False,
        "warnings_spoken": 1,
        "alerts": [{"turn": 1, "level": 2, "categories": ["mental_attack"]}],
    } | {
        "max_level": 3,
        "alerts": [
            {"turn": 1, "level": 2, "categories": ["mental_attack"]},
            {"turn": 3, "level": 3, "categories": ["physical_attack", "mental_attack"]},
        ],
    }


def test_repetition_after_answers_is_noted() -> None:
    asked, refused = turn("減免して"), turn("できません", Speaker.OPERATOR)

    repeated = judge_call(call(asked, refused, asked, refused, asked), WordDetector(), POLICY)
    unanswered = judge_call(call(asked, asked, asked), WordDetector(), POLICY)

    assert (repeated.repetition, unanswered.repetition) == (True, False)


def test_the_clock_runs_between_the_turns_of_a_call() -> None:
    policy = Policy(name="t", version="t", title="t", held_limit_ms=600_000)
    case = call(turn("ばか", t=0), turn("もしもし", t=1_200))

    result = judge_call(case, WordDetector(), policy, TimeUnit.SECONDS)

    assert [(at, alert.categories) for at, alert in result.alerts] == [
        (0, (Category.MENTAL_ATTACK,)),
        (0, (Category.RESTRAINT,)),
    ]


# Sound


class EchoTranscriber:
    """Says how long each segment was; fails where it is told to."""

    delay_ms = 0
    ready = True
    shedding = Shedding.NOTHING

    def __init__(self, *, fails: bool = False) -> None:
        self._fails = fails

    async def transcribe(self, segment: SpeechSegment, *, urgency: Urgency) -> Transcript:
        if self._fails:
            raise TranscriptionFailed
        return Transcript("ばか", 0.9)


def spoken_wav(rate_hz: int, encoding: Encoding) -> bytes:
    silence = line_noise(40)
    sound = np.concatenate((silence, babble("aiueo"), silence, silence, babble("oiaee"), silence))
    return wav_bytes(encoding, rate_hz, [sound[:: 16_000 // rate_hz]])


@pytest.mark.parametrize(
    ("rate_hz", "encoding"),
    [(8_000, Encoding.MULAW), (8_000, Encoding.ALAW), (16_000, Encoding.PCM_S16LE)],
)
def test_a_recording_is_cut_as_a_live_call_would_be(rate_hz: int, encoding: Encoding) -> None:
    segments = segments_of(read_wav(spoken_wav(rate_hz, encoding)), LoudnessActivity())

    assert len(segments) == 2
    assert 800 <= segments[0].duration_ms <= 1_600


def test_a_recording_in_another_rate_is_resampled_first() -> None:
    wav = read_wav(wav_bytes(Encoding.PCM_S16LE, 22_050, [np.repeat(babble("aiueo"), 2)]))

    (segment,) = segments_of(wav, LoudnessActivity())

    assert abs(segment.duration_ms - wav.duration_ms) <= 64


async def test_every_recording_is_heard_in_the_order_of_the_file(tmp_path: Path) -> None:
    cases = parse_utterances([utterance_line(id=name) for name in "ba"], "f")
    for case in cases:
        (tmp_path / f"{case.id}.wav").write_bytes(spoken_wav(8_000, Encoding.MULAW))
    heard: list[None] = []

    listened = await listen_to_all(
        cases,
        tmp_path,
        recogniser(EchoTranscriber(), LoudnessActivity),
        lambda: heard.append(None),
    )

    assert [one.transcript for one in listened] == ["ばかばか", "ばかばか"]
    assert len(heard) == 2


async def test_a_segment_that_could_not_be_recognised_is_counted(tmp_path: Path) -> None:
    wav = read_wav(spoken_wav(8_000, Encoding.MULAW))

    listened = await recogniser(EchoTranscriber(fails=True), LoudnessActivity)(wav)

    assert (listened.transcript, listened.segments_lost) == ("", 2)


@pytest.mark.parametrize("case_id", ["missing", "../u1"])
def test_a_recording_that_cannot_be_read_is_refused(tmp_path: Path, case_id: str) -> None:
    (tmp_path / "u1.wav").write_bytes(spoken_wav(8_000, Encoding.MULAW))
    (folder := tmp_path / "sounds").mkdir()

    with pytest.raises(BadRequest):
        refuse_missing(parse_utterances([utterance_line(id=case_id)], "f"), folder)


# Reports

RUN = report.Run("f.jsonl", 2, "plain-1", "words-1")


def test_the_json_of_utterances_holds_recall_false_alarms_and_f1() -> None:
    lines = [
        utterance_line(),
        utterance_line(id="u2", text="ばかでかい虫", kind="hard_negative", labels=[], severity=0),
    ]
    results = judge_utterances(parse_utterances(lines, "f"), WordDetector(), POLICY, lambda: None)

    told = report.utterances_json(RUN, measure_utterances([r.judged() for r in results]))

    assert told["recall"]["all"] == {"rate": 1.0, "count": 1, "of": 1}
    assert told["recall"]["by_severity"] == {"2": {"rate": 1.0, "count": 1, "of": 1}}
    assert told["false_alarms"]["hard_negative"]["rate"] == 1.0
    assert told["false_alarms"]["legitimate"]["rate"] is None
    assert told["categories"]["mental_attack"]["precision"] == 0.5
    assert (told["policy_version"], told["detector_version"]) == ("plain-1", "words-1")
    assert json.loads(json.dumps(told)) == told


def test_the_json_of_calls_holds_delay_agreement_and_repetition() -> None:
    result = judge_call(parse_calls([call_line()], "f")[0], WordDetector(), POLICY)

    told = report.calls_json(RUN, measure_calls([result.judged()]))

    assert told["recall"]["rate"] == 1.0
    assert told["delay_turns"]["mean"] == 0.0
    assert told["level_agreement"]["exact"]["rate"] == 1.0
    assert told["repetition"]["precision"] is None
    assert json.loads(json.dumps(told)) == told


def test_the_json_of_sound_adds_the_character_error_rate() -> None:
    hearing = report.Hearing(character_errors("土下座しろ", "同げざしろ"), segments_lost=1)

    told = report.audio_json(RUN, measure_utterances([]), hearing)

    assert (told["cer"], told["segments_lost"], told["evaluation"]) == (0.6, 1, "audio")


def test_the_tables_say_the_same_in_japanese() -> None:
    (case,) = parse_utterances([utterance_line()], "f")
    (result,) = judge_utterances([case], WordDetector(), POLICY, lambda: None)
    played = judge_call(parse_calls([call_line()], "f")[0], WordDetector(), POLICY)
    measured = measure_utterances([result.judged()])
    console = Console(width=120, record=True, file=StringIO())

    console.print(report.utterances_tables(RUN, measured))
    console.print(report.calls_tables(RUN, measure_calls([played.judged()])))
    console.print(report.audio_tables(RUN, measured, report.Hearing(character_errors("a", "b"), 0)))
    shown = console.export_text()

    assert "再現率(ハラスメント全体)" in shown
    assert "100.0%" in shown
    assert "文字誤り率(CER)" in shown
    assert "繰り返しの検知" in shown
