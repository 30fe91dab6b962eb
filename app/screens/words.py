"""Pure: the words of the screens. The one place where an id becomes what a person in the office reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final

from app.auth.identity import Role
from app.calls.facts import GapReason
from asr.types import Doubt
from detection.types import Category, Outcome, Severity, Speaker, Step


@dataclass(frozen=True, slots=True)
class CategoryWords:
    label: str
    """Heads an alert: the policy's own term, shortened to fit one line."""
    short: str
    """Stands beside a marked word in the transcript."""


@dataclass(frozen=True, slots=True)
class LevelWords:
    label: str
    hint: str
    """What the level asks of the operator, in one breath."""


@dataclass(frozen=True, slots=True)
class StepWords:
    label: str
    hint: str
    """Stands where the sentence would be when there is nothing to say."""


CATEGORIES: Final[Mapping[Category, CategoryWords]] = {
    Category.DEMAND_NO_FAULT: CategoryWords("市に過失のない事柄への要求", "過失のない要求"),
    Category.DEMAND_UNRELATED: CategoryWords("市の業務と関係のない要求", "関係のない要求"),
    Category.PHYSICAL_ATTACK: CategoryWords("身体的な攻撃の予告・示唆", "身体的な攻撃"),
    Category.MENTAL_ATTACK: CategoryWords("精神的な攻撃(脅迫・侮辱・暴言など)", "脅迫・侮辱・暴言"),
    Category.INTIMIDATION: CategoryWords("威圧的な言動", "威圧的"),
    Category.PERSISTENCE: CategoryWords("継続的、執拗な言動", "繰り返し"),
    Category.RESTRAINT: CategoryWords("拘束的な行動(長時間の電話など)", "長時間の拘束"),
    Category.DISCRIMINATION: CategoryWords("差別的な言動", "差別的"),
    Category.SEXUAL: CategoryWords("性的な言動", "性的"),
    Category.PERSONAL_ATTACK: CategoryWords("職員個人への攻撃、要求", "職員個人"),
    Category.COMPENSATION: CategoryWords("妥当性を欠く金銭などの補償の要求", "補償の要求"),
    Category.APOLOGY: CategoryWords("妥当性を欠く謝罪の要求(土下座など)", "謝罪の要求"),
}

LEVELS: Final[Mapping[Severity, LevelWords]] = {
    Severity.NONE: LevelWords("通常", "このままお話を伺ってください"),
    Severity.CAUTION: LevelWords("注意", "お話は続けられます"),
    Severity.WARNING: LevelWords("警告", "続く場合は終了をご検討ください"),
    Severity.STOP: LevelWords("打ち切り・通報", "上司と職員で対応をご判断ください"),
}

OUTCOMES: Final[Mapping[Outcome, str]] = {
    Outcome.ORDINARY: "通常",
    Outcome.LEGITIMATE_COMPLAINT: "正当な苦情",
    Outcome.HARASSMENT_SUSPECTED: "カスハラのおそれ",
}

ASPECTS: Final[Mapping[str, str]] = {"content": "内容", "manner": "態様", "both": "内容と態様"}
"""What the level rests on: what is asked, how it is asked, or both."""

STEPS: Final[Mapping[Step, StepWords]] = {
    Step.LISTEN: StepWords(
        "傾聴・ご説明", "いまお伝えする文はありません。そのままお話を伺ってください。"
    ),
    Step.ASK_TO_STOP: StepWords("お願い", "落ち着いてお話しいただけるよう、お願いする段階です。"),
    Step.WARN: StepWords(
        "警告", "カスタマーハラスメントに当たるおそれがあることをお伝えする段階です。"
    ),
    Step.CLOSE: StepWords("終了のご案内", "理由をお伝えして、お電話を終える段階です。"),
    Step.EMERGENCY: StepWords("安全の確保", "段階を踏まず、すぐに上司と共有してください。"),
    Step.WELFARE: StepWords(
        "配慮・支援", "警告はせず、ゆっくりお話を伺い、上司と共有してください。"
    ),
}

DOUBTS: Final[Mapping[Doubt, str]] = {
    Doubt.LOW_PROBABILITY: "音声がはっきりしません",
    Doubt.NO_SPEECH: "声ではない音かもしれません",
    Doubt.REPETITIVE: "同じ語の繰り返しになっています",
    Doubt.TOO_FAST: "声の長さに対して文字が多すぎます",
    Doubt.LITTLE_VOICE: "声がわずかです",
    Doubt.PHANTOM_PHRASE: "無音のときに出やすい文です",
    Doubt.TRUNCATED: "文の途中で切れています",
}

GAP_REASONS: Final[Mapping[GapReason, str]] = {
    GapReason.OVERLOAD: "認識が追いつきませんでした",
    GapReason.FAILED: "認識に失敗しました",
    GapReason.UNAVAILABLE: "認識が停止していました",
    GapReason.LINE: "電話の音声が届きませんでした",
    GapReason.HELD: "保留中のため、聞き取っていません",
}
GAP_REASON_OTHER: Final = "原因を確認中です"

