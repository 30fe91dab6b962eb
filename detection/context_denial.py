"""Pure: words that the caller takes back, does not mean or does not say: negation, an apology, a wish held back."""

from __future__ import annotations

import re
from typing import Final

from detection.context_clauses import denies, takes_back, wishes_to_say
from detection.context_rule import Rule, demand, insult, of, threat
from detection.surroundings import SAID, Surroundings
from detection.types import Category

_DARES: Final = re.compile(
    r"(?:ない|せん|ねー?)(?:とでも|と思(?:う|って|った)|と(?!は|言|いう|約束|思い(?:ます|たい))|なら|んだったら"
    r"|限り|わけ(?:が)?ない|で(?:い|済|す[むま]))"
    r"|(?:されたい|られたい|されたくな|られたくな)|ず(?:に)?(?:は)?(?:い(?:ら|ない)|お(?:か|く)|済|す[まむ])"
)

# Negation -----------------------------------------------------------------------------------------------

_NOT_BEHIND: Final = re.compile(
    r"(?:ないで|ないよう|なくて|ません|ないです|ないから|ないけど|ないし|ず(?:に(?!は?(?:い|お|済|す))|ど)"
    r"|ない(?=。|$)|ないよ)"
    r"|(?:て|で)(?:は|ちゃ)(?:いけ|だめ|なら)|ちゃ(?:いけ|だめ)|(?:を)?する?こと(?:は)?でき(?:ません(?!か)|かね)"
    r"|(?:い)?られ(?:ない|ません)(?:ん(?:です|だ)|です|し|から)"
    r"|(?:し)?(?:たり|とか|なんて|なんか|など)?(?:は|も)?(?:し)?(?:ません|ないで|ないよ|ないです|ないから"
    r"|しない(?=。|$))"
    r"|(?:し)?(?:て(?:い)?る|いる|た|たい|てほしい|る)?(?:という|って|と言う|と|とか)?(?:言って(?:い)?る)?(?:つもり"
    r"|わけ|訳|気|意味|意図|ため)(?:で|じゃ|では|は|も|が|とか)?(?:言ったの)?(?:じゃ|では|は|も)?(?:毛頭)?"
    r"(?:ない|ありません|なく|ございません|ねえ)(?!か|の[か?。]|だろ|ん(?:か|だろ))"
    # 「責めてるんじゃない」 denies; 「偉そうな口をきくんじゃない」 commands, 「…んじゃないですか」 asserts.
    r"|(?:しろ|って|と)?(?:て(?:い)?る|た|という|って(?:いう|言ってる)?|と言ってる)(?:ん|の)(?:じゃ|では)(?:なく"
    r"|ありません(?!か)|ない(?!か|の|でしょ|だろ|です(?:か|ね|よね)|\?|んで|ん(?:か|だろ)))"
    r"|(?:い|る|た|だ)?とか(?:じゃ|では)(?:な(?:い|く)|ありません)(?!か)"
    r"|(?:だ|(?:て|で)?(?:謝れ|詫びろ|払え))?(?:と|って|とか|なんて|とまで)(?:は|まで|か)?(?:一言も)?(?:言って"
    r"|言っては|言ってる(?:わけ|つもり)(?:じゃ|では)?|言い|言わ|言いたい(?:わけ|の|ん)(?:じゃ|では)?"
    r"|思って(?:は)?(?:い)?|思い|思わ|言ってはい|申し(?:て)?(?:おり|い)?)"
    r"(?:い|おり)?(?:ない|ません|ませんよ)(?!か|と|な[らく])"
    r"|(?:を|は|まで|までは|とまでは|なんて|なんか)*(?:し(?:てほしい|ろ|て)(?:と|って|という)?(?:は|まで"
    r"|わけ)?(?:じゃ|では|は)?)?"
    r"(?:いり|求め(?:て(?:い)?)?|要求し(?:て(?:い)?)?|望み|望んで(?:い)?|必要(?:は|が)?あり|結構)(?:ません|ない"
    r"|ではな|です)(?!と|か)"
    r"|(?:を|は|まで|なんて|なんか)?(?:し)?な(?:くて|くとも)(?:も)?(?:いい|結構|大丈夫|構)"
)
# 「…とか、そういうことは一つも考えていなくて」: what is denied is named first and taken up again.
_NOT_SAID: Final = re.compile(
    rf"[^。?]{{0,5}}?(?:{SAID}|という)(?:は|まで)?(?:(?!たら|れば)[^。?]){{0,22}}?"
    rf"(?:言(?:い|え|わ|って(?:い)?|いたい(?:わけ|の|ん)(?:じゃ|では)?)|申(?:し|しま|し上げ)|思(?:い|え|わ"
    rf"|って(?:い)?|った(?:こと)?)|考え(?:て(?:い)?)?|頼(?:み|ん(?:では|で)?)|求め(?:て(?:い)?)?"
    rf"|要求し(?:て(?:い)?)?|望(?:み|んで(?:い)?)|(?:要|い)(?:り|ら)|(?:言|い)って(?:る|た|いる)?(?:ん|の"
    rf"|わけ)(?:じゃ|では)|言う(?:つもり|気)|話(?:じゃ|では)|話なんかし)"
    r"(?:は|も|の|ことは|ことも|こと|ため)?(?:一度も|絶対|さらさら|毛頭|全然)?(?:しま|い|おり|ござい|あり|でき|し)?"
    r"(?:ない(?!と(?!思)|なら|の(?:$|。|\?|お)|の?か|で(?:い|済))|ません(?!か(?!ら)|と(?!思))|へん|な(?:く|かっ)"
    r"|ねえ|ず)"
)
_HELD_OFF: Final = re.compile(rf"[^。?]{{0,3}}?{SAID}[^。?]{{0,6}}(?:する|やる|言う)(?:もん)?かよ")
_NOT_ASKED: Final = re.compile(
    r"[^?]{0,24}(?:そんな|そこまで|そういう)[^。?]{0,8}(?:求め|要求し|言い|思い|要ら|いら)(?:ませ|な[いく])"
)
_NO_INTENT: Final = re.compile(
    r"(?:は|も|なんて)?(?:毛頭)?(?:あり|思って(?:い|おり)?|言って(?:い|おり)?|考えて(?:い|おり)?)?(?:ません"
    r"|ないです|ないので|なく)(?!か)"
)
_PROHIBITS: Final = re.compile(r"な(?:よ|さいよ)?(?:。|\?|$|と|って|んて|ってば|!)")
# 「クマを殺すな」 forbids harm; 「偉そうなことを言うな」 and 「帰れると思うな」 are commands of the caller.
_HARMFUL_ACT: Final = re.compile(
    r"(?:殺す|ころす|殴る|撃つ|刺す|燃やす|焼く|壊す|叩く|たたく|蹴る|潰す|いじめる|脅す|つける|襲う)$"
)
_ABOLISH: Final = re.compile(
    r"る?の?(?:を|は|なんて|なんか|とか|行為|発言)+(?:やめ(?:て|させて|よう|ましょ|るべ|てほし)|なくし|許せ(?:ない"
    r"|ませ)|防止|反対|いけない|よくない|良くない)"
)
_DENIED_INSISTING: Final = re.compile(
    r"[^。?]{0,14}(?:わけ|つもり|の|ん)(?:じゃ|では)(?:ない|ありませ|なく|ねえ)(?!か|の|だろ)"
)


