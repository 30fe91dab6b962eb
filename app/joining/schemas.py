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


class StayOut(_Out):
    login: str
    display_name: str
    joined_at: datetime
    left_at: datetime | None
    """None: is there now."""
    because: str
    """Why they left: left, closed, silent, call_ended, restarted; empty while they are there."""


class SentNoteOut(_Out):
    note_id: int
    text: str
    by: str
    display_name: str
    at: datetime
    seen_at: datetime | None
    """When the operator said that they have read it."""


class RequestOut(_Out):
    request_id: int
    kind: RequestKind
    by: str
    display_name: str
    asked_at: datetime


class AnsweredOut(RequestOut):
    state: Literal["accepted", "declined", "withdrawn"]
    """``withdrawn``: who asked has left before an answer."""
    result: Literal["", "joined", "instructions"]
    """What the telephone made of it; empty where it was not accepted, or while the exchange is asked."""
    text: str
    """The instructions, where *result* is that."""


class PhraseOut(_Out):
    id: str
    label: str
    """Fits on a button."""
    text: str
    """What the operator reads."""


class JoinedOut(_Out):
    call_id: str
    seq: int
    """Events up to this number are in it."""
    people: list[PersonOut]
    """In the order in which they came."""
    requests: list[RequestOut]
    """Those that the operator has not answered."""
    answered: list[AnsweredOut]
    stays: list[StayOut]
    """Everybody who was ever at the call, and when."""
    notes: list[SentNoteOut]
    telephone_rings: bool
    """For supervisors: what the operator accepts makes this person's telephone ring."""
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
