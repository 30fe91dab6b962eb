"""Pure: what a sentence to say must be, and what its reader is warned of. Refused is only what is never right."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from app.auth.errors import FieldRefused
from app.plain_text import is_plain
from app.responses.scripts import MAY_SAY_RECORDED, Script
from detection.types import Step

TEXT_CHARACTERS: Final = 80
"""Twelve seconds of calm speech: a caller who shouts hears no more."""
BREATH_CHARACTERS: Final = 60
NOTE_CHARACTERS: Final = 120
REASON_CHARACTERS: Final = 300
MOST_SENTENCES: Final = 2

_RECORDED: Final = re.compile(r"録音|録画|録って")
_SENTENCE_END: Final = re.compile(r"[。!?!?]")
_FORBIDDEN: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (
        re.compile(r"[<>{}\[\]〇○◯△]|XX|××"),
        "空欄を示す記号が残っています。読み上げられる言葉にしてください。",
    ),
)
"""What nobody can say aloud."""
_DOUBTFUL: Final[tuple[tuple[re.Pattern[str], str, str], ...]] = (
    (
        re.compile(r"訴え(?:ます|る|させ)|訴訟|法的措置|裁判"),
        "legal_threat",
        "法的な手続きは市として決めることで、電話口では約束できません。警察への相談など、決まっている対応に限ってください。",
    ),
    (
        re.compile(r"損害賠償|弁償|慰謝料"),
        "money",
        "お金の話は争いのもとになります。書面でのやりとりに改めてください。",
    ),
    (
        re.compile(r"(?:必ず|絶対に|きっと)"),
        "promise",
        "約束に聞こえる言葉です。できることだけを伝えてください。",
    ),
    (
        re.compile(r"ご想像に|それなりの|しかるべき|どうなっても|後悔|覚悟"),
        "vague_threat",
        "何が起きるのか分からず、脅しに聞こえるおそれがあります。続いた場合にどうなるかを、はっきり言ってください。",
    ),
    (
        re.compile(r"カスハラ(?:です|だ|である|になります)|クレーマー|犯罪(?:です|者)|違法です"),
        "verdict",
        "決めつけは争いのもとになります。「当たるおそれがあります」のように伝えてください。",
    ),
    (
        re.compile(r"申し訳.*申し訳|恐れ入り.*(?:恐れ入り|申し訳)|誠に|させていただきたく"),
        "over_humble",
        "へりくだりが重なると、お願いの意味がぼやけます。一度だけにしてください。",
    ),
    (
        re.compile(r"やめろ|黙|うるさ|いい加減|しつこ|何度言え"),
        "provoking",
        "相手を刺激するおそれがあります。静かな言い方に改めてください。",
    ),
    (
        re.compile(r"記録(?:して|いたし)"),
        "recorded_in_writing",
        "録音していると受け取られることがあります。通話の要旨を書き留めることなら、そう伝えてください。",
    ),
)
_FOLLOWS: Final = re.compile(r"終了|終わ|終え|切(?:ら|り|る)|中止|お断り|通報|警察|承れ|応じ")
_IF: Final = re.compile(r"場合|なければ|なら|続|これ以上|このまま|ときは|ことがあ")
_CLOSING: Final = re.compile(r"書面|窓口|担当課|承り|後日|あらためて")


@dataclass(frozen=True, slots=True)
class Warned:
    """A doubt, for whoever proposes and whoever approves. It forbids nothing."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What a proposal says; made by ``wording``, which checks it."""

    text: str
    text_when_recorded: str
    note: str
    reason: str


