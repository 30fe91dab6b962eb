"""Pure: what the server and the process that hears calls again say to each other: one line of JSON each.

First the rules: ``{"before", "after", "warnings"}``, answered ``{"ready": {"before", "after"}}`` with the detectors'
versions or ``{"refused": code}``. Then call by call, each answered ``{"compared"}`` or ``{"failed": code}``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.trials.hearing import StoredCall
from detection.types import Pressed, Speaker, Step, Utterance


def line(message: Mapping[str, Any]) -> bytes:
    return json.dumps(message, ensure_ascii=False).encode() + b"\n"


def call_fields(call: StoredCall) -> dict[str, Any]:
    return {
        "call_id": call.call_id,
        "duration_ms": call.duration_ms,
        "told": [_pressed(one) if isinstance(one, Pressed) else _said(one) for one in call.told],
    }


def call_of(fields: Mapping[str, Any]) -> StoredCall:
    told = tuple(_pressed_of(one) if "step" in one else _said_of(one) for one in fields["told"])
    return StoredCall(fields["call_id"], told, fields["duration_ms"])


def _said(one: Utterance) -> dict[str, Any]:
    return {
        "id": one.utterance_id,
        "speaker": one.speaker.value,
        "text": one.text,
        "start_ms": one.start_ms,
        "end_ms": one.end_ms,
        "confidence": one.confidence,
        "hypotheses": list(one.hypotheses),
    }


def _said_of(fields: Mapping[str, Any]) -> Utterance:
    return Utterance(
        utterance_id=fields["id"],
        speaker=Speaker(fields["speaker"]),
        text=fields["text"],
        start_ms=fields["start_ms"],
        end_ms=fields["end_ms"],
        confidence=fields["confidence"],
        hypotheses=tuple(fields["hypotheses"]),
    )


def _pressed(one: Pressed) -> dict[str, Any]:
    return {"at_ms": one.at_ms, "words": one.words, "step": one.step.value, "by": one.by}


def _pressed_of(fields: Mapping[str, Any]) -> Pressed:
    return Pressed(fields["at_ms"], fields["words"], Step(fields["step"]), fields["by"])
