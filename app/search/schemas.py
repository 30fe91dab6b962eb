"""Pure: a search and its results as the REST interface takes and gives them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.calls.protocol import CALL_ID
from app.search.asking import LONGEST_MINUTES, JudgedAs, Order, Scope, Track
from detection.types import Category, Outcome

LONGEST_ADDRESS = 2_000
MOST_SHOWN = 50
PAGE_CALLS = 20


class SearchQuery(BaseModel):
    """Everything but the number: it can be kept as an address."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True, populate_by_name=True)

    q: str = Field(default="", max_length=LONGEST_ADDRESS)
    """Words, all of which must be said; ``"…"`` or 「…」 exactly so, ``-…`` not at all. At most 500 characters."""
    track: Track = Track.BOTH
    """Whose words."""
    scope: Scope = Scope.CALL
    """All words in the same call, or in the same utterance."""
    reading: bool = True
    """Also find what only sounds like the words."""
    category: list[Category] = Field(default=[], max_length=12)
    """Any of these was found."""
    level: list[Annotated[int, Field(ge=0, le=3)]] = Field(default=[], max_length=4)
    """The highest level that the call reached is one of these."""
    outcome: list[Outcome] = Field(default=[], max_length=3)
    section: str | None = Field(default=None, max_length=64, pattern="^[^\\x00]*$")
    judgement: JudgedAs | None = None
    """The judgement that stands."""
    day_from: date | None = Field(default=None, alias="from")
    """Begun on this day or later, in Japan."""
    day_to: date | None = Field(default=None, alias="to")
    minutes_from: int | None = Field(default=None, ge=0, le=LONGEST_MINUTES)
    minutes_to: int | None = Field(default=None, ge=0, le=LONGEST_MINUTES)
    false_alarm: bool = False
    """Only calls with an alert that somebody marked 誤検知."""
    recording: bool = False
    """Only calls with a recording."""
    report: bool = False
    """Only calls with an incident report."""
    welfare: bool = False
    """Only calls in which the caller seemed to need help."""
    sort: Order = Order.NEWEST
    after: str | None = Field(default=None, max_length=160)
    """``next`` of the page before."""
    limit: int = Field(default=PAGE_CALLS, ge=1, le=MOST_SHOWN)


class NumberIn(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    number: str = Field(max_length=64, examples=["011-000-1234"])
    """The caller's, however it is written. It is neither stored nor logged."""


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class MarkOut(_Out):
    start: int
    """First character in the hit's text."""
    end: int
    by: Literal["words", "reading"]


class HitOut(_Out):
    utterance_id: str
    track: Literal["caller", "operator"]
    start_ms: int
    end_ms: int
    text: str
    """As you may read it: what tells of persons may be covered."""
    marks: list[MarkOut]


class FoundCategoryOut(_Out):
    category: Category
    severity: int


class FoundCallOut(_Out):
    call_id: str = Field(pattern=CALL_ID.pattern)
    section: str
    caller_number: str
    """Its last digits only."""
    started_at: datetime
    duration_ms: int
    top_level: int = Field(ge=0, le=3)
    outcome: str
    categories: list[FoundCategoryOut]
    """Gravest first."""
    judgement: Literal["harassment", "not_harassment", "undecided"] | None
    """The one that stands."""
    false_alarm: bool
    recording: bool
    report: bool
    hits: list[HitOut]
    """The first three."""
    hit_count: int
    """Utterances that show it."""


class SearchOut(_Out):
    calls: list[FoundCallOut]
    count: int | None
    """At most 1,000; null on later pages, where it is what the first one said."""
    more_than_counted: bool
    """1,000件以上."""
    next: str | None
    """Send it as ``after`` for the page behind; null on the last."""
    waiting: int
    """Ended calls whose words cannot be found yet."""
