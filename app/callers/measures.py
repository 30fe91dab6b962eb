"""Pure: the measures (対応制限) that an office may decide on for a caller, and who decides.

Two persons decide, every measure has a last day, and one person is enough to end it.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, assert_never

from app.auth.errors import FieldRefused
from app.auth.identity import Identity, Role
from app.auth.names import SECTION_CHARACTERS
from app.errors import Conflict, NotAllowed
from app.plain_text import is_plain

LONGEST: Final = timedelta(days=365)
TEXT_CHARACTERS: Final = 300
SHORTEST_LIMIT_MINUTES: Final = 5
LONGEST_LIMIT_MINUTES: Final = 120


class Kind(StrEnum):
    TIME_LIMIT = "time_limit"
    ONE_SECTION = "one_section"
    IN_WRITING = "in_writing"
    SEVERAL_PERSONS = "several_persons"
    BY_A_SUPERIOR = "by_a_superior"


LABELS: Final = {
    Kind.TIME_LIMIT: "電話の時間を限る",
    Kind.ONE_SECTION: "担当課を一つにする",
    Kind.IN_WRITING: "書面のみで受ける",
    Kind.SEVERAL_PERSONS: "複数人で対応する",
    Kind.BY_A_SUPERIOR: "管理職が対応する",
}

_WORDS: Final = {
    Kind.TIME_LIMIT: (
        "恐れ入りますが、お電話でお話をうかがえる時間は、{detail}分までとさせていただいております。"
    ),
    Kind.ONE_SECTION: (
        "この件につきましては、{detail}でまとめてうかがっております。"
        "{detail}におかけ直しいただけますでしょうか。"
    ),
    Kind.IN_WRITING: (
        "この件につきましては、お電話ではなく、書面でうかがうこととしております。"
        "お手数ですが、書面でお送りください。"
    ),
    Kind.SEVERAL_PERSONS: (
        "この件につきましては、複数の職員でお話をうかがっております。ほかの職員も同席いたします。"
    ),
    Kind.BY_A_SUPERIOR: (
        "この件につきましては、責任のある者がお話をうかがいます。"
        "電話を替わりますので、少々お待ちください。"
    ),
}
"""Drafts, for the office to approve."""

_TOGETHER: Final = (
    "カスタマーハラスメントが行われた場合には、職員を守るため、複数の職員で対応する、職員からの相談に応じるなど"
    "組織的に対応します。"
)
_FIRMLY: Final = (
    "状況に応じて、警告を行う、対応を中止するなど、毅然とした態度で組織一丸となって対応します"
)


class State(StrEnum):
    PROPOSED = "proposed"
    APPROVED = "approved"
    """Decided; it begins on a later day."""
    IN_FORCE = "in_force"
    ENDED = "ended"
    """Its last day has passed; a proposal that nobody approved in time also ends so."""
    LIFTED = "lifted"
    """A person ended it, or turned the proposal down."""


STATE_WORDS: Final = {
    State.PROPOSED: "承認待ち",
    State.APPROVED: "開始前",
    State.IN_FORCE: "実施中",
    State.ENDED: "期間終了",
    State.LIFTED: "解除",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A measure as it is proposed; made by ``proposal``, which checks it."""

    kind: Kind
    detail: str
    office_wide: bool
    reason: str
    words: str
    clause: str
    begins_on: date
    ends_on: date


@dataclass(frozen=True, slots=True)
class Standing:
    """What a decision about a measure depends on."""

    section: str
    office_wide: bool
    requested_by: str
    begins_on: date
    ends_on: date
    approved: bool
    lifted: bool


def state_of(measure: Standing, today: date) -> State:
    if measure.lifted:
        return State.LIFTED
    if measure.ends_on < today:
        return State.ENDED
    if not measure.approved:
        return State.PROPOSED
    return State.IN_FORCE if measure.begins_on <= today else State.APPROVED


def clause_for(kind: Kind) -> str:
    """Return the policy's words that a measure of *kind* rests on."""
    match kind:
        case Kind.SEVERAL_PERSONS | Kind.BY_A_SUPERIOR:
            return _TOGETHER
        case Kind.TIME_LIMIT | Kind.ONE_SECTION | Kind.IN_WRITING:
            return _FIRMLY
        case _:
            assert_never(kind)