def negated(a: Surroundings) -> bool:
    """「土下座しろとは言いません」, 「殺さないでください」; but not 「殺さないとでも思うのか」."""
    if not a.is_threat and _NOT_ASKED.match(a.following):
        return True  # 「土下座してほしいくらいですけど、そんなことは求めません」
    inflected = _inflected(a)
    if _DARES.match(inflected) or _DARES.match(a.after):
        return False
    if a.matched.endswith(("じゃ", "では")) and re.match(r"ない(?:です)?か", a.after):
        return False  # 「無能じゃないですか」 asserts it
    if a.matched.endswith(("つもり", "気", "と")) and _NO_INTENT.match(a.after):
        return True
    denied = _DENIED_INSISTING.match(a.after)
    if a.insists and not denied:
        return False
    if _PROHIBITS.match(a.after) and _HARMFUL_ACT.search(a.matched):
        return True
    return bool(
        _ABOLISH.match(a.after)
        or _NOT_BEHIND.match(a.after)
        or _NOT_BEHIND.match(inflected)
        or _NOT_SAID.match(a.after)
        or _HELD_OFF.match(a.after)
    )


def _inflected(a: Surroundings) -> str:
    """`after`, less the one letter by which a verb bends: 殺[さ]ないで, but not 殺す[し]かない."""
    bends = re.search(r"[一-龯]$", a.matched) and re.match(r"[さわらかがたなまばし]", a.after)
    return a.after[1:] if bends else a.after


