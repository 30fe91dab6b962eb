"""Adapter: the shipped detector, opened once for the tests that measure its word lists."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources

from detection.detector import load_lexicon_detector
from detection.ports import Detector
from detection.types import Assessment, Speaker, Utterance

LEXICONS = resources.files("detection").joinpath("lexicons")


@cache
def shipped_detector() -> Detector:
    return load_lexicon_detector()


def assess(text: str, speaker: Speaker = Speaker.CALLER) -> Assessment:
    return shipped_detector().assess(Utterance("u", speaker, text, 0, 2_000))


@dataclass(frozen=True, slots=True)
class Example:
    """One phrase that an entry of a shipped file promises to catch, or to spare."""

    file: str
    entry: str
    text: str
    head: dict[str, object]
    fields: dict[str, object]

    def __str__(self) -> str:
        return f"{self.entry}-{self.text}"


def examples(kind: str, promise: str) -> list[Example]:
    """Return what the files of *kind* promise in the field *promise*."""
    made: list[Example] = []
    for file in sorted(LEXICONS.iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        values = tomllib.loads(file.read_text(encoding="utf-8"))
        if values["kind"] == kind:
            made += [
                Example(file.name, entry["id"], text, values, entry)
                for entry in values["entry"]
                for text in entry.get(promise, [])
            ]
    return made
