"""Glue: one sentence to say for the present step; the sentences ship in ``scripts.toml``, read through the package.

All of them are drafts (案) until somebody of the office has approved them, and the screen says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from detection.types import Category, Decision, Outcome, Severity, Step

_KEYS: Final = frozenset({"id", "step", "category", "text", "note", "draft"})
_WHEN_RECORDED: Final = "text_when_recorded"
_ANY: Final = "any"
_WARNING_STEPS: Final = frozenset({Step.WARN, Step.EMERGENCY})
MAY_SAY_RECORDED: Final = frozenset({Step.WARN, Step.EMERGENCY, Step.CLOSE})
"""Where a second wording may say that the call is recorded; before that it would only threaten."""


class ScriptsInvalid(ValueError):  # noqa: N818 - named as a fact
    """The message names the file, the entry and what to change."""


@dataclass(frozen=True, slots=True)
class Script:
    """One sentence, speakable in one breath."""

    id: str
    step: Step
    category: Category | None
    """None: for any."""
    text: str
    note: str
    """What the operator should mind while saying it."""
    draft: bool
    """Not yet approved by the city."""
    text_when_recorded: str = ""
    """Said instead where the recording notice was really played; empty: *text* is said there too."""
    version: int = 0
    """0: as it shipped; higher ones were approved in this office."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What one screen is told to say now."""

    script: Script
    recorded: bool = False
    """The recording notice was played in this call, and the wording says so."""

    @property
    def text(self) -> str:
        return self.script.text_when_recorded if self.recorded else self.script.text

    def fields(self) -> dict[str, object]:
        """Return what ``script.suggested`` and ``script.used`` both say."""
        script = self.script
        return {
            "script_id": script.id,
            "version": script.version,
            "draft": script.draft,
            "step": script.step.value,
            "category": script.category.value if script.category else None,
            "text": self.text,
            "note": script.note,
            "recorded": self.recorded,
        }


NO_SUGGESTION: Final[Mapping[str, object]] = {
    "script_id": "",
    "version": 0,
    "draft": False,
    "step": Step.LISTEN.value,
    "category": None,
    "text": "",
    "note": "",
    "recorded": False,
}


def shown_key(told: Mapping[str, Any]) -> str:
    """Return by what a sentence on a screen is told from another; empty where none stands there.

    Another version of the same sentence is no other sentence: somebody may be reading it out.
    """
    return f"{told['script_id']}{'+recorded' if told.get('recorded') else ''}"


@dataclass(frozen=True, slots=True)
class Report:
    """What to note and whom to tell once a call of that level is over. Not to be said to the caller."""

    level: Severity
    text: str
    draft: bool


class ScriptSource(Protocol):
    """Where a decision gets its one sentence from."""

    async def suggestion(
        self, session: AsyncSession, call_id: str, decision: Decision
    ) -> Suggestion | None:
        """Return what to say in *call_id* now, from one set of sentences; None where nothing should be said."""
        ...

    async def catch_up(self, session: AsyncSession) -> None:
        """Learn what was approved meanwhile, in this process or another."""
        ...


@dataclass(frozen=True, slots=True)
class Scripts:
    """All sentences; of each step and category at most one. A source that never changes."""

    all: tuple[Script, ...]
    reports: tuple[Report, ...] = ()

    def by_id(self, script_id: str) -> Script | None:
        return next((script for script in self.all if script.id == script_id), None)

    def for_step(self, step: Step, category: Category | None) -> Script | None:
        """Return the sentence for *category*, else the one for any category, else None."""
        of_step = [script for script in self.all if script.step is step]
        return next(
            (
                script
                for wanted in (category, None)
                for script in of_step
                if script.category is wanted
            ),
            None,
        )

    async def suggestion(
        self, session: AsyncSession, call_id: str, decision: Decision
    ) -> Suggestion | None:
        """Return the sentence for *decision*, without any claim about a recording."""
        del session, call_id
        script = suggest(decision, self)
        return Suggestion(script) if script is not None else None

    async def catch_up(self, session: AsyncSession) -> None:
        """Shipped sentences stay as they are."""