# An apology for earlier words ---------------------------------------------------------------------------

_EARLIER: Final = re.compile(
    r"さっき|先ほど|さきほど|先日|昨日|きのう|昨晩|この前|こないだ|前回|以前|この間|あの時|その節|つい|思わず|かっと"
)
_SPOKE: Final = (
    r"(?:言っ(?:て|た|ち)|言うて(?!る)|言いすぎ|言い過ぎ|言いました|怒鳴っ|申し(?!訳)|いって|いうて|しま(?:って|い)"
    r"|もうて|なんて|口にし|吐い|きつい)"
)
_PARDON: Final = (
    r"(?:すみません|すいません|すまな|すまん|ごめん|堪忍|かんにん|申し訳|悪かった(?!と思う)|わるかった(?!と思う)"
    r"|失礼しました|失礼なこと|反省|お詫び|謝ります|謝りたい|謝らせて"
    r"|撤回(?:し|する)|取り消|恥ずかし|とんでもないこと|許して(?:ください|ね))"
)
_SORRY: Final = re.compile(rf"[^?]{{0,20}}?{_SPOKE}[^?]{{0,16}}?{_PARDON}")
_OVERSAID: Final = re.compile(
    rf"[^。?]{{0,3}}?(?:{SAID}(?:の)?)?(?:は|って)?(?:ちょっと|さすがに)?(?:言い?(?:過ぎ|すぎ)|(?:俺|私"
    rf"|こっち)が悪かった|取り消し?(?:ます|す|させ)|撤回|余計でした|失言でした)"
)


def apologised(a: Surroundings) -> bool:
    """「さっきは馬鹿と言ってすみません」; but not 「馬鹿と言ったことを謝れ」."""
    if _OVERSAID.match(a.after):
        return not re.match(r"[^。?]{0,16}(?:だろ|でしょ|か(?:[。?]|$)|とでも|とは思)", a.after)
    sorry = _SORRY.match(a.following)
    if sorry is None or re.search(
        r"謝れ|謝って(?:くだ|もら|くれ|ほし)|しろ|だけで(?:済|す[まむ])|とでも",
        a.following[: sorry.end() + 3],
    ):
        return False
    return bool(
        _EARLIER.search(a.before)
        or re.match(r"[^。?]{0,4}(?:と|って|なんて|とか|など|言うて|いうて)", a.after)
    )


# Words that the caller says only that one might say -----------------------------------------------------

_HELD_BACK: Final = re.compile(
    r"[^。?]{0,4}?(?:と|って)(?:でも)?(?:言いたく(?:も)?なる|言いたく(?:も)?なり|言いたい(?:くらい|ぐらい|ところ"
    r"|気持ち|のを(?:我慢|こらえ))|叫びたく(?:も)?な|思って(?:しま|た|まし)|思っちゃ)"
)


def held_back(a: Surroundings) -> bool:
    """「ふざけるなって言いたくもなる」: a feeling that is told instead of acted on."""
    return not a.is_threat and bool(_HELD_BACK.match(a.after))


