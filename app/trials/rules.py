"""Glue: rules as they stand or as somebody would change them, made ready to judge.

A change is data that travels: to the tables, to the process that hears the calls again, to the administrator's file.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Final

from app.feedback.reviews import Key, SwitchedOff
from detection.conversation import CallConversation
from detection.detector import LexiconDetector
from detection.lexicon import Lexicon, read_lexicon
from detection.meaning.reader import load_meaning_reader
from detection.office_warnings import OfficeWarnings
from detection.policy_reading import parse_policy
from detection.ports import Conversation, Detector
from detection.sentence_vectors import shared_sentence_vectors
from detection.sudachi import shared_readings
from detection.understanding import ENCODER_RUNS_ON, UnderstandingDetector, load_detector

ADDED: Final = "added_here_{number}.toml"
"""The names under which added lists stand among the shipped ones."""


@dataclass(frozen=True, slots=True)
class RulesSpec:
    """One set of rules, written down."""

    policy: str
    """The whole policy as TOML."""
    off: tuple[Key, ...] = ()
    """Rules that are not used, with their categories."""
    added: tuple[str, ...] = ()
    """Word lists of the kind ``findings`` as TOML."""
    removed: tuple[str, ...] = ()
    """Entries of the shipped word lists that are left out."""

    def fields(self) -> dict[str, Any]:
        return {
            "policy": self.policy,
            "off": [list(key) for key in self.off],
            "added": list(self.added),
            "removed": list(self.removed),
        }

    @classmethod
    def of(cls, fields: Mapping[str, Any]) -> RulesSpec:
        return cls(
            policy=fields["policy"],
            off=tuple((rule, category) for rule, category in fields["off"]),
            added=tuple(fields["added"]),
            removed=tuple(fields["removed"]),
        )


@dataclass(frozen=True, slots=True)
class Rules:
    """A set of rules, ready. Each conversation is a fresh one."""

    detector: Detector
    new_conversation: Callable[[], Conversation]
    switched_off: SwitchedOff


def open_rules(spec: RulesSpec, warnings: Iterable[str]) -> Rules:
    """Make *spec* ready; *warnings* are the sentences by which the operator's warnings are known. Blocking.

    Raises:
        PolicyInvalid: the policy breaks rules.
        LexiconInvalid: the added words do.
    """
    policy = parse_policy(spec.policy, "policy.toml")
    detector = _detector(spec.added, spec.removed)
    warns = OfficeWarnings(shared_sentence_vectors(), tuple(warnings))

    def new_conversation() -> Conversation:
        return CallConversation(policy, detector.version, warns)

    return Rules(detector, new_conversation, SwitchedOff(frozenset(spec.off)))


@cache
def _shipped_files() -> Mapping[str, str]:
    folder = resources.files("detection").joinpath("lexicons")
    return {
        file.name: file.read_text(encoding="utf-8")
        for file in folder.iterdir()
        if file.name.endswith(".toml")
    }


def changed_lexicon(added: Iterable[str], removed: Iterable[str]) -> Lexicon:
    """Return the shipped word lists with *added* among them and without the entries *removed*.

    Raises:
        LexiconInvalid: *added* breaks the rules of word lists; names the entry and what to change.
    """
    gone = frozenset(removed)
    more = {ADDED.format(number=number): text for number, text in enumerate(added, start=1)}
    lexicon = read_lexicon({**_shipped_files(), **more})
    told = hashlib.sha256(f"{lexicon.digest}:{sorted(gone)}".encode()).hexdigest()
    entries = tuple(entry for entry in lexicon.entries if entry.id not in gone)
    return replace(lexicon, entries=entries, digest=told)


def _detector(added: tuple[str, ...], removed: tuple[str, ...]) -> Detector:
    if not added and not removed:
        return load_detector()
    words = LexiconDetector(
        shared_readings(), changed_lexicon(added, removed), shared_sentence_vectors()
    )
    if platform.machine() not in ENCODER_RUNS_ON:
        return words
    return UnderstandingDetector(words, shared_readings(), load_meaning_reader())
