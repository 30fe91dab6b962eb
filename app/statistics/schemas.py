"""Pure: figures as the REST interface shows them. No login, no call, no word is in any of them."""

from __future__ import annotations

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class CellOut(_Out):
    value: float | None
    """Null where it is not told."""
    small: bool = False
    """It is told that it is below ``least_shown``; it may be 0."""
    unit: str = Field(default="count", examples=["count", "percent", "seconds", "minutes"])


class RowOut(_Out):
    key: str
    label: str
    total: bool = False
    """It is the sum of the other rows."""
    cells: list[CellOut]
    """One for each column."""
    before: list[CellOut] | None
    """Of the same months a year earlier, where that was asked for."""


class ColumnOut(_Out):
    key: str
    label: str


class TableOut(_Out):
    key: str = Field(examples=["months", "sections", "categories"])
    title: str
    head: str
    """Heads the column of the rows' names."""
    note: str
    columns: list[ColumnOut]
    rows: list[RowOut]


class StatisticsOut(_Out):
    as_of: datetime
    """When the calls were counted last."""
    first: str = Field(examples=["2026-04"])
    last: str = Field(examples=["2027-03"])
    """The last month; it counts as a whole."""
    compared: bool
    section: str | None
    """Null: the whole office."""
    sections: list[str]
    """Those that may be asked for by themselves."""
    least_shown: int
    """Other counts than 0 below it are not told, nor what would give them away."""
    least_operators: int
    """Sections and months in which fewer people answered are not told by themselves."""
    too_few_people: bool
    """Nothing is told: too few people answered."""
    empty: bool
    """No call that counts, in either period; false where nothing is told."""
    unfinished: bool
    """The last month is not over."""
    tables: list[TableOut]
