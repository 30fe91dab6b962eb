"""Pure: words that are said, but not as the caller's own to the one who listens: an echo, to a dog, in reproach."""

from __future__ import annotations

import re
from typing import Final

from detection.context_clauses import says_it_to_somebody_else
from detection.context_rule import Rule, demand, insult, of, threat
from detection.context_words import LIVING, THIRD, THIRD_TAIL
from detection.surroundings import Surroundings
from detection.types import Category, Severity

_REPEATED_BACK: Final = re.compile(
    r"[^。?]{0,6}?(?:との(?:こと|ご?(?:発言|要望|要求|意見|主張|お話|指摘|趣旨|お求め))|(?:と|って)(?:の|いう"
    r"|おっしゃ(?:る|った|い)(?:ます|まし)?)?(?:ご(?:発言|要望|要求|意見|主張|指摘|趣旨)|お求め|お話))"
    r"(?:です|でし|でご|は|を|に|につ|が|、)"
)


def repeated_back(a: Surroundings) -> bool:
    """「土下座しろとのことでしたが、応じられません」: who answers names what was asked."""
    return bool(
        _REPEATED_BACK.match(a.after)
        and not a.insists
        and not re.match(r"[^。?]{0,8}(?:こと(?:です|でし[ょ]う)(?:か|よね)|ことだ)", a.after)
    )


_TO_SOMEBODY: Final = re.compile(
    rf"[^。?]{{0,8}}?(?:と|って)(?:うちの|その|この)?(?:{LIVING}|{THIRD}{THIRD_TAIL}|自分)(?:たち)?(?:に|には|にも"
    rf"|へ)[^。?]{{0,4}}(?:言|い[っう]|叱|怒|注意|伝え|言い聞かせ)"
    r"|[^。?]{0,2}?(?:と|って)(?:言っとく|言っときます|言っとき|言っておき|言っておく|言い聞かせ|叱って|しかって"
    r"|伝えとく)[^。?]{0,3}(?:から|ので|ね|わ|ます|て|$)"
)


def said_to_others(a: Surroundings) -> bool:
    """「黙れって犬に言ってるんだ」; but not 「死ねってお前に言ってるんだ」."""
    if not _TO_SOMEBODY.match(a.after):
        return False
    return not re.match(r"[^。?]{0,12}(?:言っとくぞ|言っておくぞ|言っとくからな)", a.after)


_REPROACH: Final = re.compile(
    r"(?P<ordered>[^。?]{0,10}?)よ?(?:と|って)(?:言うん(?:です|でしょう)か|いうん(?:です|でしょう)か|ことですか"
    r"|いうことですか|言いたいんですか|おっしゃるんですか|いうことでしょうか|言うのか(?:い)?)"
)
_IMPERATIVE: Final = re.compile(r"(?:[けせてねへめれげぜべえろ]|な|来い|こい)$")


def put_into_the_offices_mouth(a: Surroundings) -> bool:
    """「死ねって言うんですか」: the caller asks whether this is what the office wants of the caller."""
    reproach = _REPROACH.match(a.after)
    if reproach is None or not _IMPERATIVE.search(a.matched + reproach["ordered"]):
        return False
    return a.severity is not Severity.STOP or not a.is_aimed


REPEATED_BACK: Final = Rule(
    id="repeated_back",
    name="quotation",
    label="相手の発言の確認",
    applies=repeated_back,
    catches=(
        demand("〔土下座しろ〕とのことでしたが、応じられません。"),
        threat("〔殺すぞ〕というご発言は記録いたしました。"),
        demand("〔土下座しろ〕というお求めには応じられません。"),
    ),
    spares=(
        demand("〔土下座しろ〕ということだ。"),
        threat("〔殺す〕ということだよ。"),
        demand("〔土下座しろ〕って言ってるんだ、意見は聞いてない。"),
    ),
)
SAID_TO_OTHERS: Final = Rule(
    id="said_to_others",
    name="quotation",
    label="ほかの人や動物に向けた言葉",
    applies=said_to_others,
    of_clause=says_it_to_somebody_else,
    catches=(
        threat("〔首を洗って待ってろ〕って犬に言ってるんだ。"),
        insult("うちの犬が吠えてるんだ、〔黙れ〕って言っとくから待ってくれ。"),
        threat("〔夜道には気をつけろ〕と自分に言い聞かせております。"),
        insult("〔静かにしろ馬鹿って息子に言ったんです〕。"),
    ),
    spares=(
        insult("〔死ね〕ってお前に言ってるんだ。"),
        threat("〔殺すぞ〕って言っとくぞ。"),
        insult("〔黙れ〕って言っとくからな。"),
    ),
)
REPROACH: Final = Rule(
    id="reproach",
    name="quotation",
    label="役所の対応を問う言葉",
    applies=put_into_the_offices_mouth,
    catches=(
        of(Category.MENTAL_ATTACK, "保育園に落ちて、〔仕事を辞めろ〕ってことですか。"),
        insult("年寄りは〔家で死ぬのを待て〕と言うんですか。"),
        insult("〔死ね〕って言うんですか、私たちに。"),
    ),
    spares=(
        insult("〔馬鹿だ〕って言うんですよ。"),
        threat("お前に〔死ね〕って言ってるんだよ。"),
        insult("お前は〔無能〕ってことですか。"),
    ),
)
