"""Pure: the word lists of detection, read from TOML text and held to their own rules.

Files come in six kinds, named by ``kind`` on their first line: ``findings`` (one category each), ``cues`` (one
speaker each), ``innocents`` (words that only look dangerous), ``respellings`` (what a recogniser writes for what)
and ``fragments`` (``{you}`` in a pattern is replaced by the fragment of that name). Patterns are regular
expressions on the *normal* text; katakana may be written as such. Readings are katakana, compared by sound;
one with ``=`` and spellings behind it is not listened for where the word is properly written.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from detection.context import RULE_NAMES
from detection.errors import LexiconInvalid
from detection.phonetic import ReadingPattern
from detection.respelling import Respelling
from detection.text import fold_kana
from detection.types import Category, Cue, Severity, Speaker

_FRAGMENT = re.compile(r"\{([a-z_]+)\}")
_KATAKANA = re.compile(r"[ァ-ヴー]+")
_FINDING_FIELDS = {
    *("id", "severity", "patterns", "readings", "alone", "catches", "spares", "reason"),
    *("score", "keeps"),
}
_CUE_FIELDS = {"id", "cue", "patterns", "catches", "spares"}
_INNOCENT_FIELDS = {"id", "patterns", "reason", "spares"}
_RESPELLING_FIELDS = {"id", "patterns", "said", "sure", "catches", "spares"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule about words that may be harassment."""

    id: str
    category: Category
    severity: Severity
    clause: str
    reason: str
    pattern: re.Pattern[str] | None
    readings: tuple[ReadingPattern, ...]
    catches: tuple[str, ...]
    spares: tuple[str, ...]
    score: float
    keeps: frozenset[str]
    """Names of context rules that do not set this entry aside."""


