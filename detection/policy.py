"""Pure: the office's rules as values: what counts, how the ladder climbs, which limits are set."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from detection.types import Category, Severity

MOST_ALERTS_SHOWN: Final = 3
"""More than three lines are not read while a caller is shouting; a policy may show fewer."""

CLAUSES: Final[Mapping[Category, str]] = MappingProxyType(
    {
        Category.DEMAND_NO_FAULT: "行政サービスに瑕疵・過失が認められない場合",
        Category.DEMAND_UNRELATED: "要求の内容が江別市の行政サービスの内容と関係がない場合",
        Category.PHYSICAL_ATTACK: "暴行、傷害など身体的な攻撃",
        Category.MENTAL_ATTACK: "脅迫、中傷、名誉棄損、侮辱、暴言など精神的な攻撃",
        Category.INTIMIDATION: "威圧的な言動",
        Category.PERSISTENCE: "継続的、執拗な言動",
        Category.RESTRAINT: "不退去、居座り、監禁など拘束的な行動",
        Category.DISCRIMINATION: "差別的な言動",
        Category.SEXUAL: "性的な言動",
        Category.PERSONAL_ATTACK: "職員個人への攻撃、要求",
        Category.COMPENSATION: "妥当性を欠く金銭などの補償の要求",
        Category.APOLOGY: "妥当性を欠く土下座などの謝罪の要求",
    }
)
"""The policy's own words, section 「該当する行為の例」."""

DEMAND_CATEGORIES: Final = frozenset(
    {
        Category.DEMAND_NO_FAULT,
        Category.DEMAND_UNRELATED,
        Category.COMPENSATION,
        Category.APOLOGY,
    }
)
"""Judged by *what* is asked; the others by *how*."""

NEVER_HELD_DOWN: Final = frozenset({Category.PHYSICAL_ATTACK})
"""Threats of harm: an office may neither switch them off nor hold them down."""

FROM_THE_TALK: Final = frozenset({Category.PERSISTENCE, Category.RESTRAINT})
"""Found in how the talk goes, by numbers of their own (``[repetition]``, ``[minutes]``)."""

MINIMUM_SCORE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """One version of one office's rules. Every decision names ``version``."""

    name: str
    version: str
    title: str
    """As the office calls it, for the screen and the record."""
    note: str = ""
    """Where the numbers come from."""

    first_severe_level: Severity = Severity.WARNING
    """Level after the first utterance of severity 2."""
    points_for_warning: int = 3
    """An utterance of severity 1 weighs one point, of severity 2 two; so many make level 2."""
    points_after_warning_for_close: int = 2
    """So many points after enough warnings make level 3."""
    decay_after_ms: int = 180_000
    """The level falls by one after so long without a new finding."""

    warnings_before_close: int = 1
    requests_count: bool = False
    """True where "please stop" counts as a warning, False where only naming the consequence does."""

    held_limit_ms: int | None = None
    """From the beginning of the call, for a talk that does not move; None: no limit is enforced."""
    held_after_abuse_limit_ms: int | None = None
    """The same where abuse was repeated."""
    stalemate_limit_ms: int | None = None
    """From the moment the same demand came back after an answer."""

    returns_for_persistence: int = 2
    """So many times must a demand come back, each time after an answer."""
    same_demand: float = 0.6
    """Share of the shorter statement's words that both must hold to be one demand."""

    alerts_shown: int = MOST_ALERTS_SHOWN
    alert_cooldown_ms: int = 600_000
    """A rule that a person called wrong stays quiet for so long."""
    alert_lapse_ms: int = 300_000
    """An alert that nothing has added to for so long closes by itself; a threat does not."""
    new_cautions_per_10_min: int = 6
    """Beyond this budget only severity 2 and 3 open a new line."""

    check_below_score: float = 0.7
    check_below_confidence: float = 0.5
    minimum_scores: Mapping[Category, float] = field(default_factory=lambda: MappingProxyType({}))
    """Findings below are not counted; 0.5 where neither category nor severity is named."""
    minimum_scores_by_severity: Mapping[Severity, float] = field(
        default_factory=lambda: MappingProxyType({})
    )
    """The same by how grave the words are; where both are named, both must be reached."""
    severity_caps: Mapping[Category, Severity] = field(default_factory=lambda: MappingProxyType({}))
    """Findings of these categories never weigh more; a threat of harm always weighs in full."""
    categories_off: frozenset[Category] = frozenset()
    """Not judged at all; a threat of harm is, whatever its category."""
    forgiven_once: frozenset[Category] = DEMAND_CATEGORIES
    """One mild demand of these kinds is a complaint; the second counts."""

    def minimum_score(self, category: Category, severity: Severity | None = None) -> float:
        """Return the score that a finding must reach to count.

        A threat of harm (severity 3) never has to reach more than 0.5, whatever is named.
        """
        named = [
            score
            for score in (
                self.minimum_scores.get(category),
                None if severity is None else self.minimum_scores_by_severity.get(severity),
            )
            if score is not None
        ]
        score = max(named, default=MINIMUM_SCORE)
        return min(score, MINIMUM_SCORE) if severity is Severity.STOP else score
