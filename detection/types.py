"""Pure: the values of detection. Text in, findings, then a decision. Times are milliseconds of the call's sound."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

from detection.sentence_point import SentencePoint


class Category(StrEnum):
    """The policy's twelve kinds of conduct, section 「該当する行為の例」."""

    DEMAND_NO_FAULT = "demand_no_fault"
    DEMAND_UNRELATED = "demand_unrelated"
    PHYSICAL_ATTACK = "physical_attack"
    MENTAL_ATTACK = "mental_attack"
    INTIMIDATION = "intimidation"
    PERSISTENCE = "persistence"
    RESTRAINT = "restraint"
    DISCRIMINATION = "discrimination"
    SEXUAL = "sexual"
    PERSONAL_ATTACK = "personal_attack"
    COMPENSATION = "compensation"
    APOLOGY = "apology"


CONTENT: Final = frozenset({Category.DEMAND_NO_FAULT, Category.DEMAND_UNRELATED})
"""What is asked for: section 「該当する行為の例」, part 1 (要求の内容); the others stand in part 2, how it is
asked for (手段・態様). A just demand made with threats is one thing, an unjust one made politely another."""


class Severity(IntEnum):
    """Of an utterance, and as *level* of a call."""

    NONE = 0
    CAUTION = 1
    """注意: the talk can go on."""
    WARNING = 2
    """警告: end if it does not stop."""
    STOP = 3
    """打ち切り・通報: supervisor and police card at once."""


class Outcome(StrEnum):
    """Content and manner judged apart, then together."""

    ORDINARY = "ordinary"
    LEGITIMATE_COMPLAINT = "legitimate_complaint"
    HARASSMENT_SUSPECTED = "harassment_suspected"


class Step(StrEnum):
    """Where the conversation stands on the policy's ladder; the screen suggests one sentence for it."""

    LISTEN = "listen"
    ASK_TO_STOP = "ask_to_stop"
    WARN = "warn"
    CLOSE = "close"
    EMERGENCY = "emergency"
    """Threat of harm: the ladder is skipped."""
    WELFARE = "welfare"
    """The caller needs help, not a warning."""


class Speaker(StrEnum):
    CALLER = "caller"
    OPERATOR = "operator"


class Cue(StrEnum):
    """What an utterance *does* in the conversation, beside any finding."""

    COMPLAINT = "complaint"
    """Caller: dissatisfaction with the city's service, harmless by itself."""
    DEMAND = "demand"
    """Caller: wants something done."""
    NOT_HEARD = "not_heard"
    """Caller: asks to say it again."""
    CONFIRMING = "confirming"
    """Caller: makes sure of a number, a name, a date, or of what was answered."""
    NEW_CIRCUMSTANCE = "new_circumstance"
    """Caller: tells a fact or brings a paper that was not known before."""
    INSISTS = "insists"
    """Caller: will not have the answer, and says nothing new: 「いいから」「納得できない」."""
    WELFARE = "welfare"
    """Caller: hint at suicide, or does not understand where they are."""
    CALMED = "calmed"
    """Caller: accepts, thanks, or apologises for earlier words."""
    ANSWER = "answer"
    """Operator: explained."""
    REFUSAL = "refusal"
    """Operator: said that it cannot be done."""
    SAME_ANSWER = "same_answer"
    """Operator: said that the answer is the one already given."""
    REOPENED = "reopened"
    """Operator: asked to hear it, promised to look into it, or took the call over."""
    FAULT_ADMITTED = "fault_admitted"
    """Operator: the city's own mistake."""
    ASKED_TO_STOP = "asked_to_stop"
    """Operator: asked for calmer words."""
    WARNED = "warned"
    """Operator: named it as harassment, or said that the call would be ended."""
    CLOSING = "closing"
    """Operator: announced the end of the call."""


@dataclass(frozen=True, slots=True)
class Utterance:
    utterance_id: str
    speaker: Speaker
    text: str
    start_ms: int
    end_ms: int
    confidence: float = 1.0
    hypotheses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """Half-open range of characters in the *original* text."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError("a span runs forward from 0")


@dataclass(frozen=True, slots=True)
class Finding:
    """One piece of evidence; no score travels without it."""

    category: Category
    severity: Severity
    span: Span
    """Where in the utterance's own words. Whole utterance for findings about the conversation."""
    quote: str
    """``utterance.text[span.start:span.end]``."""
    rule: str
    """Stable id of the lexicon entry, model or conversation rule that found it."""
    clause: str
    """The policy's own words that it rests on."""
    reason: str
    """One Japanese line that a supervisor can read out."""
    score: float = 1.0
    """0..1: how sure the rule is of itself."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A rule that matched and was not counted."""

    rule: str
    why: str
    """In words of the office: negation, quotation, victim …"""
    doubted: bool = False
    """It was not likely enough; nothing else spoke against it."""

    def __str__(self) -> str:
        return f"{self.rule}: {self.why}"


