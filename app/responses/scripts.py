"""Glue: one sentence to say for the present step; the sentences ship in ``scripts.toml``, read through the package.

All of them are drafts (案) until the city has approved them, and the screen says so.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from typing import Any, Final

from detection.types import Category, Decision, Outcome, Step

_KEYS: Final = frozenset({"id", "step", "category", "text", "note", "draft"})
_ANY: Final = "any"


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


@dataclass(frozen=True, slots=True)
class Scripts:
    """All sentences; of each step and category at most one."""

    all: tuple[Script, ...]

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


def suggest(decision: Decision, scripts: Scripts) -> Script | None:
    """Return the one sentence for *decision*; None where a script would only disturb.

    While listening only a complaint gets one: an ordinary talk needs no prompting, and
    after a warning it is the caller's turn.
    """
    if decision.step is Step.LISTEN and decision.outcome is not Outcome.LEGITIMATE_COMPLAINT:
        return None
    return scripts.for_step(decision.step, decision.focus)


def warning_sentences(scripts: Scripts) -> tuple[str, ...]:
    """Return what operators are given to warn with: to know it again in other words."""
    return tuple(s.text for s in scripts.all if s.step in (Step.WARN, Step.EMERGENCY))


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
    entries = table.get("script", [])
    if set(table) - {"script"} or not isinstance(entries, list) or not entries:
        raise ScriptsInvalid(f"{source}: holds [[script]] entries and nothing else")
    scripts = tuple(_script(entry, f"{source}: entry {n}") for n, entry in enumerate(entries, 1))
    seen: dict[object, str] = {}
    for script in scripts:
        for place in (script.id, (script.step, script.category)):
            if place in seen:
                raise ScriptsInvalid(f"{source}: '{script.id}' takes the place of '{seen[place]}'")
            seen[place] = script.id
    return Scripts(scripts)


def _script(entry: Mapping[str, Any], where: str) -> Script:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        raise ScriptsInvalid(f"{where}: needs exactly the keys {', '.join(sorted(_KEYS))}")
    texts = {key: entry[key] for key in _KEYS - {"draft"}}
    if not all(isinstance(value, str) for value in texts.values()):
        raise ScriptsInvalid(f"{where}: all values but 'draft' must be texts")
    if not isinstance(entry["draft"], bool) or not entry["id"] or not entry["text"]:
        raise ScriptsInvalid(f"{where}: 'draft' must be true or false, 'id' and 'text' not empty")
    try:
        step = Step(entry["step"])
        category = None if entry["category"] == _ANY else Category(entry["category"])
    except ValueError as error:
        raise ScriptsInvalid(f"{where}: {error}") from error
    return Script(entry["id"], step, category, entry["text"], entry["note"], entry["draft"])
