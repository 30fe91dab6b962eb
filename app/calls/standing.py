"""Pure: where a call stands, as far as its screens have been told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from detection.types import Decision, Outcome, Severity


@dataclass(frozen=True, slots=True)
class Standing:
    level: Severity = Severity.NONE
    top_level: Severity = Severity.NONE
    outcome: Outcome = Outcome.ORDINARY
    warnings_spoken: int = 0
    script_id: str = ""
    stalemate_told_ms: int = 0
    """The last stalemate time that was told; 0 while the talk moves."""
    alert_ids: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Public id of each alert key of this call."""

    def after(
        self, decision: Decision, alert_ids: Mapping[str, str], script_id: str, every_ms: int
    ) -> Standing:
        """Return the standing after *decision*; a stalemate is told again after *every_ms*."""
        if decision.stalemate_ms <= 0:
            told_ms = 0
        elif (
            not self.stalemate_told_ms or decision.stalemate_ms - self.stalemate_told_ms >= every_ms
        ):
            told_ms = decision.stalemate_ms
        else:
            told_ms = self.stalemate_told_ms
        return replace(
            self,
            level=decision.level,
            top_level=max(self.top_level, decision.level),
            outcome=decision.outcome,
            warnings_spoken=decision.warnings_spoken,
            script_id=script_id,
            stalemate_told_ms=told_ms,
            alert_ids=MappingProxyType(dict(alert_ids)),
        )