@dataclass(frozen=True, slots=True)
class Assessment:
    """What one utterance is, by itself, without the conversation."""

    utterance_id: str
    findings: tuple[Finding, ...]
    cues: tuple[Cue, ...]
    demand: str = ""
    """Content words of a demand in normal form, to recognise the same demand again; empty if none."""
    words: str = ""
    """Content words of the whole utterance in normal form, of either side."""
    meaning: SentencePoint | None = None
    """None where nothing is stated that could come back."""
    set_aside: tuple[SetAside, ...] = ()
    """Rules that matched but were not counted, for the explanation."""

    @property
    def severity(self) -> Severity:
        return max((f.severity for f in self.findings), default=Severity.NONE)


class AlertChange(StrEnum):
    RAISED = "raised"
    UPDATED = "updated"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Alert:
    """One line on the screen: a category of this call, updated in place."""

    key: str
    """Unique within the call; stays the same while the alert is updated."""
    change: AlertChange
    level: Severity
    categories: tuple[Category, ...]
    """The first is the one the line is named after."""
    utterance_id: str
    quote: str
    start_ms: int
    end_ms: int
    reason: str
    clause: str
    count: int
    """How many utterances it stands for."""
    needs_check: bool
    """要確認: the rule or the recogniser is unsure."""


class How(StrEnum):
    """By what a warning is known."""

    SPOKEN = "spoken"
    """Recognition heard the operator say it."""
    PRESSED = "pressed"
    """A person said so, with 「言った」, and recognition did not hear it."""


@dataclass(frozen=True, slots=True)
class SpokenWarning:
    """One warning, in the operator's own words where they were heard."""

    at_ms: int
    """Middle of the utterance in which it began; of a pressed one the moment of the press."""
    utterance_id: str
    """Empty where only a press tells of it."""
    words: str
    how: How = How.SPOKEN
    by: str = ""
    """Login of who pressed; empty where nobody did."""
    pressed_ms: int | None = None
    """When it was pressed; a warning may be both heard and pressed, and is one."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """A person says that a sentence was spoken: 「言った」."""

    at_ms: int
    words: str
    step: Step
    """Which step of the ladder the sentence belongs to."""
    by: str
    """Login."""


@dataclass(frozen=True, slots=True)
class Quote:
    """Somebody's own words, and where they stand in the call."""

    at_ms: int
    text: str
    utterance_id: str
    """Empty where they are a sentence that was pressed, not heard."""


@dataclass(frozen=True, slots=True)
class Demand:
    """A demand that came back after it was answered, with both sides' own words."""

    stated: int
    """Counted from one answer to the next: what is said twice in a row is said once."""
    answered: int
    since_ms: int
    """When the talk came to a standstill over it."""
    statements: tuple[Quote, ...]
    """The last ones."""
    answers: tuple[Quote, ...]
    """The last ones, of each answer what says most."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What the conversation amounts to after one more utterance (or one more tick of the clock)."""

    at_ms: int
    level: Severity
    outcome: Outcome
    step: Step
    focus: Category | None
    """The category that the suggested sentence should address."""
    findings: tuple[Finding, ...]
    """This utterance's findings and those that arise from the conversation (repetition, time)."""
    alerts: tuple[Alert, ...]
    """Only those that changed."""
    warnings_spoken: int
    held_ms: int
    """Since the call began."""
    stalemate_ms: int
    """Since the same demand came back after an answer; 0 when the talk moves."""
    welfare: bool
    policy_version: str
    detector_version: str
    content: Severity = Severity.NONE
    """The level that what was asked for would have alone (``CONTENT``)."""
    manner: Severity = Severity.NONE
    """The level that how it was asked for would have alone."""
    warnings: tuple[SpokenWarning, ...] = ()
    """The last of those spoken or pressed, in order of time, with their words."""
    demand: Demand | None = None
    """The one that keeps coming back; None while the talk moves."""
