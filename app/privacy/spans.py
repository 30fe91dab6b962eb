"""Pure: the kinds of what tells who somebody is, and where they stand in a text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class Kind(StrEnum):
    """What was said of a person."""

    NAME = "name"
    TELEPHONE = "telephone"
    ADDRESS = "address"
    MY_NUMBER = "my_number"
    CARD = "card"
    ACCOUNT = "account"
    BIRTH_DATE = "birth_date"
    EMAIL = "email"
    OFFICIAL_NUMBER = "official_number"
    """Of a licence, an insurance card, a pension, a passport."""


WORDS: Final[Mapping[Kind, str]] = MappingProxyType(
    {
        Kind.NAME: "氏名",
        Kind.TELEPHONE: "電話番号",
        Kind.ADDRESS: "住所",
        Kind.MY_NUMBER: "マイナンバー",
        Kind.CARD: "カード番号",
        Kind.ACCOUNT: "口座番号",
        Kind.BIRTH_DATE: "生年月日",
        Kind.EMAIL: "メールアドレス",
        Kind.OFFICIAL_NUMBER: "証明書などの番号",
    }
)


@dataclass(frozen=True, slots=True)
class PersonalSpan:
    """``text[start:end]`` tells who somebody is, or how they are reached."""

    start: int
    end: int
    kind: Kind


def in_order(spans: Iterable[PersonalSpan]) -> tuple[PersonalSpan, ...]:
    """Return *spans* by their place, none over another: of two that overlap the longer keeps its kind."""
    kept: list[PersonalSpan] = []
    for span in sorted(spans, key=lambda one: (one.start, -one.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
            continue
        last = kept[-1]
        if span.end > last.end:
            longer = max(last, span, key=lambda one: one.end - one.start)
            kept[-1] = PersonalSpan(last.start, span.end, longer.kind)
    return tuple(kept)