@dataclass(frozen=True, slots=True)
class CueEntry:
    """One rule about what an utterance does in the conversation."""

    id: str
    cue: Cue
    pattern: re.Pattern[str]
    catches: tuple[str, ...]
    spares: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Innocent:
    """Words that hold a dangerous word and mean no harm: 殺虫剤, 毒キノコ."""

    id: str
    pattern: re.Pattern[str]
    reason: str
    spares: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Everything the word lists say. Ids are unique across files."""

    entries: tuple[Entry, ...]
    caller_cues: tuple[CueEntry, ...]
    operator_cues: tuple[CueEntry, ...]
    innocents: tuple[Innocent, ...]
    respellings: tuple[Respelling, ...] = ()
    digest: str = ""
    """Differs wherever the files differ."""


class _Table:
    """One TOML table, asked for its fields; every complaint names file and entry."""

    def __init__(self, values: Mapping[str, object], where: str) -> None:
        self._values = values
        self.where = where

    def wrong(self, what: str) -> LexiconInvalid:
        return LexiconInvalid(f"{self.where}: {what}")

    def refuse_others(self, known: set[str]) -> None:
        if unknown := sorted(set(self._values) - known):
            raise self.wrong(f"remove or rename the unknown fields {', '.join(unknown)}")

    def text(self, name: str) -> str:
        value = self._values.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(f"give {name} as a text that is not empty")
        return value

    def texts(self, name: str, *, at_least: int = 0) -> tuple[str, ...]:
        value = self._values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            raise self.wrong(f"give {name} as a list of texts")
        if len(value) < at_least:
            raise self.wrong(f"give at least {at_least} text in {name}")
        return tuple(value)

    def number(self, name: str, *, default: float) -> float:
        value = self._values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            raise self.wrong(f"give {name} as a number above 0, at most 1")
        return float(value)

    def severity(self) -> Severity:
        value = self._values.get("severity")
        if type(value) is not int or value not in (1, 2, 3):
            raise self.wrong("give severity as 1 (注意), 2 (警告) or 3 (打ち切り・通報)")
        return Severity(value)

    def truth(self, name: str) -> bool:
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(f"give {name} as true or false")
        return value

    def rule_names(self, name: str) -> frozenset[str]:
        names = frozenset(self.texts(name))
        if unknown := sorted(names - RULE_NAMES):
            known = ", ".join(sorted(RULE_NAMES))
            raise self.wrong(f"{name} knows no rule {', '.join(unknown)}; write some of {known}")
        return names

    def one_of(self, name: str, choices: type[Choice]) -> Choice:
        value = self.text(name)
        try:
            return choices(value)
        except ValueError:
            names = ", ".join(choices)
            raise self.wrong(f"{name} is {value!r}; write one of {names}") from None


Choice = TypeVar("Choice", Category, Cue, Speaker)


def read_lexicon(files: Mapping[str, str]) -> Lexicon:
    """Read the word lists from ``{file name: TOML text}``.

    Raises:
        LexiconInvalid: a file breaks the rules; names file, entry and what to change.
    """
    parsed = {name: _parse(name, text) for name, text in sorted(files.items())}
    fragments: dict[str, str] = {}
    for name, values in parsed.items():
        if _kind(name, values) == "fragments":
            fragments |= _fragments(name, values)
    entries: list[Entry] = []
    innocents: list[Innocent] = []
    respellings: list[Respelling] = []
    cues: dict[Speaker, list[CueEntry]] = {Speaker.CALLER: [], Speaker.OPERATOR: []}
    for name, values in parsed.items():
        head = _Table(values, name)
        match _kind(name, values):
            case "findings":
                category, clause = head.one_of("category", Category), head.text("clause")
                tables = _tables(head, values, _FINDING_FIELDS)
                entries += [_entry(t, category, clause, fragments) for t in tables]
            case "cues":
                tables = _tables(head, values, _CUE_FIELDS)
                cues[head.one_of("speaker", Speaker)] += [_cue(t, fragments) for t in tables]
            case "innocents":
                tables = _tables(head, values, _INNOCENT_FIELDS)
                innocents += [_innocent(t, fragments) for t in tables]
            case "respellings":
                tables = _tables(head, values, _RESPELLING_FIELDS)
                respellings += [_respelling(t, fragments) for t in tables]
    _refuse_twins([e.id for e in entries] + [c.id for side in cues.values() for c in side])
    return Lexicon(
        entries=tuple(entries),
        caller_cues=tuple(cues[Speaker.CALLER]),
        operator_cues=tuple(cues[Speaker.OPERATOR]),
        innocents=tuple(innocents),
        respellings=tuple(respellings),
        digest=_digest(files),
    )


def without_spelling(lexicon: Lexicon) -> Lexicon:
    """Return *lexicon* with nothing left to match by its writing: of the entries only how they sound."""
    entries = tuple(replace(entry, pattern=None) for entry in lexicon.entries)
    return replace(lexicon, entries=entries, caller_cues=(), operator_cues=())


def _digest(files: Mapping[str, str]) -> str:
    told = hashlib.sha256()
    for name, text in sorted(files.items()):
        told.update(f"{name}\0{text}\0".encode())
    return told.hexdigest()


def _parse(name: str, text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as broken:
        raise LexiconInvalid(f"{name}: not TOML: {broken}") from broken


def _kind(name: str, values: Mapping[str, object]) -> str:
    kind = values.get("kind")
    if kind not in ("findings", "cues", "innocents", "respellings", "fragments"):
        raise LexiconInvalid(
            f"{name}: give kind as findings, cues, innocents, respellings or fragments"
        )
    return str(kind)


def _fragments(name: str, values: Mapping[str, object]) -> dict[str, str]:
    made: dict[str, str] = {}
    for key, value in values.items():
        if key == "kind":
            continue
        if not isinstance(value, str):
            raise LexiconInvalid(f"{name}: fragment {key}: give a text")
        # In order of the file: a fragment may use those above it.
        made[key] = f"(?:{_expand(value, made, f'{name}: fragment {key}')})"
    return made


def _tables(head: _Table, values: Mapping[str, object], known: set[str]) -> list[_Table]:
    written = values.get("entry")
    if not isinstance(written, list) or not written:
        raise head.wrong("write at least one [[entry]]")
    tables: list[_Table] = []
    for number, fields in enumerate(written, start=1):
        if not isinstance(fields, dict):
            raise head.wrong(f"write entry number {number} as [[entry]]")
        table = _Table(fields, f"{head.where}: entry {fields.get('id') or f'number {number}'}")
        table.refuse_others(known)
        tables.append(table)
    return tables


def _entry(table: _Table, category: Category, clause: str, fragments: Mapping[str, str]) -> Entry:
    patterns, readings = table.texts("patterns"), table.texts("readings")
    if not patterns and not readings:
        raise table.wrong("give patterns, readings or both")
    alone = table.truth("alone")
    return Entry(
        id=table.text("id"),
        category=category,
        severity=table.severity(),
        clause=clause,
        reason=table.text("reason"),
        pattern=_compile(patterns, fragments, table) if patterns else None,
        readings=tuple(_reading(r, table, alone=alone) for r in readings),
        catches=table.texts("catches", at_least=1),
        spares=table.texts("spares", at_least=1),
        score=table.number("score", default=1.0),
        keeps=table.rule_names("keeps"),
    )


def _reading(written: str, table: _Table, *, alone: bool) -> ReadingPattern:
    sound, _, spellings = written.partition("=")
    if not _KATAKANA.fullmatch(sound):
        raise table.wrong(f"write the reading {sound!r} in katakana only")
    known = tuple(fold_kana(s) for s in spellings.split("/") if s)
    return ReadingPattern.of(sound, alone=alone, spellings=known)


def _cue(table: _Table, fragments: Mapping[str, str]) -> CueEntry:
    return CueEntry(
        id=table.text("id"),
        cue=table.one_of("cue", Cue),
        pattern=_compile(table.texts("patterns", at_least=1), fragments, table),
        catches=table.texts("catches", at_least=1),
        spares=table.texts("spares", at_least=1),
    )


def _innocent(table: _Table, fragments: Mapping[str, str]) -> Innocent:
    return Innocent(
        id=table.text("id"),
        pattern=_compile(table.texts("patterns", at_least=1), fragments, table),
        reason=table.text("reason"),
        spares=table.texts("spares", at_least=1),
    )


def _respelling(table: _Table, fragments: Mapping[str, str]) -> Respelling:
    table.texts("catches", at_least=1), table.texts("spares", at_least=1)
    return Respelling(
        id=table.text("id"),
        pattern=_compile(table.texts("patterns", at_least=1), fragments, table),
        said=fold_kana(table.text("said")),
        sure=table.truth("sure"),
    )


def _compile(
    patterns: tuple[str, ...], fragments: Mapping[str, str], table: _Table
) -> re.Pattern[str]:
    source = "|".join(_expand(p, fragments, table.where) for p in patterns)
    try:
        compiled = re.compile(fold_kana(source))
    except (re.error, OverflowError, RecursionError) as broken:
        raise table.wrong(f"mend the pattern: {broken}") from broken
    if compiled.search(""):
        raise table.wrong("change the pattern so that it does not match an empty text")
    return compiled


def _expand(pattern: str, fragments: Mapping[str, str], where: str) -> str:
    def known(found: re.Match[str]) -> str:
        name = found.group(1)
        if name not in fragments:
            raise LexiconInvalid(
                f"{where}: no fragment {{{name}}}; there are {', '.join(fragments)}"
            )
        return fragments[name]

    return _FRAGMENT.sub(known, pattern)


def _refuse_twins(ids: list[str]) -> None:
    twins = sorted({i for i in ids if ids.count(i) > 1})
    if twins:
        raise LexiconInvalid(f"two entries share an id, rename one: {', '.join(twins)}")
