"""Pure: joining a call as the REST interface shows it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool

from app.calls.schemas import StorableText


class RequestKind(StrEnum):
    TAKE_OVER = "take_over"
    """代わります: the supervisor talks on in the operator's place."""
    THREE_WAY = "three_way"
    """一緒に入ります: three people talk."""


class _Out(BaseModel):
    model_config = ConfigDict(use_attribute_docstrings=True)


class PersonOut(_Out):
    login: str
    display_name: str
    listening: bool
    """Hears the call's sound now."""
    since: datetime


class RequestOut(_Out):
    request_id: int
    kind: RequestKind
    by: str
    display_name: str
    asked_at: datetime


class PhraseOut(_Out):
    id: str
    text: str


class JoinedOut(_Out):
    call_id: str
    people: list[PersonOut]
    """In the order in which they came."""
    requests: list[RequestOut]
    """Those that the operator has not answered."""
    quick_phrases: list[PhraseOut]


class AnswerOut(_Out):
    result: Literal["declined", "joined", "instructions"]
    """``instructions``: the exchange was not or could not be asked; *text* says how to do it on the telephone."""
    text: str


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class ComeIn(_In):
    again: StrictBool = False
    """Only a sign of life of somebody who has joined: it brings nobody back who was taken to have left."""


class NoteIn(_In):
    text: StorableText = ""
    """At most 500 characters; empty: the words of the quick phrase."""
    quick: StorableText | None = Field(default=None, max_length=64)
    """Id of the quick phrase that was clicked."""


class RequestIn(_In):
    kind: RequestKind


class AnswerIn(_In):
    accepted: StrictBool