NEGATION: Final = Rule(
    id="negation",
    name="negation",
    label="打ち消し",
    applies=negated,
    of_clause=denies,
    catches=(
        threat("〔殺さ〕ないでください。"),
        threat("クマを〔殺す〕な。"),
        threat("〔殺〕さないでください。"),
        insult("〔死ね〕とは言っていない。"),
        insult("〔馬鹿〕とは言ってませんよ。"),
        threat("別に〔殴る〕つもりはないです。"),
        insult("〔脅し〕てるわけじゃないですよ。"),
        demand("〔土下座〕までは求めません。"),
        demand("〔土下座〕なんてしなくていいです。"),
        threat("〔殴っ〕てはいけないと思います。"),
        threat("〔脅す〕のはやめてください。"),
        demand("〔土下座しろ〕とまでは言いませんけど。"),
        demand("〔土下座しろ〕なんて言いませんから、経緯を教えてください。"),
        demand("〔誠意を見せろ〕とか、そういうことを言いたいんじゃないんです。"),
        demand("〔土下座して〕ほしいとか、そんなことは一つも考えていなくて。"),
        insult("あなたが〔無能だ〕なんて誰も言ってませんって。"),
        of(Category.COMPENSATION, "〔金をよこせ〕って言ってるんじゃない、直してくれってだけだ。"),
        of(Category.DEMAND_NO_FAULT, "〔今すぐ来い〕などと無理は申しません。"),
        insult("〔税金泥棒〕だなんて思ったことは一度もないですよ。"),
        demand("〔土下座しろとまでは言いません〕。"),
        insult("〔別に脅しているわけじゃないです〕。"),
        threat("〔どうか殺さないでください〕。"),
        of(Category.PERSONAL_ATTACK, "〔誰かを辞めさせたいなんて思っていません〕。"),
    ),
    spares=(
        threat("〔殺さ〕ないとでも思ってるのか。"),
        threat("〔殺さ〕ずにはいられない。"),
        threat("〔刺さ〕れたくなかったらさっさとやれ。"),
        threat("お前を〔殺す〕しかないよ。"),
        insult("お前、〔馬鹿〕じゃないのか。"),
        insult("〔無能じゃ〕ないですか。"),
        insult("〔偉そうなことを言う〕な。"),
        of(Category.RESTRAINT, "〔家に帰れると思う〕なよ。"),
        threat("〔殺す〕って言わないと分からないのか。"),
        demand("〔土下座しろ〕って言ってるだろうが。"),
        threat("〔ただで済むと思うな〕。"),
        demand("〔土下座しないと許さない〕。"),
        threat("〔殺さないとでも思ってるのか〕。"),
    ),
)
APOLOGY: Final = Rule(
    id="apology",
    name="apology",
    label="以前の発言のおわび",
    applies=apologised,
    of_clause=takes_back,
    catches=(
        insult("さっきは〔馬鹿〕と言ってすみません。"),
        insult("この前〔死ね〕なんて言ってしまって、申し訳ありませんでした。"),
        insult("さっき〔馬鹿〕と言いましたね。あれは言いすぎました、ごめんなさい。"),
        insult("〔税金泥棒〕は言い過ぎた、撤回する。"),
        insult("先日は〔税金泥棒〕などと失礼なことを申しまして、深く反省しております。"),
        threat("昨日は〔しばくぞ〕言うてもうて、堪忍やで。"),
        demand("〔土下座しろ〕なんて、とんでもないことを言いました、謝らせてください。"),
        insult("〔さっきは馬鹿と言ってすみません〕。"),
    ),
    spares=(
        insult("さっき馬鹿と言ったことを謝れ。お前こそ〔馬鹿〕だ。"),
        demand("悪かったと思うなら〔土下座しろ〕。"),
        insult("〔馬鹿〕って言ったことを謝れ。"),
        insult("〔馬鹿〕は言い過ぎだとでも思ってるのか。"),
        threat("〔殺す〕と言ったのは俺が悪かったとでも言うと思ったか。"),
    ),
)
HELD_BACK: Final = Rule(
    id="held_back",
    name="conditional",
    label="言いたくなる気持ちのお話",
    applies=held_back,
    of_clause=wishes_to_say,
    catches=(
        insult("〔ふざけるな〕って言いたくもなる。"),
        insult("〔時間を返せ〕って言いたいくらいです。"),
        insult("〔馬鹿にしてるのか〕と思ってしまいました。"),
    ),
    spares=(
        insult("〔ふざけるな〕って言いたいんだよ。"),
        threat("〔殺すぞ〕って言いたくもなる。"),
        insult("〔馬鹿だ〕と思ってるよ。"),
    ),
)