END_REASONS: Final[Mapping[str, str]] = {
    "interrupted": "音声の接続が途切れたため、記録を終えました",
    "error": "システムの不具合のため、記録を終えました",
    "transferred": "ほかの職員に転送されました",
}
ENDED_HERE_ALONE: Final = ("interrupted", "error")
"""Nobody hung up by that: the telephone may still be held."""

TRACKS: Final[Mapping[Speaker, str]] = {Speaker.CALLER: "相手の方", Speaker.OPERATOR: "職員"}

ROLES: Final[Mapping[Role, str]] = {
    Role.STREAM: "電話交換機",
    Role.OPERATOR: "電話対応職員",
    Role.SUPERVISOR: "監督者",
    Role.AUDITOR: "監査担当者",
    Role.ADMINISTRATOR: "管理者",
}

BOARD: Final = "見守り盤"
NEEDS_CHECK: Final = "要確認"
UNSURE: Final = "聞き取り不確か"
FALSE_ALARM: Final = "誤検知"
EXPLAIN: Final = "理由をくわしく"
DRAFT: Final = "案"
HEARING: Final = "聞き取り中"
WITHDRAWN: Final = "取り下げ"
WITHDRAWN_HINT: Final = (
    "話の途中の聞き取りによるお知らせでした。文の終わりまで聞いて取り下げました。"
)
WAIT_FOR_ANSWER: Final = "お伝え済みです。お返事を待って、お話を伺ってください。"
DEEDS: Final[Mapping[str, str]] = {
    "help_requested": "応援を要請",
    "help_withdrawn": "応援要請を終了",
    "script_used": "ご案内の文を発言",
    "false_alarm": "誤検知として記録",
    "false_alarm_undone": "誤検知の記録を取り消し",
    "telephone_play": "電話に音声を流す操作",
    "telephone_join": "電話に加わる操作",
    "telephone_end": "通話を終える操作",
    "supervisor_joined": "監督者が加わる",
    "supervisor_left": "監督者が抜ける",
    "supervisor_note": "監督者からのメモ",
    "supervisor_note_seen": "監督者のメモを確認",
    "take_over_asked": "「代わります」の申し出",
    "take_over_accepted": "「代わります」を受ける",
    "take_over_declined": "「代わります」を断る",
    "three_way_asked": "「一緒に入ります」の申し出",
    "three_way_accepted": "「一緒に入ります」を受ける",
    "three_way_declined": "「一緒に入ります」を断る",
    "telephone_instructions": "電話機でつなぐ手順の表示",
    "matter_written": "用件とお答えの記録",
    "number_read": "電話番号をすべて表示",
    "missed_marked": "見落としの印",
    "missed_explained": "見落としの理由",
    "missed_undone": "見落としの印を取り消し",
    "prompts_muted": "ご案内を静かに",
    "prompts_unmuted": "ご案内を再び表示",
    "emergency_called": "110番へ通報",
    "emergency_undone": "110番へ通報の記録を取り消し",
    "break_proposed": "休憩のご提案",
    "break_given": "休憩を取ることに",
    "break_declined": "休憩は不要と返事",
    "recording_paused": "録音の一時停止",
    "recording_resumed": "録音の再開",
}
"""What people did on their screens, by the kind of the note."""
NO_DEEDS: Final = "応援要請や誤検知などの操作はありません。"
EMERGENCY_HINT: Final = "身の危険があるときは110番"
WELFARE: Final = "支援が必要なおそれ"
HELP_INSTEAD: Final = "内線で上司を呼ぶか、近くの職員に声をかけてください。"


def screen_words() -> dict[str, object]:
    """Return everything that the pages' scripts need to name, ready for JSON."""
    return {
        "categories": {key.value: asdict(words) for key, words in CATEGORIES.items()},
        "levels": {str(key.value): asdict(words) for key, words in LEVELS.items()},
        "outcomes": {key.value: words for key, words in OUTCOMES.items()},
        "aspects": dict(ASPECTS),
        "steps": {key.value: asdict(words) for key, words in STEPS.items()},
        "doubts": {key.value: words for key, words in DOUBTS.items()},
        "gap_reasons": {key.value: words for key, words in GAP_REASONS.items()},
        "gap_reason_other": GAP_REASON_OTHER,
        "end_reasons": dict(END_REASONS),
        "ended_here_alone": list(ENDED_HERE_ALONE),
        "tracks": {key.value: words for key, words in TRACKS.items()},
        "needs_check": NEEDS_CHECK,
        "unsure": UNSURE,
        "false_alarm": FALSE_ALARM,
        "explain": EXPLAIN,
        "draft": DRAFT,
        "hearing": HEARING,
        "withdrawn": WITHDRAWN,
        "withdrawn_hint": WITHDRAWN_HINT,
        "wait_for_answer": WAIT_FOR_ANSWER,
        "deeds": dict(DEEDS),
        "no_deeds": NO_DEEDS,
        "emergency_hint": EMERGENCY_HINT,
        "welfare": WELFARE,
        "help_instead": HELP_INSTEAD,
    }
