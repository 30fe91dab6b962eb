"""Adapter: the whole calls in ``detection/corpus/calls`` as values (docs/corpus.md)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, Final

from detection.errors import CorpusInvalid
from detection.types import Category, Severity, Speaker

_CALL_KINDS: Final = ("harassment", "legitimate", "hard_negative")
"""A call's kind, as its file says it; its folder has the same name."""
_NO_ALERT: Final = -1


@dataclass(frozen=True, slots=True)
class CorpusTurn:
    """What one side says in a call."""

    speaker: Speaker
    at_ms: int
    """When it begins."""
    text: str
    labels: tuple[Category, ...] = ()


@dataclass(frozen=True, slots=True)
class CorpusCall:
    """One whole call, with what ought to come of it by the policy."""

    id: str
    kind: str
    """``harassment``, ``legitimate`` or ``hard_negative``."""
    summary: str
    policy_note: str
    turns: tuple[CorpusTurn, ...]
    max_level: Severity
    first_alert_turn: int | None
    repetition: bool
    warnings_spoken: int

    def as_case(self) -> dict[str, Any]:
        """Return the line of ``mimamori evaluate calls`` that holds this call."""
        return {
            "id": self.id,
            "kind": self.kind,
            "turns": [
                {
                    "speaker": turn.speaker.value,
                    "t": turn.at_ms / 1_000,
                    "text": turn.text,
                    "labels": [label.value for label in turn.labels],
                }
                for turn in self.turns
            ],
            "expect": {
                "max_level": int(self.max_level),
                "first_alert_turn": self.first_alert_turn,
                "repetition": self.repetition,
                "warnings_spoken": self.warnings_spoken,
            },
        }


def read_calls() -> tuple[CorpusCall, ...]:
    """Return every call that is shipped, by kind, then by id.

    Raises:
        CorpusInvalid: a file breaks the rules.
    """
    return tuple(
        read_call(kind, file.name.removesuffix(".toml"), file.read_text(encoding="utf-8"))
        for kind in _CALL_KINDS
        for file in _files(kind)
    )


def read_call(kind: str, name: str, written: str) -> CorpusCall:
    """Return the call that the TOML text *written* holds.

    Raises:
        CorpusInvalid: not TOML, a value missing or wrong, or turns out of order.
    """
    try:
        return _call(kind, name, tomllib.loads(written))
    except (KeyError, TypeError, ValueError) as error:
        raise CorpusInvalid(f"calls/{kind}/{name}.toml: {error!r}") from error


def _call(kind: str, name: str, table: dict[str, Any]) -> CorpusCall:
    expect = table["expect"]
    turns = tuple(
        CorpusTurn(
            speaker=Speaker(turn["speaker"]),
            at_ms=round(turn["t"] * 1_000),
            text=turn["text"],
            labels=tuple(Category(label) for label in turn["labels"]),
        )
        for turn in table["turns"]
    )
    alert_turn = int(expect["first_alert_turn"])
    if (table["id"], table["kind"]) != (name, kind):
        raise ValueError("id and kind are those of the file's name and folder")
    if not turns or any(not turn.text.strip() for turn in turns):
        raise ValueError("there are turns, and all of them have words")
    if [turn.at_ms for turn in turns] != sorted(turn.at_ms for turn in turns):
        raise ValueError("the turns stand in the order in which they begin")
    if any(turn.labels for turn in turns if turn.speaker is Speaker.OPERATOR):
        raise ValueError("only the caller's turns have labels")
    if not _NO_ALERT <= alert_turn < len(turns):
        raise ValueError("first_alert_turn is -1 or the number of a turn")
    if kind != "harassment" and (any(t.labels for t in turns) or expect["max_level"]):
        raise ValueError("a fair call has no labels and no level")
    return CorpusCall(
        id=name,
        kind=kind,
        summary=table["summary"],
        policy_note=table["policy_note"],
        turns=turns,
        max_level=Severity(expect["max_level"]),
        first_alert_turn=None if alert_turn == _NO_ALERT else alert_turn,
        repetition=bool(expect["repetition"]),
        warnings_spoken=int(expect["warnings_spoken"]),
    )


def _files(kind: str) -> list[Traversable]:
    folder = resources.files("detection").joinpath("corpus", "calls", kind)
    found = (file for file in folder.iterdir() if file.name.endswith(".toml"))
    return sorted(found, key=lambda file: file.name)
