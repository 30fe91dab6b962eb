"""Pure: what an office may set about its reports (``MIMAMORI_REPORTS__…``)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from app.plain_text import is_plain

FORM_NAME = "カスタマーハラスメント対応報告書"


def _printable(text: str) -> str:
    if not is_plain(text):
        raise ValueError("must be one line without control characters")
    return text


Line = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=60), AfterValidator(_printable)
]
Box = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=12),
    AfterValidator(_printable),
]


class ReportsSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    office_name: Line = ""
    """Stands at the head of the form, such as 江別市; unset: the office's name of the 110 card."""
    form_name: Annotated[Line, StringConstraints(min_length=1)] = FORM_NAME
    """Title of the form."""
    form_number: Line = ""
    """Number of the form in the office's rules, such as 様式第1号; empty: none is printed."""
    further_approvals: Annotated[tuple[Box, ...], Field(max_length=3)] = ()
    """Further boxes for approval on paper beside author and 所属長, such as 部長; printed empty."""
