"""Which words around a match take its harm away, and which do not. 〔…〕 marks the match."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.context import RULE_NAMES, set_aside_by
from detection.surroundings import Surroundings
from detection.text import normalise
from detection.types import Category, Severity, Span

THREAT = (Category.PHYSICAL_ATTACK, Severity.STOP)
INSULT = (Category.MENTAL_ATTACK, Severity.WARNING)
DEMAND = (Category.APOLOGY, Severity.WARNING)
Kind = tuple[Category, Severity]


def around(marked: str, kind: Kind) -> Surroundings:
    """Return the surroundings of what stands in 〔〕."""
    opened, closed = marked.index("〔"), marked.index("〕")
    text = normalise(marked.replace("〔", "").replace("〕", ""))
    start, end = text.range_of(Span(opened, closed - 1))
    return Surroundings(text, start, end, *kind)


def why(marked: str, kind: Kind, keeps: frozenset[str] = frozenset()) -> str:
    found = set_aside_by(around(marked, kind), keeps)
    return found.rule if found else ""


SET_ASIDE = [
    ("negation", "〔殺さ〕ないでください。", THREAT),
    ("negation", "クマを〔殺す〕な。", THREAT),
    ("negation", "〔殺〕さないでください。", THREAT),
    ("negation", "〔死ね〕とは言っていない。", INSULT),
    ("negation", "〔馬鹿〕とは言ってませんよ。", INSULT),
    ("negation", "別に〔殴る〕つもりはないです。", THREAT),
    ("negation", "〔脅し〕てるわけじゃないですよ。", INSULT),
    ("negation", "〔土下座〕までは求めません。", DEMAND),
    ("negation", "〔土下座〕なんてしなくていいです。", DEMAND),
    ("negation", "〔殴っ〕てはいけないと思います。", THREAT),
    ("negation", "〔脅す〕のはやめてください。", THREAT),
    ("apology", "さっきは〔馬鹿〕と言ってすみません。", INSULT),
    ("apology", "この前〔死ね〕なんて言ってしまって、申し訳ありませんでした。", INSULT),
    ("apology", "さっき〔馬鹿〕と言いましたね。あれは言いすぎました、ごめんなさい。", INSULT),
    ("conditional", "〔土下座しろ〕と言ったら、カスハラになりますか。", DEMAND),
    ("conditional", "もし〔殺す〕と電話が来たら、どう対応すればいいですか。", THREAT),
    ("quotation", "電話で〔殺す〕と言われました。", THREAT),
    ("quotation", "〔馬鹿〕って言ってる人がいたんです。", INSULT),
    ("quotation", "隣の人に「〔死ね〕」と怒鳴られました。", INSULT),
    ("quotation", "「〔殺すぞ〕。」と言われたんです。", THREAT),
    ("quotation", "家の壁に〔死ね〕と書いてあります。", INSULT),
    ("quotation", "夫が〔殺すぞ〕って言ってるんです。", THREAT),
    ("quotation", "窓口の職員が〔馬鹿〕って言ったんですよ。", INSULT),
    ("quotation", "〔土下座しろ〕と要求されて困っています。", DEMAND),
    ("quotation", "〔殺す〕というメールが届きました。", THREAT),
    ("quotation", "隣がうるさいんですけど、昨日は〔馬鹿野郎〕って怒鳴ってきて。", INSULT),
    ("victim", "夫に〔殺さ〕れるかもしれません。", THREAT),
    ("victim", "息子に〔殴ら〕れています。", THREAT),
    ("victim", "隣の男に〔殴り〕かかってこられて、逃げてきました。", THREAT),
    ("victim", "窓口で〔馬鹿〕にされました。", INSULT),
    ("negation", "〔土下座しろ〕とまでは言いませんけど。", DEMAND),
    ("procedure", "どんど焼きで〔火をつけ〕てもいいですか。", THREAT),
    ("procedure", "蜂を〔殺し〕ても大丈夫でしょうか。", THREAT),
    ("procedure", "畑の枯れ草を野焼きで〔燃やす〕許可をもらいたいんですが。", THREAT),
    ("self", "私が〔馬鹿〕でした。", INSULT),
    ("self", "俺も〔馬鹿〕だから、よくわからなくて。", INSULT),
    ("self", "私なんか〔死ん〕だほうがいいんです。", INSULT),
    ("third_person", "隣の奥さんは〔馬鹿〕みたいに騒ぐんです。", INSULT),
    ("procedure", "熊が出たら撃ち〔殺す〕しかないですよね。", THREAT),
    ("third_person", "〔無能な〕業者に頼んで後悔しています。", INSULT),
    ("third_person", "近所の人が〔ナイフ〕を持って歩いています。", THREAT),
]

STANDS = [
    ("先生もそう言ってたぞ、この〔税金泥棒〕。", INSULT),
    ("こっちは親が病気なんだ、〔死ねよ〕。", INSULT),
    ("課長が出ないなら、〔殺すぞ〕って言ってるんだよ。", THREAT),
    ("隣の家がうるさいのに、〔黙れ〕って何度言わせるんだ。", INSULT),
    ("〔刺さ〕れたくなかったらさっさとやれ。", THREAT),
    ("お前が〔死ね〕って意味だよ。", INSULT),
    ("「〔殺すぞ〕」", THREAT),
    ("〔殺してやる〕許せない。", THREAT),
    ("〔偉そうなことを言う〕な。", INSULT),
    ("〔家に帰れると思う〕なよ。", (Category.RESTRAINT, Severity.WARNING)),
    ("お前を〔殺す〕しかないよ。", THREAT),
    ("〔馬鹿〕な男だな、お前は。", INSULT),
    ("犬が吠えるから〔殺し〕てくれ。", THREAT),
    ("大馬鹿野郎、この〔馬鹿〕。", INSULT),
    ("役所の建物を〔燃やし〕てやる。", THREAT),
    ("雪を片付けないなら〔殺し〕てもいいですか。", THREAT),
    ("お宅の猫を〔殺し〕てやるからな。", THREAT),
    ("〔殺さ〕ないとでも思ってるのか。", THREAT),
    ("〔殺す〕ぞって言ってるんだよ。", THREAT),
    ("〔馬鹿〕って言われたいのか。", INSULT),
    ("〔馬鹿〕って言われても仕方ないだろう。", INSULT),
    ("〔殺す〕からな。", THREAT),
    ("お前を〔殺す〕。", THREAT),
    ("お前、〔馬鹿〕じゃないのか。", INSULT),
    ("〔土下座しろ〕って言ってるだろうが。", DEMAND),
    ("俺が〔殺し〕てやる。", THREAT),
    ("お前は〔殺さ〕れたいのか。", THREAT),
    ("俺は〔馬鹿〕な職員が嫌いなんだ。", INSULT),
    ("親が死んだのに、この〔馬鹿野郎〕。", INSULT),
    ("お前の息子を〔殺し〕てやる。", THREAT),
    ("もし今日中にやらないなら〔殺す〕ぞ。", THREAT),
    ("夫に殺すと言われて逃げてきたんだ。お前も〔殺す〕ぞ。", THREAT),
    ("さっき馬鹿と言ったことを謝れ。お前こそ〔馬鹿〕だ。", INSULT),
    ("隣の奴を〔殺し〕てやるからな。", THREAT),
    ("クマを殺すならお前も〔死ね〕。", INSULT),
    ("俺は客だぞ、〔馬鹿野郎〕。", INSULT),
    ("〔死ね〕って言ったんだよ。", INSULT),
    ("悪かったと思うなら〔土下座しろ〕。", DEMAND),
    ("お前なんか虫けらみたいに〔殺し〕てやる。", THREAT),
]


@pytest.mark.parametrize(("rule", "marked", "kind"), SET_ASIDE)
def test_words_around_a_match_take_its_harm_away(rule: str, marked: str, kind: Kind) -> None:
    assert why(marked, kind) == rule


@pytest.mark.parametrize(("marked", "kind"), STANDS)
def test_what_is_meant_stands(marked: str, kind: Kind) -> None:
    assert why(marked, kind) == ""


def test_every_rule_is_proven_by_an_example() -> None:
    assert {rule for rule, _, _ in SET_ASIDE} == RULE_NAMES


def test_an_entry_can_keep_out_of_a_rule() -> None:
    marked = "クマを〔殺す〕な。"

    assert why(marked, THREAT, keeps=frozenset({"negation"})) != "negation"


@given(
    before=st.text("夫に私が「」。、殺すと言って馬鹿？", max_size=60),
    after=st.text("と言われない」。、ぞってるんだ？さっき", max_size=60),
)
def test_no_surroundings_break_the_rules(before: str, after: str) -> None:
    found = set_aside_by(around(f"{before}〔死ね〕{after}", THREAT))

    assert found is None or found.rule in RULE_NAMES
