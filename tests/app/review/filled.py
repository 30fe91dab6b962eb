"""Glue: ended calls written straight into the tables, three hours of them where a test wants it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from app.joining.models import JoinRow
from app.models import (
    AlertRow,
    Call,
    DecisionRow,
    EventRow,
    FindingRow,
    StaffAction,
    UtteranceRow,
)
from tests.app.board.filled import token_of
from tests.app.running import SECTION

Row = dict[str, Any]

CALLER: Final = "caller"
OPERATOR: Final = "operator"
CLAUSE: Final = "脅迫、中傷、名誉棄損、侮辱、暴言など精神的な攻撃"
THREAT: Final = "いいかげんにしないと、お前の家まで行くからな。"
QUOTE: Final = "お前の家まで行くからな"
WARNING: Final = (
    "ただいまのご発言は、カスタマーハラスメントに当たるおそれがあります。"
    "続くようでしたら、お電話を終了させていただきます。"
)
SAID: Final = (
    "先週からずっとお願いしているんですけれども、まだ何の連絡もいただいていないんです。",
    "ご不便をおかけしております。担当の者に確認いたしますので、少々お待ちください。",
    "それは前にも聞きました。",
    "はい。除雪の順番は、積もった雪の深さと道路の幅で決まります。野幌地区は今夜の11時から作業に入る予定です。",
    "今夜って何時ごろですか。うちの前は坂になっていて、救急車も入れないんですよ。",
    "おおむね明け方までに終わる見込みです。",
)


@dataclass(frozen=True, slots=True)
class Filling:
    """How much there is in the call."""

    minutes: int = 12
    utterances: int = 120
    findings: int = 6
    deeds: int = 12
    gaps: int = 2


THREE_HOURS: Final = Filling(minutes=180, utterances=5_000, findings=300, deeds=200, gaps=10)


async def add_ended_call(
    session: AsyncSession,
    now: datetime,
    call_id: str = "r-1",
    *,
    filling: Filling = Filling(),
    section: str = SECTION,
    operator: str = "sato",
    live: bool = False,
    texts: tuple[str, ...] = SAID,
) -> str:
    """Write one call that ended at *now*, evenly filled; return its id."""
    duration_ms = filling.minutes * 60_000
    started_at = now - timedelta(milliseconds=duration_ms)
    call: Row = {
        "id": call_id,
        "token_id": await token_of(session, now),
        "operator": operator,
        "section": section,
        "caller_number": "0110001234",
        "stream_format": {"tracks": [CALLER, OPERATOR], "encoding": "mulaw", "rate": 8000},
        "started_at": started_at,
        "ended_at": None if live else now,
        "end_reason": "hangup",
        "duration_ms": duration_ms,
        "level": 2,
        "top_level": 3,
        "outcome": "harassment_suspected",
        "content": 1,
        "manner": 3,
        "warnings_spoken": 2,
        "policy_version": "ebetsu-1",
        "detector_version": "d1",
    }
    await session.execute(insert(Call), [call])
    said = _said(call_id, started_at, duration_ms, filling, texts)
    await session.execute(insert(UtteranceRow), said)
    if filling.findings:
        await session.execute(insert(FindingRow), _findings(call_id, said, filling.findings))
        await session.execute(insert(AlertRow), [_alert(call_id, said, started_at, filling)])
    await session.execute(insert(DecisionRow), _decisions(call_id, said))
    await session.execute(insert(StaffAction), _deeds(call_id, started_at, duration_ms, filling))
    await session.execute(insert(JoinRow), [_stay(call_id, started_at, duration_ms)])
    await session.execute(insert(EventRow), _events(call_id, said, started_at, filling))
    return call_id


def _said(
    call_id: str, started_at: datetime, duration_ms: int, filling: Filling, texts: tuple[str, ...]
) -> list[Row]:
    step_ms = duration_ms // filling.utterances
    threats = _threats(filling)
    rows = []
    for place in range(filling.utterances):
        track = CALLER if place % 2 == 0 else OPERATOR
        start_ms = place * step_ms
        end_ms = start_ms + step_ms * 8 // 10
        text = texts[place % len(texts)]
        if (
            filling.utterances > len(texts) ** 3
        ):  # a long talk does not say the same words again and again
            text = f"{text.removesuffix('。')}、{place}番です。"
        if place in threats:
            text = THREAT
        elif place in _warnings(filling):
            text = WARNING
        rows.append(
            {
                "id": f"{call_id}.{track[0]}{start_ms}",
                "call_id": call_id,
                "track": track,
                "start_ms": start_ms,
                "end_ms": end_ms,
                "text": text,
                "hypotheses": [text],
                "confidence": 0.4 if place % 17 == 5 else 0.9,
                "doubts": ["low_probability"] if place % 17 == 5 else [],
                "model": "whisper-base"
                if place < filling.utterances * 9 // 10
                else "whisper-small",
                "heard_at": started_at + timedelta(milliseconds=end_ms + 900),
            }
        )
    return rows


def _threats(filling: Filling) -> set[int]:
    """Return which sentences are threats: the caller's, so the even ones."""
    if not filling.findings:
        return set()
    apart = filling.utterances / filling.findings
    return {int(number * apart + apart / 2) // 2 * 2 for number in range(filling.findings)}


def _warnings(filling: Filling) -> set[int]:
    return {filling.utterances // 2 | 1, filling.utterances * 3 // 4 | 1}


def _findings(call_id: str, said: list[Row], count: int) -> list[Row]:
    threats = [row for row in said if row["text"] == THREAT]
    rows = []
    for number in range(count):
        row = threats[number % len(threats)]
        start = THREAT.index(QUOTE)
        rows.append(
            {
                "call_id": call_id,
                "utterance_id": row["id"],
                "category": "mental_attack",
                "severity": 3 if number % 5 == 4 else 2,
                "span_start": start,
                "span_end": start + len(QUOTE),
                "quote": QUOTE,
                "rule": "mental.home_visit",
                "clause": CLAUSE,
                "reason": "家に行くという予告のおそれがあります",
                "score": 0.93,
                "explanation": _explanation(),
            }
        )
    return rows


def _explanation() -> Row:
    return {
        "text": f"相手の方の「{QUOTE}」という言葉は、方針の「{CLAUSE}」に当たるおそれがあります。"
        "あらかじめ登録された言い方に一致しました。",
        "parts": [
            {"kind": "said", "label": "言葉", "lines": [f"「{QUOTE}」"]},
            {
                "kind": "how",
                "label": "見つけ方",
                "lines": ["あらかじめ登録された言い方に一致しました。", "家に行くという予告です。"],
            },
            {
                "kind": "clause",
                "label": "方針の箇所",
                "lines": [f"「{CLAUSE}」", "江別市職員カスタマーハラスメント対策基本方針"],
            },
            {
                "kind": "considered",
                "label": "ほかに検討したこと",
                "lines": ["ほかに当たりうるものはありませんでした。"],
            },
            {
                "kind": "versions",
                "label": "版",
                "lines": ["ルール:mental.home_visit", "方針:ebetsu-1", "検知:d1"],
            },
        ],
    }


def _alert(call_id: str, said: list[Row], started_at: datetime, filling: Filling) -> Row:
    threat = next(row for row in said if row["text"] == THREAT)
    return {
        "id": f"{call_id}-a1",
        "call_id": call_id,
        "key": "mental_attack",
        "level": 3,
        "categories": ["mental_attack"],
        "utterance_id": threat["id"],
        "quote": QUOTE,
        "start_ms": threat["start_ms"],
        "end_ms": threat["end_ms"],
        "reason": "家に行くという予告のおそれがあります",
        "clause": CLAUSE,
        "count": filling.findings,
        "needs_check": True,
        "explanation": None,
        "raised_at": started_at + timedelta(milliseconds=threat["end_ms"]),
        "closed_at": None,
        "false_alarm": False,
        "unconfirmed": None,
        "withdrawn": False,
    }


def _decisions(call_id: str, said: list[Row]) -> list[Row]:
    rows, level = [], 0
    for place, row in enumerate(said):
        if row["text"] == THREAT:
            level = 3 if place * 2 > len(said) else 2
        elif place % 40 == 39:
            level = max(0, level - 1)
        rows.append(
            {
                "call_id": call_id,
                "utterance_id": row["id"],
                "at_ms": row["end_ms"],
                "level": level,
                "outcome": "harassment_suspected" if level else "ordinary",
                "content": min(level, 1),
                "manner": level,
                "step": "warn" if level >= 2 else "listen",
                "set_aside": [],
                "policy_version": "ebetsu-1" if place * 2 < len(said) else "ebetsu-2",
                "detector_version": "d1",
                "decided_at": row["heard_at"],
            }
        )
    return rows


def _deeds(call_id: str, started_at: datetime, duration_ms: int, filling: Filling) -> list[Row]:
    kinds: tuple[tuple[str, str, Row], ...] = (
        ("help_requested", "sato", {"text": ""}),
        (
            "script_used",
            "sato",
            {"text": "そのようなお言葉はお控えください。", "step": "ask_to_stop"},
        ),
        ("supervisor_note", "tanaka", {"text": "横にいます。", "display_name": "田中 一郎"}),
        ("supervisor_note_seen", "sato", {"text": "職員がメモを確認しました"}),
        ("take_over_asked", "tanaka", {"text": "代わります"}),
        ("help_withdrawn", "sato", {"text": ""}),
    )
    rows = []
    for number in range(filling.deeds):
        kind, login, detail = kinds[number % len(kinds)]
        at_ms = duration_ms * (number + 1) // (filling.deeds + 1)
        rows.append(
            {
                "call_id": call_id,
                "kind": kind,
                "by_login": login,
                "at": started_at + timedelta(milliseconds=at_ms),
                "detail": detail,
            }
        )
    return rows


def _stay(call_id: str, started_at: datetime, duration_ms: int) -> Row:
    return {
        "call_id": call_id,
        "login": "tanaka",
        "display_name": "田中 一郎",
        "listening": True,
        "joined_at": started_at + timedelta(milliseconds=duration_ms // 3),
        "left_at": started_at + timedelta(milliseconds=duration_ms // 2),
        "left_because": "left",
    }


def _events(call_id: str, said: list[Row], started_at: datetime, filling: Filling) -> list[Row]:
    told: list[tuple[str, int, Row]] = []
    warned = [row for row in said if row["text"] == WARNING]
    for number, row in enumerate(warned, 1):
        data = {
            "count": number,
            "limit": 3,
            "n": number,
            "at_ms": row["start_ms"],
            "text": WARNING,
            "how": "spoken",
            "utterance_id": row["id"],
            "by": "sato",
            "pressed_ms": None,
        }
        told.append(("warning.spoken", row["end_ms"], data))
    apart_ms = said[-1]["end_ms"] // (filling.gaps + 1)
    for number in range(1, filling.gaps + 1):
        start_ms = number * apart_ms
        gap = {"track": CALLER, "start_ms": start_ms, "end_ms": start_ms + 4_000}
        told.append(("gap", start_ms + 4_000, {**gap, "reason": "overload"}))
    half_ms = said[-1]["end_ms"] // 2
    told.append(("stalemate.started", half_ms, {"stalemate_ms": 30_000, "demand": None}))
    told.append(("stalemate.tick", half_ms + 30_000, {"stalemate_ms": 60_000, "demand": None}))
    return [
        {
            "type": kind,
            "call_id": call_id,
            "at": started_at + timedelta(milliseconds=at_ms),
            "data": data,
            "operator": "sato",
            "section": SECTION,
        }
        for kind, at_ms, data in told
    ]
