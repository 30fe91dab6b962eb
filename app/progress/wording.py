"""Pure: warnings, clocks and the returning request as the fields that events and answers share."""

from __future__ import annotations

from typing import Any

from detection.types import Demand, Quote, SpokenWarning


def warning_fields(number: int, warning: SpokenWarning, operator: str) -> dict[str, Any]:
    """Return one warning, the *number*-th of its call; spoken by *operator* where nobody pressed."""
    return {
        "n": number,
        "at_ms": warning.at_ms,
        "text": warning.words,
        "how": warning.how.value,
        "utterance_id": warning.utterance_id,
        "by": warning.by or operator,
        "pressed_ms": warning.pressed_ms,
    }


def demand_fields(demand: Demand | None) -> dict[str, Any] | None:
    """Return the request that comes back, with both sides' own words."""
    if demand is None:
        return None
    return {
        "stated": demand.stated,
        "answered": demand.answered,
        "since_ms": demand.since_ms,
        "statements": [quote_fields(quote) for quote in demand.statements],
        "answers": [quote_fields(quote) for quote in demand.answers],
    }


def quote_fields(quote: Quote) -> dict[str, Any]:
    return {"at_ms": quote.at_ms, "text": quote.text, "utterance_id": quote.utterance_id}
