"""Pure: the office's rules as values: what counts, how the ladder climbs, which limits are set. Read from TOML text."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from types import MappingProxyType
from typing import Any, Final

from detection.errors import PolicyInvalid
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

_MINIMUM_SCORE: Final = 0.5


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
    """Findings below are not counted; 0.5 where a category is not named."""
    forgiven_once: frozenset[Category] = DEMAND_CATEGORIES
    """One mild demand of these kinds is a complaint; the second counts."""

    def minimum_score(self, category: Category) -> float:
        return self.minimum_scores.get(category, _MINIMUM_SCORE)


@dataclass(frozen=True, slots=True)
class _Key:
    """One number of a policy file: where it stands, what it becomes, what it may be."""

    section: str
    key: str
    attribute: str
    low: float
    high: float
    scale: int = 1
    whole: bool = True


_MINUTE_MS: Final = 60_000
_SECOND_MS: Final = 1_000
_NUMBERS: Final = (
    _Key("levels", "first_severe_level", "first_severe_level", 1, 2),
    _Key("levels", "points_for_warning", "points_for_warning", 1, 20),
    _Key("levels", "points_after_warning_for_close", "points_after_warning_for_close", 1, 20),
    _Key("levels", "decay_after_s", "decay_after_ms", 10, 3_600, _SECOND_MS),
    _Key("warnings", "before_close", "warnings_before_close", 1, 10),
    _Key("minutes", "held", "held_limit_ms", 1, 600, _MINUTE_MS),
    _Key("minutes", "held_after_abuse", "held_after_abuse_limit_ms", 1, 600, _MINUTE_MS),
    _Key("minutes", "stalemate", "stalemate_limit_ms", 1, 600, _MINUTE_MS),
    _Key("repetition", "returns_for_persistence", "returns_for_persistence", 1, 20),
    _Key("repetition", "same_demand", "same_demand", 0.1, 1, whole=False),
    _Key("alerts", "shown", "alerts_shown", 1, MOST_ALERTS_SHOWN),
    _Key("alerts", "cooldown_s", "alert_cooldown_ms", 0, 7_200, _SECOND_MS),
    _Key("alerts", "lapse_s", "alert_lapse_ms", 10, 7_200, _SECOND_MS),
    _Key("alerts", "new_cautions_per_10_min", "new_cautions_per_10_min", 0, 100),
    _Key("doubt", "score_below", "check_below_score", 0, 1, whole=False),
    _Key("doubt", "confidence_below", "check_below_confidence", 0, 1, whole=False),
)
_TEXTS: Final = ("name", "version", "title", "note")
_SECTIONS: Final = frozenset({k.section for k in _NUMBERS} | {"minimum_scores", "demands"})


def parse_policy(text: str, source: str) -> Policy:
    """Return the policy that the TOML *text* states; *source* is the file's name, for messages.

    Raises:
        PolicyInvalid: not TOML, an unknown or missing key, or a value outside its range.
    """
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyInvalid(f"{source}: not valid TOML: {error}") from error
    _refuse_unknown(table, source)
    values: dict[str, Any] = {key: _text(table, key, source) for key in _TEXTS}
    for spec in _NUMBERS:
        raw = _section(table, spec.section, source).get(spec.key)
        if raw is not None:
            values[spec.attribute] = _number(raw, spec, source)
    if "first_severe_level" in values:
        values["first_severe_level"] = Severity(values["first_severe_level"])
    if "requests_count" in (warnings := _section(table, "warnings", source)):
        values["requests_count"] = _truth(warnings["requests_count"], source)
    if "minimum_scores" in table:
        values["minimum_scores"] = _scores(_section(table, "minimum_scores", source), source)
    if "forgiven_once" in (demands := _section(table, "demands", source)):
        values["forgiven_once"] = _categories(demands["forgiven_once"], source)
    return Policy(**values)


def _refuse_unknown(table: Mapping[str, Any], source: str) -> None:
    known = {section: {k.key for k in _NUMBERS if k.section == section} for section in _SECTIONS}
    known["warnings"].add("requests_count")
    known["demands"].add("forgiven_once")
    known["minimum_scores"] = {category.value for category in Category}
    for key in table:
        if key not in _SECTIONS and key not in _TEXTS:
            raise PolicyInvalid(f"{source}: unknown key '{key}'; known: {_listed(_SECTIONS)}")
    for section, keys in known.items():
        for key in _section(table, section, source):
            if key not in keys:
                raise PolicyInvalid(
                    f"{source}: unknown key '{section}.{key}'; known: {_listed(keys)}"
                )


def _listed(keys: frozenset[str] | set[str]) -> str:
    return ", ".join(sorted(keys))


def _section(table: Mapping[str, Any], section: str, source: str) -> Mapping[str, Any]:
    found = table.get(section, {})
    if not isinstance(found, dict):
        raise PolicyInvalid(f"{source}: '{section}' must be a table")
    return found


def _text(table: Mapping[str, Any], key: str, source: str) -> str:
    value = table.get(key, "" if key == "note" else None)
    if not isinstance(value, str) or (key != "note" and not value.strip()):
        raise PolicyInvalid(f"{source}: '{key}' must be a text that is not empty")
    return value


def _number(raw: object, spec: _Key, source: str) -> float | int:
    name = f"{spec.section}.{spec.key}"
    kinds = int if spec.whole else (int, float)
    if isinstance(raw, bool) or not isinstance(raw, kinds):
        raise PolicyInvalid(f"{source}: '{name}' must be a {'whole ' if spec.whole else ''}number")
    assert isinstance(raw, int | float)
    if not spec.low <= raw <= spec.high:
        raise PolicyInvalid(f"{source}: '{name}' must be {spec.low} to {spec.high}, not {raw}")
    return raw * spec.scale


def _truth(raw: object, source: str) -> bool:
    if not isinstance(raw, bool):
        raise PolicyInvalid(f"{source}: 'warnings.requests_count' must be true or false")
    return raw


def _scores(raw: Mapping[str, Any], source: str) -> Mapping[Category, float]:
    scores = {}
    for key, value in raw.items():
        spec = _Key("minimum_scores", key, key, 0, 1, whole=False)
        scores[Category(key)] = float(_number(value, spec, source))
    return MappingProxyType(scores)


def _categories(raw: object, source: str) -> frozenset[Category]:
    names = {category.value for category in Category}
    if not isinstance(raw, list) or not all(
        isinstance(name, str) and name in names for name in raw
    ):
        raise PolicyInvalid(
            f"{source}: 'demands.forgiven_once' must list categories: {_listed(names)}"
        )
    return frozenset(Category(name) for name in raw)


ATTRIBUTES: Final = frozenset(f.name for f in fields(Policy))
"""What a policy holds; a test compares it with what a file can say."""
