"""Pure: the form of an incident report: its fields, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from app.auth.errors import FieldRefused

MOST_QUOTES: Final = 200


class Part(StrEnum):
    """The headings of the form."""

    WHEN = "発生の状況"
    WHO = "相手方"
    WHAT = "事案の内容"
    HOW = "対応の状況"
    AFTER = "その後"


class Kind(StrEnum):
    LINE = "line"
    TEXT = "text"


LARGEST: Final[Mapping[Kind, int]] = {Kind.LINE: 300, Kind.TEXT: 3_000}
"""Characters."""
CUT: Final = "…(続きは通話の記録)"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the form."""

    key: str
    label: str
    part: Part
    kind: Kind
    automatic: bool
    """Filled in from the record; a person may write it anew, which is marked."""
    spoken: bool = False
    """Filled in with words of the call: names in it are covered in documents."""
    needed: bool = False
    """Must say something before the report is submitted."""
    hint: str = ""


FIELDS: Final = (
    Field("when", "発生日時", Part.WHEN, Kind.LINE, automatic=True, needed=True),
    Field("duration", "通話時間", Part.WHEN, Kind.LINE, automatic=True),
    Field("where", "発生場所・方法", Part.WHEN, Kind.LINE, automatic=True, needed=True),
    Field(
        "staff",
        "対応した職員",
        Part.WHEN,
        Kind.LINE,
        automatic=True,
        hint="所属と職員ID。対応の良し悪しを評価する欄ではありません。",
    ),
    Field("joined", "加わった職員", Part.WHEN, Kind.TEXT, automatic=True),
    Field(
        "caller",
        "相手方",
        Part.WHO,
        Kind.TEXT,
        automatic=False,
        hint="氏名など、確かめられたことだけを書いてください。推測は書きません。",
    ),
    Field("earlier", "過去の通話・対応制限", Part.WHO, Kind.TEXT, automatic=True),
    Field(
        "demand",
        "要求の内容",
        Part.WHAT,
        Kind.TEXT,
        automatic=True,
        spoken=True,
        needed=True,
        hint="相手の方が求めたことを、一文で。",
    ),
    Field(
        "answer",
        "市の回答・説明",
        Part.WHAT,
        Kind.TEXT,
        automatic=True,
        spoken=True,
        needed=True,
        hint="市の側に誤りや遅れがあったときは、そのことも書いてください。",
    ),
    Field("content", "要求の内容について", Part.WHAT, Kind.TEXT, automatic=True),
    Field("manner", "手段・態様について", Part.WHAT, Kind.TEXT, automatic=True),
    Field("course", "経過", Part.HOW, Kind.TEXT, automatic=True),
    Field("warnings", "警告", Part.HOW, Kind.TEXT, automatic=True, spoken=True),
    Field("ended", "通話の終わり方", Part.HOW, Kind.TEXT, automatic=True),
    Field("reported", "警察・弁護士等への連絡", Part.HOW, Kind.TEXT, automatic=True),
    Field("recording", "録音", Part.HOW, Kind.TEXT, automatic=True),
    Field(
        "effect",
        "職員への影響",
        Part.AFTER,
        Kind.TEXT,
        automatic=False,
        needed=True,
        hint="心身の状況と業務への影響。なければ「特になし」と書いてください。",
    ),
    Field("rest", "休憩", Part.AFTER, Kind.TEXT, automatic=True),
    Field("judgement", "該当性の判断", Part.AFTER, Kind.TEXT, automatic=True),
    Field(
        "future",
        "今後の対応",
        Part.AFTER,
        Kind.TEXT,
        automatic=False,
        needed=True,
        hint="次に電話があったときの対応、関係する課との共有など。",
    ),
    Field("remarks", "備考", Part.AFTER, Kind.TEXT, automatic=False),
)
BY_KEY: Final[Mapping[str, Field]] = {field.key: field for field in FIELDS}


def checked_text(key: str, text: str) -> str:
    """Return *text* as it is stored in field *key*.

    Raises:
        FieldRefused: too long, or no such field (``report_text_long``, ``report_field_unknown``).
    """
    field = BY_KEY.get(key)
    if field is None:
        raise FieldRefused(
            key, "report_field_unknown", "この欄は様式にありません。画面を読み込み直してください。"
        )
    tidy = _tidy(field, text)
    if len(tidy) > LARGEST[field.kind]:
        raise FieldRefused(
            key,
            "report_text_long",
            "欄に入る文字数を超えています。短くするか、備考の欄に分けてください。",
        )
    return tidy


def fitted(key: str, text: str) -> str:
    """Return *text*, out of the record, as it is stored in field *key*: cut where the field has no more room."""
    field = BY_KEY[key]
    tidy = _tidy(field, text)
    most = LARGEST[field.kind]
    return tidy if len(tidy) <= most else tidy[: most - len(CUT)] + CUT


def _tidy(field: Field, text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    tidy = "\n".join(line.rstrip() for line in lines)
    tidy = "".join(letter for letter in tidy if letter == "\n" or ord(letter) >= 0x20).strip()
    return tidy.replace("\n", " ") if field.kind is Kind.LINE else tidy


def missing_in(texts: Mapping[str, str]) -> tuple[Field, ...]:
    """Return the fields that must still be written before *texts* can be submitted."""
    return tuple(field for field in FIELDS if field.needed and not texts.get(field.key, "").strip())


def edited_in(texts: Mapping[str, str], originals: Mapping[str, str]) -> frozenset[str]:
    """Return the keys of the fields that no longer say what was filled in; where nothing was, nothing is edited."""
    return frozenset(
        field.key
        for field in FIELDS
        if originals.get(field.key) and texts.get(field.key, "") != originals[field.key]
    )