def proposal(
    *,
    kind: Kind,
    detail: str,
    office_wide: bool,
    reason: str,
    words: str,
    begins_on: date,
    ends_on: date,
    today: date,
) -> Proposal:
    """Return the measure as it may be proposed; empty *words* become those that fit its kind.

    Raises:
        FieldRefused: what one of the fields says will not do.
    """
    named = _detail(kind, detail.strip())
    why = _text("reason", reason)
    if not why:
        raise FieldRefused(
            "reason", "reason_missing", "対応制限が必要な理由を、事実に基づいて入力してください。"
        )
    if begins_on < today:
        raise FieldRefused(
            "begins_on", "begins_in_the_past", "開始日は今日以降の日にしてください。"
        )
    if ends_on < begins_on:
        raise FieldRefused(
            "ends_on", "ends_before_it_begins", "終了日は開始日以降の日にしてください。"
        )
    if ends_on - begins_on > LONGEST:
        raise FieldRefused(
            "ends_on",
            "too_long",
            "期間は1年以内にしてください。続けるときは、終わる前にもう一度申請できます。",
        )
    spoken = _text("words", words) or _WORDS[kind].format(detail=named)
    return Proposal(kind, named, office_wide, why, spoken, clause_for(kind), begins_on, ends_on)


def check_approver(measure: Standing, identity: Identity, today: date) -> None:
    """Let *identity* approve *measure*, or say why not.

    Raises:
        NotAllowed: who proposed it, another section's supervisor, or a measure for the whole office.
        Conflict: it was approved or lifted already, or its last day has passed.
    """
    if identity.login == measure.requested_by:
        raise NotAllowed(
            "second_person_needed",
            "申請した本人は承認できません。別の監督者か管理者に頼んでください。",
        )
    if identity.role is not Role.ADMINISTRATOR:
        _check_section(measure, identity)
        if measure.office_wide:
            raise NotAllowed(
                "administrator_needed",
                "庁内全体の対応制限は、管理者が承認します。管理者に頼んでください。",
            )
    if state_of(measure, today) is not State.PROPOSED:
        raise Conflict(
            "not_waiting", "この対応制限は承認待ちではありません。画面を読み込み直してください。"
        )


def check_lifter(measure: Standing, identity: Identity, reason: str, today: date) -> str:
    """Let *identity* end *measure* or turn it down; return the reason as it is stored.

    Raises:
        NotAllowed: another section's supervisor.
        Conflict: it has ended already.
        FieldRefused: the reason is missing or too long.
    """
    if identity.role is not Role.ADMINISTRATOR:
        _check_section(measure, identity)
    if state_of(measure, today) in (State.ENDED, State.LIFTED):
        raise Conflict(
            "already_over", "この対応制限はすでに終わっています。画面を読み込み直してください。"
        )
    why = _text("lift_reason", reason)
    if not why:
        raise FieldRefused("lift_reason", "reason_missing", "解除する理由を入力してください。")
    return why


def _check_section(measure: Standing, identity: Identity) -> None:
    if identity.role is not Role.SUPERVISOR or identity.section != measure.section:
        raise NotAllowed("other_section", "ほかの課の対応制限は変更できません。")


def _detail(kind: Kind, text: str) -> str:
    match kind:
        case Kind.TIME_LIMIT:
            text = unicodedata.normalize("NFKC", text)
            if not (text.isascii() and text.isdigit() and len(text) <= 3):
                raise _bad_minutes()
            if not SHORTEST_LIMIT_MINUTES <= int(text) <= LONGEST_LIMIT_MINUTES:
                raise _bad_minutes()
            return str(int(text))
        case Kind.ONE_SECTION:
            if not text or len(text) > SECTION_CHARACTERS or not is_plain(text):
                raise FieldRefused(
                    "detail", "section_missing", "受け付ける課の名前を入力してください。"
                )
            return text
        case _:
            return ""


def _bad_minutes() -> FieldRefused:
    return FieldRefused(
        "detail",
        "bad_minutes",
        f"時間は{SHORTEST_LIMIT_MINUTES}〜{LONGEST_LIMIT_MINUTES}分の数字で入力してください。",
    )


def _text(field: str, text: str) -> str:
    written = "\n".join(line.strip() for line in text.strip().splitlines())
    if len(written) > TEXT_CHARACTERS or not is_plain(written.replace("\n", "")):
        raise FieldRefused(field, "text_refused", f"{TEXT_CHARACTERS}文字以内で入力してください。")
    return written
