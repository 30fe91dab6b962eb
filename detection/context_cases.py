"""Pure: what is only a case: a supposition, a question whether it is allowed, a danger; and threats in such dress."""

from __future__ import annotations

import re
from typing import Final

from detection.context_clauses import asks_about_a_case
from detection.context_rule import Rule, demand, of, threat
from detection.context_words import SUFFERED, YOU_BEFORE
from detection.surroundings import Surroundings
from detection.types import Category, Severity

# Conditional threats: they stand ------------------------------------------------------------------------

_CONDITION: Final = r"(?:たら|なら|れば|ければ|えば|せば|ないと|なきゃ|んと|ても|限り)"
_CONSEQUENCE: Final = (
    r"(?:どうなる(?:か|と|んだ)[^。?]{0,8}(?:分か|わか|知|思|楽しみ|想像|見もの|考え)|どうなって(?:も"
    r"|い)[^。?]{0,6}(?:知|責任|いい)"
    r"|ただ(?:じゃ|では)[^。?]{0,3}(?:おか|済|す[まむ]|帰)|覚悟|(?:分かって|わかって)[いん]?(?:る|ん)(?:よ|だ|で"
    r"|な)|知らない?(?:ぞ|から)"
    r"|何(?:が起|をする|する|し(?:でか)?す)[^。?]{0,4}(?:か|かも)[^。?]{0,3}(?:分か|わか|知|しれ)|命(?:は)?ない"
    r"|血を見)"
)
_THREATENS_IF: Final = re.compile(rf"{_CONDITION}[^。?]{{0,14}}?{_CONSEQUENCE}")
_DISGUISED: Final = re.compile(
    r"[^。?]{0,4}(?:と|って)言っ?たら(?:、)?(?:お前|あんた|そっち|おたく)?(?:は)?(?:どう(?:する|します"
    r"|なる(?:か(?:分か|わか|な))|思う)|(?:怖|こわ)い)(?!れば|べき)"
)


def threatens_if(a: Surroundings) -> bool:
    """「断ったらどうなるか分かってるよな」, 「殺すぞと言ったらどうする」: a condition that is a threat."""
    if _DISGUISED.match(a.after):
        return not re.match(r"[^。?]{0,20}(?:かすはら|罪|対応|違反|逮捕)", a.after)
    around = a.before[-14:] + a.matched + a.after
    return any(
        found.end() > len(a.before[-14:]) - 2
        and not re.match(
            rf"[^。?]{{0,6}}(?:と|って)(?:[^。?]{{0,8}}{SUFFERED}|言って(?:き|る人)|脅し|聞かれ)",
            around[found.end() :],
        )
        for found in _THREATENS_IF.finditer(around)
    )


# A case that is only supposed ---------------------------------------------------------------------------

_SUPPOSES: Final = re.compile(
    r"[^。?]{0,10}(?:(?:と|って)?(?:言|いっ|し)(?:った)?(?:たら|ったら|うと|えば|すると|るのは|うのは|っても)"
    r"|(?:たら|だら|れば|ると|のは|こと(?:は|が)|行為は|場合は?|とき))[^。?]{0,14}"
    r"(?:かすはら|犯罪|罪|違反|罰|逮捕|どうな(?:り|る)|該当|当たり?ます|あたり?ます|対象)"
)
_IF: Final = re.compile(
    r"(?:もし(?!も?し)|仮に|かりに|たとえば|例えば|万が一)(?!.{0,3}(?:やらな|しな|でき))[^。?]{0,20}$"
)
_THEN_WHAT: Final = re.compile(
    r"[^。?]{0,20}(?:どう(?:すれば|したら|な(?:り|る))|対応|相談|いいでしょう|いいです|困)"
)
# 「断られたらどうなりますか」, 「出さなかったらどうなるかを聞きたい」: asked in earnest.
_WHAT_HAPPENS: Final = re.compile(
    r"(?:^|[^。?]{0,8})どうなる(?:の)?か(?:という(?:こと|の)|を(?:教|聞|知|うかが|伺)|(?:教え|知りた|聞きた|聞いた"
    r"|心配|不安|お(?:聞|尋)))"
    r"|[^。?]{0,8}(?:れたら|(?:たら|れば|と)(?:私|うち|母|父|子ども)[^。?]{0,4})どうな(?:ります|るん(?:です"
    r"|でしょう)|るの)か"
)