def wording(
    script: Script,
    *,
    text: str,
    text_when_recorded: str,
    note: str,
    reason: str,
    others: Iterable[Script] = (),
) -> Wording:
    """Return the new wording of *script*; *others* are the sentences beside which it will stand.

    Raises:
        FieldRefused: what one of the fields says will not do.
    """
    said = _sentence("text", text, required=True)
    if _RECORDED.search(said):
        raise FieldRefused(
            "text",
            "recording_claimed",
            "録音のことは、「録音のお知らせが流れたとき」の欄にだけ書けます。流れていない通話では事実と違うことになります。",
        )
    recorded = _sentence("text_when_recorded", text_when_recorded, required=False)
    if recorded and script.step not in MAY_SAY_RECORDED:
        raise FieldRefused(
            "text_when_recorded",
            "recorded_not_here",
            "録音に触れる文は、警告、終了、打ち切りの段階だけに置けます。",
        )
    hint = _line("note", note, NOTE_CHARACTERS)
    why = _line("reason", reason, REASON_CHARACTERS)
    if not why:
        raise FieldRefused("reason", "change_reason_missing", "変える理由を入力してください。")
    made = Wording(said, recorded, hint, why)
    if (said, recorded, hint) == (script.text, script.text_when_recorded, script.note):
        raise FieldRefused(
            "text", "unchanged", "今の文と同じです。変えるところを入力してください。"
        )
    for other in others:
        if other.id != script.id and _bare(said) == _bare(other.text):
            raise FieldRefused(
                "text",
                "duplicate",
                "同じ文が、ほかの段階か類型にもあります。この場面のための文にしてください。",
            )
    return made


def warnings_about(script: Script, text: str, text_when_recorded: str) -> tuple[Warned, ...]:
    """Return what should be looked at twice before *text* is said in the place of *script*."""
    found: list[Warned] = []
    both = (text, text_when_recorded) if text_when_recorded else (text,)
    for pattern, code, message in _DOUBTFUL:
        if any(pattern.search(one) for one in both):
            found.append(Warned(code, message))
    if any(len(one) > BREATH_CHARACTERS for one in both):
        found.append(
            Warned("long", f"{BREATH_CHARACTERS}文字を超えると、一息では言えないことがあります。")
        )
    if script.step is Step.WARN and not all(_FOLLOWS.search(s) and _IF.search(s) for s in both):
        found.append(
            Warned(
                "no_consequence",
                "続いた場合にどうなるか(お電話を終えるなど)がないと、警告として数えられないことがあります。",
            )
        )
    if script.step is Step.CLOSE and any(not _CLOSING.search(one) for one in both):
        found.append(
            Warned(
                "no_way_on",
                "通話を終える文には、ご用件を引き続き承る方法(書面、担当課の窓口など)を入れてください。",
            )
        )
    return tuple(found)


def reason_given(field: str, text: str) -> str:
    """Return why a proposal is returned.

    Raises:
        FieldRefused: it is missing or too long.
    """
    why = _line(field, text, REASON_CHARACTERS)
    if not why:
        raise FieldRefused(field, "return_reason_missing", "差し戻す理由を入力してください。")
    return why


def _sentence(field: str, text: str, *, required: bool) -> str:
    said = _line(field, text, TEXT_CHARACTERS)
    if not said:
        if required:
            raise FieldRefused(field, "text_missing", "お伝えする文を入力してください。")
        return ""
    for pattern, message in _FORBIDDEN:
        if pattern.search(said):
            raise FieldRefused(field, "text_unspeakable", message)
    if len(_SENTENCE_END.findall(said)) > MOST_SENTENCES:
        raise FieldRefused(
            field,
            "too_many_sentences",
            f"一度にお伝えできるのは{MOST_SENTENCES}文までです。短くしてください。",
        )
    return said


def _line(field: str, text: str, most: int) -> str:
    written = unicodedata.normalize("NFC", text).strip()
    if not is_plain(written):
        raise FieldRefused(
            field,
            "text_not_printable",
            "改行や、表示できない文字が入っています。取り除いてください。",
        )
    if len(written) > most:
        raise FieldRefused(field, "text_too_long", f"{most}文字以内で入力してください。")
    return written


def _bare(text: str) -> str:
    return re.sub(r"[\s、。,.!?!?]", "", unicodedata.normalize("NFKC", text))
