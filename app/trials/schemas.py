"""Pure: trials as the REST interface takes and gives them."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict, Field

from app.calls.schemas import StorableText
from app.judgements.opinions import Verdict
from app.trials.states import CallState, TrialState
from detection.types import Category

MOST_CALLS = 5_000
TOML_CHARACTERS = 40_000


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class RuleKey(_In):
    rule: StorableText = Field(min_length=1, max_length=128)
    category: StorableText = Field(min_length=1, max_length=32)


class AddedWords(_In):
    """Words that would be found, in one category."""

    category: Category
    severity: int = Field(ge=1, le=3)
    words: list[StorableText] = Field(min_length=1, max_length=50)


class ChangeIn(_In):
    """What is changed; at least one thing. Everything else stays as it stands in this office."""

    policy: StorableText = Field(default="", max_length=64, examples=["sapporo"])
    """Another shipped policy, by name."""
    policy_toml: StorableText = Field(default="", max_length=TOML_CHARACTERS)
    """Another policy, as the text of its file; goes before ``policy``."""
    values: dict[str, StorableText] = Field(default_factory=dict, max_length=60)
    """Single keys of the policy in force (or of the other one), such as ``{"minutes.held": "30"}``; empty: not set."""
    off: list[RuleKey] = Field(default_factory=list, max_length=200)
    """Rules that would not be used."""
    on: list[RuleKey] = Field(default_factory=list, max_length=200)
    """Rules that would be used again."""
    words: list[AddedWords] = Field(default_factory=list, max_length=20)
    """Words that would be found."""
    lexicon_toml: StorableText = Field(default="", max_length=TOML_CHARACTERS)
    """A word list of the kind ``findings`` as TOML, instead of ``words``."""
    removed: list[StorableText] = Field(default_factory=list, max_length=200)
    """Entries of the word lists that would be left out, by id."""


class TrialIn(_In):
    title: StorableText = Field(default="", max_length=120)
    change: ChangeIn
    section: StorableText = Field(default="", max_length=64)
    """Empty: every section's calls."""
    since: date | None = None
    """Only calls begun on this day or later, in Japan's time."""
    until: date | None = None
    """Only calls begun on this day or earlier."""
    most_calls: int = Field(default=500, ge=1, le=MOST_CALLS)
    """The latest ones in the range."""


class ChangedValueOut(_Out):
    key: str
    label: str
    before: str
    after: str


class TallyOut(_Out):
    """None where it is small, and you see no calls: it would tell of single ones."""

    harassment_missed: int | None
    """Judged 該当, alarmed (警告 or above) before and not any more."""
    fair_relieved: int | None
    """Judged 非該当, alarmed before and not any more."""
    harassment_found: int | None
    """Judged 該当, alarmed only under the changed rules."""
    fair_alarmed: int | None
    """Judged 非該当, alarmed only under the changed rules."""
    harassment: int | None
    """Judged 該当 among the compared calls."""
    fair: int | None
    up: int | None
    """Calls whose highest level rises."""
    down: int | None
    same: int | None
    differing: int | None
    """Calls in which anything differs."""
    alerts_come: int | None
    alerts_gone: int | None


class TrialOut(_Out):
    trial_id: str
    title: str
    state: TrialState
    why: str
    """A code, where it failed."""
    section: str
    since: datetime | None
    until: datetime | None
    by: str
    at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    calls: int
    """All that are to be compared; a call that is deleted is not counted any more."""
    done: int
    not_comparable: int


class TrialDetailOut(TrialOut):
    values: list[ChangedValueOut]
    """What the policies state differently."""
    off: list[RuleKey]
    on: list[RuleKey]
    removed: list[str]
    added_toml: str
    """The words that were added, as a word list."""
    policy_changed: bool
    tally: TallyOut
    versions: dict[str, str]
    """Of the detectors, before and after."""
    sees_calls: bool
    """False for administrators, who read the counts alone."""


class TrialsOut(_Out):
    trials: list[TrialOut]
    """The latest first."""


class TriedCallOut(_Out):
    call_id: str
    section: str
    started_at: datetime
    duration_ms: int
    state: CallState
    why: str
    level_before: int
    level_after: int
    come: int
    gone: int
    verdict: Verdict | None
    """What stands of its judgements."""
    differs: bool


class TriedCallsOut(_Out):
    calls: list[TriedCallOut]
    """Those first whose level changes, then by time."""
    total: int


class FindingChangeOut(_Out):
    rule: str
    category: str
    before: int
    after: int
    """Severity; 0 where it finds nothing."""


class DifferenceOut(_Out):
    utterance_id: str
    track: str
    text: str
    """As you may read it; empty for what time alone brought."""
    start_ms: int
    level_before: int
    level_after: int
    findings: list[FindingChangeOut]
    come: list[str]
    gone: list[str]


class TriedCallDetailOut(_Out):
    call_id: str
    differences: list[DifferenceOut]
    cut: bool
    """There are more than are kept."""


class PolicyKeyOut(_Out):
    key: str
    label: str
    unit: str
    now: str
    """What the policy in force says; empty where it says nothing."""


class RuleChoiceOut(_Out):
    rule: str
    category: str
    words: str
    off: bool
    """Not used in this office now."""
    always_used: bool
    from_words: bool
    """An entry of the word lists: it can be left out."""


class ChoicesOut(_Out):
    policy: str
    """The one in force."""
    policies: list[str]
    sections: list[str]
    keys: list[PolicyKeyOut]
    rules: list[RuleChoiceOut]
    categories: list[str]
    most_calls: int


class PolicyTextIn(_In):
    toml: StorableText = Field(max_length=TOML_CHARACTERS)


class PolicyProblemOut(_Out):
    line: int
    message: str


class PolicyCheckOut(_Out):
    valid: bool
    title: str
    version: str
    problems: list[PolicyProblemOut]