def supposed(a: Surroundings) -> bool:
    """「土下座しろと言ったらカスハラになりますか」, 「断られたらどうなりますか」."""
    if a.insists:
        return False
    asked = _WHAT_HAPPENS.search(a.matched[-14:] + a.after[:14])
    if asked and not YOU_BEFORE.search(a.before + a.matched):
        return True
    return bool(_SUPPOSES.match(a.after) or (_IF.search(a.before) and _THEN_WHAT.match(a.after)))


_ALLOWED: Final = re.compile(
    r"(?:て|で)(?:い?て)?も?(?:いい|よい|よろしい|かまわない|構わない|構いません|大丈夫|平気)(?:もの|ん"
    r"|の)?(?:ですか|でしょうか|かな|べか|か(?:[。?]|$))"
    r"|[^。?]{0,8}(?:違法|犯罪|罪に|禁止|いけない(?:こと|ん)|捕まり|罰せ|処罰|許可(?:が|は)(?:いり|要り"
    r"|必要))[^。?]{0,6}か"
    r"|[^。?]{0,4}(?:の|こと)(?:は)?(?:でき|可能|許され|認められ)[^。?]{0,6}か"
)


def asks_whether_allowed(a: Surroundings) -> bool:
    """「録音して晒すのは違法ですか」; never for harm to people: 「殺してもいいですか」 stands."""
    if a.is_threat or a.insists or YOU_BEFORE.search(a.before + a.matched):
        return False
    return bool(_ALLOWED.match(a.after) and a.severity is not Severity.STOP)


# A danger to anybody ------------------------------------------------------------------------------------

_PLACE: Final = (
    r"(?:橋|歩道|道路|道|かーぶ|滑り台|遊具|ぶらんこ|交差点|階段|坂|屋根|雪庇|つらら|空き家|街灯|電柱|塀|看板|信号"
    r"|側溝|溝|穴|ふた|蓋|段差|公園|通学路|踏切|崖|堤防|川|手すり|ふぇんす|木の枝|枝|雪|氷|みらー?(?![いれ])|がーどれーる"
    r"|水道管|がす管|ばす停|校舎|遊び場)"
)
_UNNAMED: Final = (
    r"(?:(?:誰か|だれか|人|死人|怪我人|けが人|子供|子ども|お?年寄り|通行人|歩行者|生徒|児童|事故|大事故|怪我"
    r"|けが)(?:でも)?(?:が|は|も)?)"
)
_COMES_TO_HARM: Final = re.compile(
    rf"{_UNNAMED}[^。?]{{0,6}}(?:死|怪我|けが|出る|出ます|出てから|出たら|轢|ひか|落ち(?:たら|そう|る前)|転(?:ん|ば"
    rf"|び)|起き(?:た|る|て)|下敷き|犠牲)"
)
_NATURE: Final = r"(?:地震|余震|大雨|豪雨|台風|大雪|吹雪|雪崩|洪水|水害|津波|土砂|がけ崩れ|崖崩れ|噴火|落雷|大水|猛暑)"
_RUIN: Final = r"済|無事|助から|死|命|潰|つぶ|流さ|怪我|けが|埋ま|倒れ"
_OF_HARM: Final = frozenset(
    {Category.PHYSICAL_ATTACK, Category.MENTAL_ATTACK, Category.INTIMIDATION}
)
_UNMENDED: Final = re.compile(
    r"(?:直さ|直して|塞が|放って|放置|ほったらかし|このまま|点検|早く|片付け|除雪|補修|修理|防げ)"
)
_AGAINST_STAFF: Final = re.compile(
    r"(?:お前|おまえ|てめ|貴様|あんた|職員|窓口|役所|庁舎|市長|課長|おたくの(?!前の)|そっちの|あなた)(?!の前の"
    r"|の裏の|に(?:も)?(?:言|電話|頼))"
)


