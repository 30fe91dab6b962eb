"""Glue: what a supervisor sends to the operator's screen with one click; ships in ``quick_phrases.toml``."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class QuickPhrase:
    id: str
    label: str
    """Fits on a button."""
    text: str


@cache
def quick_phrases() -> tuple[QuickPhrase, ...]:
    """Return the shipped phrases in the order in which they are offered."""
    written = resources.files("app.joining").joinpath("quick_phrases.toml").read_text("utf-8")
    return tuple(
        QuickPhrase(id=str(entry["id"]), label=str(entry["label"]), text=str(entry["text"]))
        for entry in tomllib.loads(written)["phrase"]
    )


def phrase_of(phrase_id: str) -> QuickPhrase | None:
    return next((phrase for phrase in quick_phrases() if phrase.id == phrase_id), None)