def suggest(decision: Decision, scripts: Scripts) -> Script | None:
    """Return the one sentence for *decision*; None where a script would only disturb."""
    if not wants_sentence(decision):
        return None
    return scripts.for_step(decision.step, decision.focus)


def wants_sentence(decision: Decision) -> bool:
    """Say whether a sentence helps now.

    While listening only a complaint gets one: an ordinary talk needs no prompting, and
    after a warning it is the caller's turn.
    """
    return decision.step is not Step.LISTEN or decision.outcome is Outcome.LEGITIMATE_COMPLAINT


def warning_sentences(scripts: Scripts) -> tuple[str, ...]:
    """Return what operators are given to warn with: to know it again in other words."""
    return tuple(
        text
        for script in scripts.all
        if script.step in _WARNING_STEPS
        for text in (script.text, script.text_when_recorded)
        if text
    )


def load_scripts() -> Scripts:
    """Return the sentences that ship with the product."""
    shipped = resources.files("app.responses") / "scripts.toml"
    return parse_scripts(shipped.read_text(encoding="utf-8"), "scripts.toml")


def parse_scripts(text: str, source: str) -> Scripts:
    """Return the sentences in the TOML *text*; *source* is the file's name, for messages.

    Raises:
        ScriptsInvalid: not TOML, a key missing or unknown, an id or a place taken twice.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ScriptsInvalid(f"{source}: not valid TOML: {error}") from error
    entries, reports = table.get("script", []), table.get("report", [])
    if set(table) - {"script", "report"} or not isinstance(entries, list) or not entries:
        raise ScriptsInvalid(f"{source}: holds [[script]] and [[report]] entries and nothing else")
    scripts = tuple(_script(entry, f"{source}: entry {n}") for n, entry in enumerate(entries, 1))
    seen: dict[object, str] = {}
    for script in scripts:
        for place in (script.id, (script.step, script.category)):
            if place in seen:
                raise ScriptsInvalid(f"{source}: '{script.id}' takes the place of '{seen[place]}'")
            seen[place] = script.id
    return Scripts(
        scripts,
        tuple(_report(entry, f"{source}: report {n}") for n, entry in enumerate(reports, 1)),
    )


def _script(entry: Mapping[str, Any], where: str) -> Script:
    if not isinstance(entry, dict) or set(entry) - {_WHEN_RECORDED} != _KEYS:
        raise ScriptsInvalid(
            f"{where}: needs exactly the keys {', '.join(sorted(_KEYS))}; {_WHEN_RECORDED} may be added"
        )
    texts = {key: value for key, value in entry.items() if key != "draft"}
    if not all(isinstance(value, str) for value in texts.values()):
        raise ScriptsInvalid(f"{where}: all values but 'draft' must be texts")
    if not isinstance(entry["draft"], bool) or not entry["id"] or not entry["text"]:
        raise ScriptsInvalid(f"{where}: 'draft' must be true or false, 'id' and 'text' not empty")
    try:
        step = Step(entry["step"])
        category = None if entry["category"] == _ANY else Category(entry["category"])
    except ValueError as error:
        raise ScriptsInvalid(f"{where}: {error}") from error
    when_recorded = entry.get(_WHEN_RECORDED, "")
    if when_recorded and step not in MAY_SAY_RECORDED:
        raise ScriptsInvalid(f"{where}: '{step}' has no {_WHEN_RECORDED}")
    return Script(
        entry["id"], step, category, entry["text"], entry["note"], entry["draft"], when_recorded
    )


def _report(entry: Mapping[str, Any], where: str) -> Report:
    if not isinstance(entry, dict) or set(entry) != {"level", "text", "draft"}:
        raise ScriptsInvalid(f"{where}: needs exactly the keys draft, level, text")
    level, text, draft = entry["level"], entry["text"], entry["draft"]
    if level not in (1, 2, 3) or not isinstance(text, str) or not isinstance(draft, bool):
        raise ScriptsInvalid(f"{where}: 'level' is 1 to 3, 'text' a text, 'draft' true or false")
    return Report(Severity(level), text, draft)