def warns_of_a_danger(a: Surroundings) -> bool:
    """「早く直さないと怪我人が出るぞ、あの橋」; but not 「窓口で怪我人が出るぞ」."""
    sentence = a.before + a.matched + a.following
    if a.category not in _OF_HARM:
        return False
    by_nature = re.search(_NATURE, a.before + a.matched) and re.search(_RUIN, a.matched)
    if not by_nature and not _COMES_TO_HARM.search(a.before[-8:] + a.matched + a.after[:8]):
        return False
    if _AGAINST_STAFF.search(sentence) or re.search(
        r"(?:て|で)やる|刺|殺|暴れ|火をつけ|燃や|抜い|知りません|知らな", sentence
    ):
        return False
    return bool(by_nature or re.search(_PLACE, sentence) or _UNMENDED.search(sentence))


CONDITIONAL_THREAT: Final = Rule(
    id="conditional_threat",
    name="conditional",
    label="条件付きの脅し",
    applies=threatens_if,
    of_clause=threatens_if,
    stands=True,
    catches=(
        threat("もし断ったら、〔どうなるか分かってるよな〕。"),
        threat("〔もし断ったら、どうなるか分かってるよな〕。"),
        threat("〔殺すぞ〕と言ったらどうする。"),
        threat("〔殺すぞ〕って言ったらどうしますか。"),
        threat("〔今日中にやらなければ、何をするか分からないよ〕。"),
        of(Category.INTIMIDATION, "〔できないなら覚悟しとけ〕。"),
    ),
    spares=(
        of(Category.INTIMIDATION, "〔断られたらどうなりますか〕。"),
        demand("〔土下座しろ〕と言ったらカスハラになりますか。"),
        threat("もし〔殺す〕と電話が来たら、どう対応すればいいですか。"),
        of(Category.INTIMIDATION, "〔どうなるか分かってるよな〕と言われました。"),
    ),
)
SUPPOSITION: Final = Rule(
    id="conditional",
    name="conditional",
    label="仮の話",
    applies=supposed,
    of_clause=asks_about_a_case,
    catches=(
        demand("〔土下座しろ〕と言ったら、カスハラになりますか。"),
        threat("もし〔殺す〕と電話が来たら、どう対応すればいいですか。"),
        of(
            Category.INTIMIDATION,
            "私が聞いたのは、〔出さなかったらどうなるか〕ということなんです。",
        ),
        of(Category.INTIMIDATION, "〔断られたらどうなりますか〕。"),
        demand("〔土下座しろと言ったら、カスハラになりますか〕。"),
    ),
    spares=(
        threat("もし今日中にやらないなら〔殺す〕ぞ。"),
        of(Category.INTIMIDATION, "断ったら〔どうなるか分かってるよな〕。"),
        threat("〔殺すぞ〕と言ったらどうする。"),
        demand("〔土下座しろ〕と言ったらしろ。"),
    ),
)
PERMISSION: Final = Rule(
    id="permission",
    name="conditional",
    label="してよいかのお尋ね",
    applies=asks_whether_allowed,
    catches=(
        of(Category.PERSONAL_ATTACK, "〔職員さんとの話を録音し〕てもいいですか。"),
        of(Category.PERSONAL_ATTACK, "〔名前を晒す〕のは違法ですか。"),
        of(Category.RESTRAINT, "〔窓口で座って待っ〕ていても大丈夫でしょうか。"),
    ),
    spares=(
        threat("〔殺し〕てもいいですか。"),
        of(Category.PERSONAL_ATTACK, "〔名前を晒し〕てもいいんだぞ。"),
        of(Category.PERSONAL_ATTACK, "〔ネットに晒し〕てもいいんですよ。"),
    ),
)
DANGER: Final = Rule(
    id="danger",
    name="procedure",
    label="危険な場所や物についての注意",
    applies=warns_of_a_danger,
    of_clause=warns_of_a_danger,
    catches=(
        threat("このカーブ、〔いつか人が死ぬぞ〕、ミラー一枚で防げるんだ。"),
        threat("〔早く直さないと怪我人が出る〕。"),
        threat("〔早く直さないと子どもが怪我をするぞ〕、あの滑り台。"),
        threat("放っておくと〔誰か死ぬぞ〕、あの交差点は。"),
        threat("次に大雨が来たら、うちは〔ただでは済まない〕。"),
    ),
    spares=(
        threat("早くしないと〔窓口で怪我人が出るぞ〕。"),
        threat("〔お前らの子どもが怪我するぞ〕。"),
        threat("〔いつか人が死ぬぞ〕、俺が刺すからな。"),
        threat("〔怪我をする〕ぞ、お前。"),
    ),
)
