"""Pure: where a call stands, as far as its screens have been told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from app.calls.facts import Heard
from detection.types import Decision, Outcome, Severity, SpokenWarning, Step


@dataclass(frozen=True, slots=True)
class Early:
    """The alert that rests on a sentence which is still being spoken; of one call at most one."""

    key: str
    level: Severity
    start_ms: int
    end_ms: int
    heard: Heard | None = field(default=None, compare=False)
    """The words so far; None after a crash, for they are nowhere stored."""


@dataclass(frozen=True, slots=True)
class Standing:
    level: Severity = Severity.NONE
    """As told, an early alert included."""
    top_level: Severity = Severity.NONE
    """The highest that whole sentences have led to."""
    outcome: Outcome = Outcome.ORDINARY
    content: Severity = Severity.NONE
    manner: Severity = Severity.NONE
    """What is asked and how it is asked, each by itself."""
    warnings_spoken: int = 0
    warnings: tuple[SpokenWarning, ...] = ()
    """The last of them, as told."""
    step: Step = Step.LISTEN
    step_since_ms: int | None = None
    """When the call came to that step; None where it never left it."""
    script_shown: str = ""
    """Which sentence stands on the screens (``app.responses.scripts.shown_key``)."""
    stalemate_told_ms: int = 0
    """The last stalemate time that was told; 0 while the talk moves."""
    demand_stated: int = 0
    """How often the same request was made, as last told; 0 where none comes back."""
    alert_ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Public id of each alert key of this call."""
    early: Early | None = None

    def outweighs(self, decision: Decision) -> bool:
        """Whether an early alert keeps the screens where they are until its sentence is over."""
        return self.early is not None and decision.level <= self.level

    def after(
        self, decision: Decision, alert_ids: Mapping[str, str], script_shown: str, every_ms: int
    ) -> Standing:
        """Return the standing after *decision*; a stalemate is told again after *every_ms*, or when it returns."""
        held = self.outweighs(decision)
        stated = decision.demand.stated if decision.demand is not None else 0
        if decision.stalemate_ms <= 0:
            told_ms = 0
        elif (
            not self.stalemate_told_ms
            or decision.stalemate_ms - self.stalemate_told_ms >= every_ms
            or stated > self.demand_stated
        ):
            told_ms = decision.stalemate_ms
        else:
            told_ms = self.stalemate_told_ms
        return replace(
            self,
            level=self.level if held else decision.level,
            top_level=max(self.top_level, decision.level),
            outcome=self.outcome if held else decision.outcome,
            content=self.content if held else decision.content,
            manner=self.manner if held else decision.manner,
            warnings_spoken=decision.warnings_spoken,
            warnings=decision.warnings,
            step=decision.step,
            step_since_ms=(self.step_since_ms if decision.step is self.step else decision.at_ms),
            script_shown=script_shown,
            stalemate_told_ms=told_ms,
            demand_stated=stated,
            alert_ids=MappingProxyType(dict(alert_ids)),
        )

    @property
    def told(self) -> tuple[Severity, Outcome, Severity, Severity]:
        """What the screens are told when it changes."""
        return self.level, self.outcome, self.content, self.manner

    def ahead(
        self, decision: Decision, alert_ids: Mapping[str, str], script_shown: str, early: Early
    ) -> Standing:
        """Return the standing that *decision* on half a sentence shows; nothing of it is counted."""
        higher = decision.level >= self.level
        return replace(
            self,
            level=max(self.level, decision.level),
            outcome=decision.outcome if higher else self.outcome,
            content=decision.content if higher else self.content,
            manner=decision.manner if higher else self.manner,
            script_shown=script_shown if higher else self.script_shown,
            alert_ids=MappingProxyType(dict(alert_ids)),
            early=early,
        )
