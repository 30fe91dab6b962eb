"""Glue: how long one utterance takes to judge, everything included."""

from __future__ import annotations

import json
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any, Final

import psutil

from app.bench.latency import percentile
from app.bootstrap import open_detection
from app.demo.catalogue import demo_calls, demo_turns
from app.errors import BadRequest
from app.settings import Settings
from detection.types import Speaker, Utterance

ROUNDS: Final = 5
WARM_UP: Final = 20
TURN_MS: Final = 5_400
"""Two thousand turns in three hours."""


def measure_detection(utterances: Path | None, turns: int | None) -> dict[str, Any]:
    """Judge every text several times as one long call; return milliseconds and memory.

    Raises:
        BadRequest: a line of *utterances* is none with a text, or there is no line.
    """
    texts = _spoken(utterances)
    detector, new_conversation = open_detection(Settings())
    spoken = list(islice(cycle(texts), turns or ROUNDS * len(texts)))
    conversation, took_ms = new_conversation(), []
    for index, (speaker, text) in enumerate(spoken):
        utterance = Utterance(f"u{index}", speaker, text, index * TURN_MS, index * TURN_MS + 3_500)
        begun = time.perf_counter()
        conversation.hear(utterance, detector.assess(utterance))
        took_ms.append((time.perf_counter() - begun) * 1000)
    measured = took_ms[WARM_UP:] or took_ms
    tenth = max(1, len(measured) // 10)
    return {
        "utterances": len(measured),
        "latency_ms": {
            "p50": round(percentile(measured, 0.50), 3),
            "p95": round(percentile(measured, 0.95), 3),
            "max": round(max(measured), 3),
        },
        "first_tenth_p50": round(percentile(measured[:tenth], 0.50), 3),
        "last_tenth_p50": round(percentile(measured[-tenth:], 0.50), 3),
        "memory_mb": round(psutil.Process().memory_info().rss / 2**20),
    }


def _spoken(utterances: Path | None) -> list[tuple[Speaker, str]]:
    if utterances is None:
        return [
            (turn.speaker, turn.text) for call in demo_calls() for turn in demo_turns(call.call_id)
        ]
    numbered = enumerate(utterances.read_text(encoding="utf-8-sig").split("\n"), start=1)
    texts = [
        _text(line, f"{utterances.name}:{number}") for number, line in numbered if line.strip()
    ]
    if not texts:
        raise BadRequest("evaluation_file_empty", f"{utterances.name}: 判定する行がありません")
    return [(Speaker.CALLER, text) for text in texts]


def _text(line: str, where: str) -> str:
    try:
        return str(json.loads(line)["text"])
    except (ValueError, KeyError, TypeError) as error:
        raise BadRequest(
            "evaluation_line_invalid", f'{where}: {{"text": "発話"}} の形で書いてください'
        ) from error
