"""Pure: the lines of an evaluation file as values, or a refusal that names file and line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from app.errors import BadRequest
from detection import corpus_files
from detection.corpus_files import CorpusLine
from detection.measures import Kind
from detection.text import encodable
from detection.training.examples import Part, part_of
from detection.types import Category, Severity, Speaker

Case = TypeVar("Case", "UtteranceCase", "CallCase")
_LATEST_T: Final = 1e13
"""Later than any time of day in milliseconds; beyond, arithmetic ends before a call does."""


@dataclass(frozen=True, slots=True)
class UtteranceCase:
    id: str
    text: str
    labels: frozenset[Category]
    severity: int
    kind: Kind


@dataclass(frozen=True, slots=True)
class TurnCase:
    speaker: Speaker
    text: str
    labels: frozenset[Category]
    t: float | None
    """When it begins, as the file says it; None where it does not."""


@dataclass(frozen=True, slots=True)
class CallCase:
    id: str
    turns: tuple[TurnCase, ...]
    expected_level: int
    expected_alert_turn: int | None
    expected_repetition: bool
    kind: Kind

    @property
    def first_labelled_turn(self) -> int | None:
        """Where harassment begins: the first turn with a label, else where an alert is expected."""
        labelled = (number for number, turn in enumerate(self.turns) if turn.labels)
        return next(labelled, self.expected_alert_turn)


def parse_utterances(lines: Iterable[str], source: str) -> list[UtteranceCase]:
    """Return the utterances in *lines*; *source* is the file's name, for messages.

    Raises:
        BadRequest: a line breaks the format; the message names file, line and key.
    """
    return _parsed(lines, source, _utterance)


def held_back_cases(lines: Iterable[CorpusLine]) -> list[UtteranceCase]:
    """Return the lines of the corpus that training never sees, named by template and number."""
    kinds = {
        corpus_files.Kind.HARASSMENT: Kind.HARASSMENT,
        corpus_files.Kind.LEGITIMATE: Kind.LEGITIMATE,
        corpus_files.Kind.HARD_NEGATIVE: Kind.HARD_NEGATIVE,
    }
    return [
        UtteranceCase(
            id=f"{line.file}/{line.template}/{number}",
            text=line.text,
            labels=frozenset(line.labels),
            severity=int(line.severity),
            kind=kinds[line.kind],
        )
        for number, line in enumerate(lines)
        if part_of(line.template) is Part.HELD_BACK
    ]


def parse_calls(lines: Iterable[str], source: str) -> list[CallCase]:
    """Return the calls in *lines*; *source* is the file's name, for messages.

    Raises:
        BadRequest: a line breaks the format; the message names file, line and key.
    """
    return _parsed(lines, source, _call)


class _LineError(ValueError):
    """What is wrong with a line, in Japanese, without its place."""


def _parsed(
    lines: Iterable[str], source: str, parse: Callable[[Mapping[str, Any]], Case]
) -> list[Case]:
    cases: list[Case] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            case = parse(_object(line))
            _refuse_again(case.id, seen)
        except _LineError as wrong:
            raise BadRequest("evaluation_line_invalid", f"{source}:{number}: {wrong}") from wrong
        seen[case.id] = number
        cases.append(case)
    if not cases:
        raise BadRequest("evaluation_file_empty", f"{source}: 評価する行がありません")
    return cases


def _refuse_again(case_id: str, seen: Mapping[str, int]) -> None:
    if case_id in seen:
        raise _LineError(f"id が {seen[case_id]} 行目と重複しています")


def _object(line: str) -> Mapping[str, Any]:
    try:
        value = json.loads(line)
    except json.JSONDecodeError as error:
        raise _LineError(f"JSON として読めません({error.colno} 文字目)") from error
    except (ValueError, RecursionError) as error:
        raise _LineError("JSON として読めません(数の桁か入れ子が多すぎます)") from error
    if not isinstance(value, dict):
        raise _LineError("1 行に JSON オブジェクトを 1 つ書いてください")
    return value


def _utterance(value: Mapping[str, Any]) -> UtteranceCase:
    kind = _one_of(value, "kind", Kind)
    if kind is Kind.HARASSMENT and "severity" not in value:
        # Taken for 0 it would count every found threat as a wrong level.
        raise _LineError("kind が harassment の行には severity(1〜3)が必要です")
    return UtteranceCase(
        id=_id(value),
        text=_text(value, "text"),
        labels=_labels(value),
        severity=_level(value, "severity"),
        kind=kind,
    )


def _call(value: Mapping[str, Any]) -> CallCase:
    turns = value.get("turns")
    if not isinstance(turns, list) or not turns:
        raise _LineError("turns は 1 つ以上の発言の配列にしてください")
    expect = value.get("expect")
    if not isinstance(expect, dict):
        raise _LineError("expect は max_level などを持つオブジェクトにしてください")
    alert_turn = expect.get("first_alert_turn")
    if alert_turn is not None and (type(alert_turn) is not int or not 0 <= alert_turn < len(turns)):
        raise _LineError(
            f"expect.first_alert_turn は null か 0〜{len(turns) - 1} の整数にしてください"
        )
    repetition = expect.get("repetition", False)
    if not isinstance(repetition, bool):
        raise _LineError("expect.repetition は true か false にしてください")
    return CallCase(
        id=_id(value),
        turns=tuple(_turns(turns)),
        expected_level=_level(expect, "max_level"),
        expected_alert_turn=alert_turn,
        expected_repetition=repetition,
        kind=_one_of(value, "kind", Kind),
    )


def _turns(values: list[object]) -> Iterator[TurnCase]:
    for number, value in enumerate(values):
        try:
            yield _turn(value)
        except _LineError as wrong:
            raise _LineError(f"turns[{number}]: {wrong}") from wrong


def _turn(value: object) -> TurnCase:
    if not isinstance(value, dict):
        raise _LineError("発言はオブジェクトにしてください")
    t = value.get("t")
    if t is not None and (
        isinstance(t, bool) or not isinstance(t, int | float) or not 0 <= t <= _LATEST_T
    ):
        raise _LineError(f"t は 0 以上 {_LATEST_T:g} 以下の数にしてください")
    return TurnCase(_one_of(value, "speaker", Speaker), _text(value, "text"), _labels(value), t)


def _id(value: Mapping[str, Any]) -> str:
    found = value.get("id")
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    if not isinstance(found, str) or not found:
        raise _LineError("id は空でない文字列にしてください")
    return _encodable(found, "id")


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    if not isinstance(found, str):
        raise _LineError(f"{key} は文字列にしてください")
    return _encodable(found, key)


def _encodable(found: str, key: str) -> str:
    if encodable(found) != found:
        raise _LineError(f"{key} に文字にならない符号(\\ud800 など)があります。消してください")
    return found


def _level(value: Mapping[str, Any], key: str) -> int:
    found = value.get(key, 0)
    if type(found) is not int or not Severity.NONE <= found <= Severity.STOP:
        raise _LineError(f"{key} は 0〜3 の整数にしてください")
    return found


def _labels(value: Mapping[str, Any]) -> frozenset[Category]:
    found = value.get("labels") or []
    if not isinstance(found, list):
        raise _LineError("labels は配列にしてください")
    known = [category.value for category in Category]
    for label in found:
        if label not in known:
            raise _LineError(f"labels の {label!r} は知らない分類です({'、'.join(sorted(known))})")
    return frozenset(Category(label) for label in found)


Known = TypeVar("Known", Kind, Speaker)


def _one_of(value: Mapping[str, Any], key: str, known: type[Known]) -> Known:
    found = value.get(key)
    names = [member.value for member in known]
    if found not in names:
        raise _LineError(f"{key} は {'、'.join(names)} のどれかにしてください")
    return known(found)
