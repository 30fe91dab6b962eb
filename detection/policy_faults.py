"""Pure: what can be wrong in a policy file, each fault with its place, its key, what was found and what is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from detection.toml_places import Place


class FaultKind(StrEnum):
    NOT_UTF8 = "not_utf8"
    NOT_TOML = "not_toml"
    UNKNOWN_KEY = "unknown_key"
    NOT_A_TABLE = "not_a_table"
    MISSING = "missing"
    NOT_A_TEXT = "not_a_text"
    """A text was wanted, and one that says something."""
    NOT_A_VERSION = "not_a_version"
    """Too long to be kept with every call, or with letters that nobody can see."""
    NOT_A_NUMBER = "not_a_number"
    NOT_WHOLE = "not_whole"
    OUT_OF_RANGE = "out_of_range"
    NOT_A_TRUTH = "not_a_truth"
    NOT_A_LIST = "not_a_list"
    NOT_A_CATEGORY = "not_a_category"
    HIDES_HARM = "hides_harm"
    """A threat of harm is never switched off or held down."""
    FROM_THE_TALK = "from_the_talk"
    """Repetition and time are no matter of words: they have sections of their own."""


@dataclass(frozen=True, slots=True)
class Fault:
    place: Place
    kind: FaultKind
    key: str
    """With its section, ``minutes.held``; empty where the whole file is meant."""
    found: str = ""
    """As the file has it, shortened; the parser's words where it is no TOML."""
    low: float = 0
    high: float = 0
    """The range, where there is one."""
    known: tuple[str, ...] = ()
    """The names that may stand there."""
    meant: str = ""
    """The key that was probably meant; empty where none is near."""

    @property
    def allowed(self) -> str:
        """What may stand there, for a program to read: ``1 to 600``, or names."""
        if self.kind is FaultKind.NOT_A_TRUTH:
            return "true, false"
        return f"{self.low} to {self.high}" if self.low < self.high else ", ".join(self.known)


_SAID: Final = {
    FaultKind.NOT_UTF8: "not UTF-8 text; save the file as UTF-8",
    FaultKind.NOT_TOML: "not valid TOML: {found}",
    FaultKind.UNKNOWN_KEY: "unknown key '{key}'; known: {allowed}",
    FaultKind.NOT_A_TABLE: "'{key}' must be a table, [{key}], not {found}",
    FaultKind.MISSING: "'{key}' is missing: write it above the first [section]",
    FaultKind.NOT_A_TEXT: "'{key}' must be a text that is not empty, not {found}",
    FaultKind.NOT_A_VERSION: "'{key}' must be one line of at most {high:g} characters, not {found}",
    FaultKind.NOT_A_NUMBER: "'{key}' must be a number, {allowed}, not {found}",
    FaultKind.NOT_WHOLE: "'{key}' must be a whole number, {allowed}, not {found}",
    FaultKind.OUT_OF_RANGE: "'{key}' must be {allowed}, not {found}",
    FaultKind.NOT_A_TRUTH: "'{key}' must be true or false, not {found}",
    FaultKind.NOT_A_LIST: "'{key}' must be a list of categories, not {found}; known: {allowed}",
    FaultKind.NOT_A_CATEGORY: "'{key}' must list categories, not {found}; known: {allowed}",
    FaultKind.HIDES_HARM: (
        "'{key}' must be {allowed}, not {found}: threats of harm are never switched off or held down"
    ),
    FaultKind.FROM_THE_TALK: (
        "'{key}' may not be {found}: this arises from the talk, not from words; use {allowed}"
    ),
}


def sentence(source: str, fault: Fault) -> str:
    """Return *fault* as one English line; the column is told where it is not the first."""
    where = f"{source}, line {fault.place.line}"
    if fault.place.column > 1:
        where += f", column {fault.place.column}"
    said = _SAID[fault.kind].format(
        key=fault.key, found=fault.found, allowed=fault.allowed, high=fault.high
    )
    return f"{where}: {said}" + (f"; did you mean '{fault.meant}'?" if fault.meant else "")
