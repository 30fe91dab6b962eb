"""Adapter: the calls shipped with the project, read from the package's own files.

A call is three files in ``calls``: ``ID.toml`` (script, title, what it should
trigger), ``ID.wav`` (mu-law, 8 kHz, caller and operator interleaved) and
``ID.turns.jsonl`` (the true time of every turn in that sound).
``docs/demo-calls.md`` says how they were made.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any, Final

from app.errors import NotFound
from asr.wav import read_wav
from detection.types import Category, Severity, Speaker

RATE_HZ: Final = 8_000
TRACKS: Final = (Speaker.CALLER, Speaker.OPERATOR)
"""In the order in which the sound interleaves them."""


class CallKind(StrEnum):
    """What a shipped call is an example of; the words of ``mimamori evaluate``."""

    HARASSMENT = "harassment"
    LEGITIMATE = "legitimate"
    HARD_NEGATIVE = "hard_negative"


@dataclass(frozen=True, slots=True)
class Expectation:
    """What a good detector makes of the call."""

    kind: CallKind
    max_level: Severity
    """Of the call: 3 for a threat, and also where the caller went on after a spoken warning."""
    first_alert_category: Category | None
    """None: the call must stay quiet."""
    repetition: bool
    """The same demand comes back after it was answered."""
    welfare: bool
    """The caller needs help: its own signal, no alert."""


@dataclass(frozen=True, slots=True)
class DemoCall:
    call_id: str
    place: int
    """In a demonstration, from 1."""
    title: str
    description: str
    section: str
    expected: Expectation


@dataclass(frozen=True, slots=True)
class DemoTurn:
    turn: int
    speaker: Speaker
    text: str
    start_ms: int
    end_ms: int
    labels: tuple[Category, ...]


def demo_calls() -> tuple[DemoCall, ...]:
    """Return every shipped call in the order in which a demonstration plays them."""
    names = (entry.name for entry in _folder().iterdir() if entry.name.endswith(".toml"))
    return tuple(
        sorted(
            (demo_call(name.removesuffix(".toml")) for name in names), key=lambda call: call.place
        )
    )


def demo_call(call_id: str) -> DemoCall:
    """Return one shipped call.

    Raises:
        NotFound: no call of that id is shipped.
    """
    script = tomllib.loads(_file(call_id, ".toml").read_text(encoding="utf-8"))
    expected: dict[str, Any] = script["expected"]
    first = expected["first_alert_category"]
    return DemoCall(
        call_id=call_id,
        place=script["place"],
        title=script["title"],
        description=script["description"],
        section=script["section"],
        expected=Expectation(
            kind=CallKind(expected["kind"]),
            max_level=Severity(expected["max_level"]),
            first_alert_category=Category(first) if first else None,
            repetition=expected["repetition"],
            welfare=expected["welfare"],
        ),
    )


def demo_turns(call_id: str) -> tuple[DemoTurn, ...]:
    """Return what is said in the call and when, in the order in which the turns begin.

    Raises:
        NotFound: no call of that id is shipped.
    """
    lines = _file(call_id, ".turns.jsonl").read_text(encoding="utf-8").splitlines()
    return tuple(
        DemoTurn(
            turn=written["turn"],
            speaker=Speaker(written["speaker"]),
            text=written["text"],
            start_ms=written["start_ms"],
            end_ms=written["end_ms"],
            labels=tuple(Category(label) for label in written["labels"]),
        )
        for written in map(json.loads, lines)
    )


def demo_sound(call_id: str) -> bytes:
    """Return the sound as the native stream sends it: mu-law, 8 kHz, one byte of each track in turn.

    Raises:
        NotFound: no call of that id is shipped.
    """
    return read_wav(demo_wav(call_id)).payload


def demo_wav(call_id: str) -> bytes:
    """Return the whole WAV file.

    Raises:
        NotFound: no call of that id is shipped.
    """
    return _file(call_id, ".wav").read_bytes()


def _folder() -> Traversable:
    return files("app.demo") / "calls"


def _file(call_id: str, suffix: str) -> Traversable:
    # Compared with the names that exist, so that an id is never taken as a path.
    name = call_id + suffix
    for entry in _folder().iterdir():
        if entry.name == name:
            return entry
    raise NotFound("demo_call_not_found", f"デモ通話「{call_id}」はありません。")
