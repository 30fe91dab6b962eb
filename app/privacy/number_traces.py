"""Pure: a caller's number in what the telephone tells besides, so that it stands in no other column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from app.callers.number import masked, normal_number

_LEAST_DIGITS: Final = 7
_BETWEEN: Final = r"[\s()./\-]{0,2}"


def without_number(told: Mapping[str, Any], number: str) -> dict[str, Any]:
    """Return *told* with the last four digits only wherever *number* stands in it, however it is written."""
    traces = _traces(number)
    return {name: _without(value, number, traces) for name, value in told.items()}


def _without(value: Any, number: str, traces: re.Pattern[str] | None) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        if value == number and number:
            return masked(number)
        return traces.sub(masked(number), value) if traces is not None else value
    if isinstance(value, int) and not isinstance(value, bool):
        return masked(number) if traces is not None and traces.fullmatch(str(value)) else value
    if isinstance(value, Mapping):
        return {name: _without(inner, number, traces) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_without(inner, number, traces) for inner in value]
    return value


def _traces(number: str) -> re.Pattern[str] | None:
    """Return what finds *number* with and without its country, with or without signs between; None for an extension."""
    normal = normal_number(number)
    if normal is None:
        return None
    digits = normal.removeprefix("+")
    national = digits.removeprefix("81") if digits.startswith("81") else digits
    if len(national) < _LEAST_DIGITS:
        return None
    spaced = _BETWEEN.join(national)
    return re.compile(rf"(?<!\d)(?:\+?{_BETWEEN}81{_BETWEEN}0?|0)?{spaced}(?!\d)")
